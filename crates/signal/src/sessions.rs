//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): endpoints that make sessions, and sessions that can be changed.
//!
//! Both dialects share every step; they differ in the direction of the media, which the offer and the right needed say.
//! Answers are complete (no server trickles) and there is no counter-offer (WHEP's 406): players must do both, so the
//! one that needs a single request is enough.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{self, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK, LOCATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::{PublisherName, RoomName, SessionId};
use transport::fragment::Fragment;
use transport::offer::{Offer, Role};

use crate::app::App;
use crate::auth::{Caller, Denied, Right};
use crate::body::{ACCEPT_PATCH, ACCEPT_POST, FRAGMENT, SDP, read_text, refuse_announced, require_type};
use crate::desk::{Answered, Client, Patched, Readiness, Refusal};
use crate::problem::{DRAINING_RETRY_S, Failure, Kind};
use crate::{if_match, links, path, query, switch};

/// Enough of a `User-Agent` to tell OBS from a browser.
const AGENT_LEN_MAX: usize = 128;

/// When a full node may have room again.
const FULL_RETRY_S: u32 = 5;

pub type RoomPath = Result<Path<String>, PathRejection>;
pub type SessionPath = Result<Path<(String, String)>, PathRejection>;

pub async fn publish(State(app): State<App>, room: RoomPath, request: Request) -> Result<Response, Failure> {
    create(app, Right::Publish, room, request).await
}

pub async fn watch(State(app): State<App>, room: RoomPath, request: Request) -> Result<Response, Failure> {
    create(app, Right::Watch, room, request).await
}

async fn create(app: App, right: Right, room: RoomPath, request: Request) -> Result<Response, Failure> {
    let (request, body) = request.into_parts();
    let room = room_name(room)?;
    let caller = app.guard.caller(&request.headers, request.uri.query())?;
    caller.may(right, &room)?;
    let name = publisher_name(request.uri.query())?;
    let limits = &app.settings.limits;
    let path = path::from_headers(&request.headers)?;
    refuse_announced(&request.headers, limits.offer_bytes_max)?;
    app.count_request(&request)?;
    refuse_unready(app.desk.readiness())?;
    require_type(&request.headers, SDP)?;
    let text = read_text(body, limits.offer_bytes_max, limits.body_timeout, Kind::MalformedOffer).await?;
    let offer = parse_offer(&text, right)?;
    let client = Client { ip: app.client_ip(&request), agent: agent(&request.headers) };
    let answered = match right {
        Right::Publish => app.desk.publish(room.clone(), name, offer, client, caller.owner).await,
        Right::Watch => app.desk.watch(room.clone(), offer, client, caller.owner, path).await,
    }??;
    let endpoint = match right {
        Right::Publish => "whip",
        Right::Watch => "whep",
    };
    let (session, location) = (answered.session, format!("/{endpoint}/{room}/{}", answered.session));
    let mut response = created(&app, &location, answered)?;
    if right == Right::Watch {
        for link in links::extensions(&location) {
            response.headers_mut().append(LINK, header_value(&link)?);
        }
        if let Some(name) = switch::name_of(&request.headers, request.uri.query()) {
            app.subscribers.remember(name, session);
        }
    }
    Ok(response)
}

fn created(app: &App, location: &str, answered: Answered) -> Result<Response, Failure> {
    let mut response = Response::new(Body::from(answered.sdp));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(LOCATION, header_value(location)?);
    headers.insert(ETAG, header_value(&quoted(&answered.etag))?);
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for link in &app.links {
        headers.append(LINK, link.clone());
    }
    Ok(response)
}

/// A generic player recognises a WHEP address by this.
pub async fn watch_head(room: RoomPath) -> Result<Response, Failure> {
    room_name(room)?;
    Ok(([(CONTENT_TYPE, SDP)], ()).into_response())
}

