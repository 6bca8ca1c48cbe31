//! The WebSocket of somebody in a meeting: from the first packet, which shows a ticket, to the close.
//!
//! Reading and writing are one loop, so that a socket is one task and ends as one. What waits to be written is counted by the meeting
//! (`meetings::Hall`), which closes who does not read; the queue here is only as long as that.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use meetings::hall::{Input, Rank, Verified, Way};
use meetings::{MeetingId, Purpose, Secret};
use proto::meeting::{ClientBody, CloseCode, DenyCode, ErrorCode, Hello, PACKET_BYTES_MAX, Said, ServerBody, parse};
use tokio::time::timeout;

use super::hall::{Entrance, Line};
use super::places::{Full, Place};
use super::{closed, rank};
use crate::app::App;
use crate::problem::{Failure, Kind};

/// A browser sends its first packet as soon as the socket is open.
const FIRST_PACKET_WITHIN: Duration = Duration::from_secs(5);

/// A packet that cannot be written for so long will not be read any more either.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Packets that are written before anything else is looked at.
const BATCH: usize = 32;

/// Who says nothing for longer is gone without a close: pages send a PING every five seconds.
const SILENT_MAX: Duration = Duration::from_secs(20);

pub async fn open(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    app.count_request(&parts)?;
    // Whoever has no page says no Origin; a page says its own, and that has to be ours.
    if parts.headers.contains_key(axum::http::header::ORIGIN) && !app.people.is_from_our_page(&parts.headers) {
        return Err(Failure::new(Kind::CrossSite, "this page is on another server; open the meeting on this one"));
    }
    let place = app.meet.places.take(app.client_ip(&parts)).map_err(|full| {
        let why = match full {
            Full::Node => "this node has as many people in meetings as it takes; retry in 10 s",
            Full::Address => "as many people are in meetings from your address as may be; retry in 10 s",
        };
        Failure::new(Kind::NodeBusy, why).retry_after(10)
    })?;
    use axum::extract::FromRequestParts as _;
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
        Ok(upgrade) => upgrade,
        Err(_) => {
            let why = "this is the WebSocket of a meeting; see docs/client-protocol.md";
            return Ok((StatusCode::UPGRADE_REQUIRED, why).into_response());
        }
    };
    let upgrade = upgrade.max_message_size(PACKET_BYTES_MAX).max_frame_size(PACKET_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(app, socket, place)))
}

async fn serve(app: App, mut socket: WebSocket, _place: Place) {
    let mut closing = app.closing.clone();
    let first = tokio::select! {
        first = timeout(FIRST_PACKET_WITHIN, next_text(&mut socket)) => first.ok().flatten(),
        () = closed(&mut closing) => None,
    };
    let Some(first) = first else { return };
    match admit(&app, &first).await {
        Ok(entrance) => run(&app, socket, entrance).await,
        Err(refusal) => {
            let Denied { meeting, body } = *refusal;
            let text = Said::new(body).text(&meeting, None);
            let _ = timeout(WRITE_WITHIN, socket.send(Message::text(text))).await;
            close(&mut socket, CloseCode::Denied).await;
        }
    }
}

struct Denied {
    meeting: String,
    body: ServerBody,
}

fn denied(meeting: &str, code: DenyCode, reason: &str) -> Box<Denied> {
    Box::new(Denied { meeting: meeting.to_owned(), body: ServerBody::JoinDenied { code, reason: reason.to_owned() } })
}

/// Who it is follows from the ticket alone.
async fn admit(app: &App, first: &str) -> Result<Entrance, Box<Denied>> {
    let packet = parse(first.as_bytes()).map_err(|error| {
        let about = error.about().map(str::to_owned);
        let body = ServerBody::Error { code: error.code(), msg: error.to_string(), about };
        Box::new(Denied { meeting: String::new(), body })
    })?;
    let (way, hello) = match packet.body {
        ClientBody::Init(hello) => (Way::Init, hello),
        ClientBody::Join(hello) => (Way::Join, hello),
        ClientBody::RecordJoin(hello) => (Way::Record, hello),
        other => {
            let msg = "the first packet is JOIN, with the ticket that POST /meeting/join gives".to_owned();
            let about = Some(other.name().to_owned());
            let body = ServerBody::Error { code: ErrorCode::NotIn, msg, about };
            return Err(Box::new(Denied { meeting: packet.meeting_id, body }));
        }
    };
    let meeting: MeetingId = packet.meeting_id.parse().map_err(|_| {
        denied(&packet.meeting_id, DenyCode::NotAllowed, "that is no meeting; it is written like qkfd-mzwhp-xbtr")
    })?;
    let who = verify(app, &meeting, &hello).await?;
    app.meet
        .enter(app, &meeting, way, hello, who)
        .await
        .ok_or_else(|| denied(meeting.as_str(), DenyCode::Ended, "this meeting has ended, or cannot be opened now"))
}