/// GET (and HEAD) must succeed and carry nothing.
pub async fn endpoint_get(room: RoomPath) -> Result<StatusCode, Failure> {
    room_name(room)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Needs no credentials, since a preflight has none; the ICE servers are shown only to who may have them.
pub async fn endpoint_options(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers();
    let preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let known = || app.guard.caller(headers, request.uri().query()).is_ok_and(|caller| caller.is_known().is_ok());
    let links = !preflight && known();
    let mut response =
        ([(ALLOW, "OPTIONS, GET, HEAD, POST"), (ACCEPT_POST, SDP), (ACCEPT_PATCH, FRAGMENT)], ()).into_response();
    if links {
        for link in &app.links {
            response.headers_mut().append(LINK, link.clone());
        }
    }
    response
}

pub async fn session_options() -> Response {
    ([(ALLOW, "OPTIONS, GET, HEAD, PATCH, DELETE"), (ACCEPT_PATCH, FRAGMENT)], ()).into_response()
}

pub async fn probe(State(app): State<App>, path: SessionPath, request: Request) -> Result<StatusCode, Failure> {
    let session = session_id(path)?;
    let caller = app.guard.holder(request.headers(), request.uri().query())?;
    let exists = app.desk.exists(session, caller.owner).await?;
    owned(&caller, exists).map_err(|gone| app.removed.explain(session, gone))?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn patch(State(app): State<App>, path: SessionPath, request: Request) -> Result<Response, Failure> {
    let (request, body) = request.into_parts();
    let session = session_id(path)?;
    let caller = app.guard.holder(&request.headers, request.uri.query())?;
    let limits = &app.settings.limits;
    refuse_announced(&request.headers, limits.fragment_bytes_max)?;
    app.count_request(&request)?;
    // Whoever does not hold this session gets no byte parsed.
    let exists = app.desk.exists(session, caller.owner).await?;
    owned(&caller, exists).map_err(|gone| app.removed.explain(session, gone))?;
    require_type(&request.headers, FRAGMENT)?;
    let expect = if_match::from_headers(&request.headers)?;
    let text = read_text(body, limits.fragment_bytes_max, limits.body_timeout, Kind::MalformedFragment).await?;
    let fragment = parse_fragment(&text)?;
    match owned(&caller, app.desk.patch(session, caller.owner, expect, fragment).await?)? {
        // No ETag: the ICE session is the same (RFC 9725).
        Patched::Trickled => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { etag, fragment } => {
            let mut response = ([(CONTENT_TYPE, FRAGMENT), (CACHE_CONTROL, "no-store")], fragment).into_response();
            response.headers_mut().insert(ETAG, header_value(&quoted(&etag))?);
            Ok(response)
        }
    }
}

/// Any `If-Match` is ignored, as the RFC demands.
pub async fn end(State(app): State<App>, path: SessionPath, request: Request) -> Result<StatusCode, Failure> {
    let (request, _) = request.into_parts();
    let session = session_id(path)?;
    let caller = app.guard.holder(&request.headers, request.uri.query())?;
    app.count_request(&request)?;
    owned(&caller, app.desk.end(session, caller.owner).await?)?;
    app.streams.end_all_of(session);
    app.subscribers.forget(session);
    Ok(StatusCode::OK)
}

pub(crate) fn room_name(path: RoomPath) -> Result<RoomName, Failure> {
    let bad = |e: proto::ids::IdError| Failure::new(Kind::BadRoomName, e.to_string());
    path.map(|Path(name)| name).unwrap_or_default().parse().map_err(bad)
}

/// `?as=NAME`: under which name somebody publishes beside others.
fn publisher_name(query: Option<&str>) -> Result<Option<PublisherName>, Failure> {
    let bad = |e: proto::ids::IdError| Failure::new(Kind::BadRoomName, e.to_string());
    query.and_then(|query| query::value(query, "as")).map(str::parse).transpose().map_err(bad)
}

/// A malformed id is one that does not exist. The room before it is for people: the id alone names the session.
pub(crate) fn session_id(path: SessionPath) -> Result<SessionId, Failure> {
    let Path((_, id)) = path.map_err(|_| Failure::from(Refusal::NoSession))?;
    id.parse().map_err(|_| Failure::from(Refusal::NoSession))
}

/// "Not yours" to somebody who showed nothing means: show your token.
pub(crate) fn owned<T>(caller: &Caller, result: Result<T, Refusal>) -> Result<T, Failure> {
    result.map_err(|refusal| match refusal {
        Refusal::NotYours if !caller.has_token() => Failure::from(Denied::Missing),
        refusal => Failure::from(refusal),
    })
}

fn refuse_unready(readiness: Readiness) -> Result<(), Failure> {
    match readiness {
        Readiness::Ready => Ok(()),
        Readiness::Full => Err(Refusal::Full { retry_after_s: FULL_RETRY_S }.into()),
        Readiness::Draining => {
            Err(Failure::new(Kind::NodeDraining, Refusal::Draining.to_string()).retry_after(DRAINING_RETRY_S))
        }
    }
}

fn parse_offer(text: &str, right: Right) -> Result<Offer, Failure> {
    let role = match right {
        Right::Publish => Role::Publish,
        Right::Watch => Role::Watch,
    };
    let offer = Offer::parse(text).map_err(|e| unreadable(&e, Kind::MalformedOffer, Kind::BadOffer))?;
    offer.validate(role).map_err(|e| unreadable(&e, Kind::MalformedOffer, Kind::BadOffer))?;
    Ok(offer)
}

fn parse_fragment(text: &str) -> Result<Fragment, Failure> {
    Fragment::parse(text).map_err(|e| unreadable(&e, Kind::MalformedFragment, Kind::BadFragment))
}

/// What cannot be read is a 400, what can be read and breaks a rule a 422.
fn unreadable(error: &transport::Error, malformed: Kind, unacceptable: Kind) -> Failure {
    Failure::new(if error.is_syntax() { malformed } else { unacceptable }, error.to_string())
}

fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.bytes().filter(|b| matches!(b, 0x20..0x7f)).take(AGENT_LEN_MAX).map(char::from).collect()
}

fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// The node's own strings; one that cannot be a header is the node's mistake, and ends this request only.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|_| Failure::new(Kind::Internal, "the answer could not be written"))
}