async fn verify(app: &App, meeting: &MeetingId, hello: &Hello) -> Result<Verified, Box<Denied>> {
    let no = |why| denied(meeting.as_str(), DenyCode::NotAllowed, why);
    let secret: Secret = hello.ticket.parse().map_err(|_| no("that is no ticket; join again"))?;
    let store = app.people.store();
    let away = |_| no("accounts and meetings cannot be read now; try again in a moment");
    let token = store.token(&secret.hash()).await.map_err(away)?;
    let token =
        token.filter(|token| token.expires > super::now()).ok_or_else(|| no("the ticket is void; join again"))?;
    let Purpose::Seat { meeting: of, person, name, marks } = token.purpose else {
        return Err(no("a login is no ticket; join first"));
    };
    if of != *meeting {
        return Err(no("the ticket is for another meeting"));
    }
    let kept = store.meeting(meeting).await.map_err(away)?;
    let kept = kept.filter(|kept| kept.ended.is_none());
    let kept = kept.ok_or_else(|| denied(meeting.as_str(), DenyCode::Ended, "this meeting has ended"))?;
    let rank = rank(&kept, &person);
    // A ticket that somebody had in reserve.
    if rank == Rank::Person && kept.settings.is_marked(&marks) {
        return Err(denied(meeting.as_str(), DenyCode::Banned, "a host has removed you from this meeting for good"));
    }
    Ok(Verified { person, name, rank })
}

/// In the meeting, until either side ends it.
async fn run(app: &App, mut socket: WebSocket, entrance: Entrance) {
    let Entrance { id, hall, mut lines } = entrance;
    let mut closing = app.closing.clone();
    let mut batch = Vec::with_capacity(BATCH);
    let code = loop {
        tokio::select! {
            count = lines.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    break Some(CloseCode::Ended);
                }
                match write(&mut socket, &mut batch).await {
                    Written::Close(code) => break code,
                    Written::All(packets) => {
                        if hall.send(Input::Written { socket: id, packets }).await.is_err() {
                            break Some(CloseCode::Ended);
                        }
                    }
                }
            },
            text = timeout(SILENT_MAX, next_text(&mut socket)) => match text {
                Ok(Some(text)) => {
                    let packet = parse(text.as_bytes());
                    if hall.send(Input::Packet { socket: id, packet }).await.is_err() {
                        break Some(CloseCode::Ended);
                    }
                }
                Ok(None) | Err(_) => break None,
            },
            () = closed(&mut closing) => break None,
        }
    };
    if let Some(code) = code {
        close(&mut socket, code).await;
    }
    let _ = hall.send(Input::Closed { socket: id }).await;
}

enum Written {
    All(usize),
    /// With this code, if there is one to be said.
    Close(Option<CloseCode>),
}

/// What is there goes out before the meeting is told, so that it is told once.
async fn write(socket: &mut WebSocket, batch: &mut Vec<Line>) -> Written {
    let mut packets = 0;
    for line in batch.drain(..) {
        match line {
            Line::Text(text) => {
                if !matches!(timeout(WRITE_WITHIN, socket.send(Message::text(text))).await, Ok(Ok(()))) {
                    return Written::Close(None);
                }
                packets += 1;
            }
            Line::Close(code) => return Written::Close(Some(code)),
        }
    }
    Written::All(packets)
}

async fn close(socket: &mut WebSocket, code: CloseCode) {
    let frame = CloseFrame { code: code.number(), reason: "".into() };
    let _ = timeout(WRITE_WITHIN, socket.send(Message::Close(Some(frame)))).await;
}

/// The next packet; `None` when there will be none. Pings are answered underneath.
async fn next_text(socket: &mut WebSocket) -> Option<String> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => return Some(text.as_str().to_owned()),
            // Not of this protocol; read as what it is not, so that its sender is told.
            Message::Binary(bytes) => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return None,
        }
    }
}
