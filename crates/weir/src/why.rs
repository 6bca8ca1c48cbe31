//! `weir why`: why is it frozen? Asks a node about one session and says it for a person.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use dial::{Client, Request, Url};
use proto::SessionId;
use proto::api::{Problem, SessionSide, SessionState, SessionTrack, SessionView, TrackKind};

use crate::output::{print, verdict};

#[derive(Debug, Args)]
pub struct Why {
    /// The session's URL: the Location of the answer that made it
    #[arg(value_name = "SESSION_URL")]
    url: Url,
    /// The bearer token it was made with, or an admin's
    #[arg(long, env = "WEIR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Ask every second, and say it again when it is another answer, until the session ends
    #[arg(long)]
    follow: bool,
}

const EVERY: Duration = Duration::from_secs(1);

/// The exit code says whether it plays.
pub fn run(args: Why) -> Result<ExitCode> {
    let url = question(&args.url)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("starting the client")?.block_on(async {
        let client = Client::new();
        let mut view = ask(&client, &url, args.token.as_deref()).await?;
        print(&answer(&view))?;
        if !args.follow {
            return Ok(verdict(plays(&view)));
        }
        // Until the node knows of no such session, and says so.
        loop {
            tokio::time::sleep(EVERY).await;
            let next = ask(&client, &url, args.token.as_deref()).await?;
            if verdicts(&next) != verdicts(&view) {
                print(&format!("\n{}", answer(&next)))?;
            }
            view = next;
        }
    })
}

/// Where the node answers for the session whose URL this is. Its last segment is the id, whatever stands before.
fn question(session: &Url) -> Result<Url> {
    let id = session.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if id.parse::<SessionId>().is_err() {
        bail!("{session} is not a session's URL: take the Location of the answer to the POST that made it");
    }
    Ok(session.with_target(&format!("/api/sessions/{id}")))
}

async fn ask(client: &Client, url: &Url, token: Option<&str>) -> Result<SessionView> {
    let response = client.send(Request::new("GET", url.clone()).bearer(token)).await?;
    if !response.status.is_success() {
        let problem = serde_json::from_slice::<Problem>(&response.body).map(|problem| problem.detail);
        bail!("{}", problem.unwrap_or_else(|_| format!("the server answered {}", response.status)));
    }
    serde_json::from_slice(&response.body).context("the answer is not a session's view; is this a weir node?")
}

fn plays(view: &SessionView) -> bool {
    view.state == SessionState::Connected && !view.tracks.is_empty() && view.tracks.iter().all(|t| t.verdict.plays())
}

/// What a person has been told: numbers move all the time.
fn verdicts(view: &SessionView) -> Vec<(std::mem::Discriminant<proto::api::Verdict>, Option<&str>, &str)> {
    view.tracks.iter().map(|t| (std::mem::discriminant(&t.verdict), t.layer.as_deref(), view.room.as_str())).collect()
}

fn answer(view: &SessionView) -> String {
    let mut text = format!("room {}, {}", view.room, side(view.side));
    match view.connected_ms {
        Some(ms) => _ = write!(text, ", connected for {}", time(ms)),
        None => _ = write!(text, ", not connected yet after {}: ICE or DTLS is not done", time(view.age_ms)),
    }
    if let Some(rtt) = view.rtt_ms {
        _ = write!(text, ", round trip {rtt} ms");
    }
    if let Some(kbps) = view.estimate_kbps {
        _ = write!(text, ", its line carries {kbps} kbit/s");
    }
    let direction = match view.side {
        SessionSide::Publisher => "received",
        SessionSide::Viewer => "sent",
    };
    _ = writeln!(text, ", {} kbit/s {direction}, {:.1} % lost", view.sent_kbps, view.loss_percent);
    if view.tracks.is_empty() {
        text.push_str("no track: nothing was negotiated, or no packet has come yet\n");
    }
    for track in &view.tracks {
        describe(&mut text, track);
    }
    text
}

fn describe(text: &mut String, track: &SessionTrack) {
    let kind = match track.kind {
        TrackKind::Audio => "audio",
        TrackKind::Video => "video",
    };
    _ = writeln!(text, "{kind}  {}", track.sentence);
    _ = write!(text, "       {}", track.codec);
    if let Some(layer) = track.layer.as_deref().filter(|_| track.layers.len() > 1) {
        _ = write!(text, ", layer {layer} of {}", track.layers.len());
    }
    if track.layer != track.target
        && let Some(target) = track.target.as_deref().filter(|_| track.layers.len() > 1)
    {
        _ = write!(text, ", {target} to come");
    }
    if let Some(chosen) = &track.chosen {
        _ = write!(text, ", {chosen} chosen by the viewer");
    }
    _ = write!(text, ", {} packets, {} kB, {} repairs", track.packets, track.bytes / 1000, track.repairs);
    match track.last_packet_ms_ago {
        Some(ms) => _ = writeln!(text, ", the last one {} ago", time(ms)),
        None => text.push('\n'),
    }
}

fn side(side: SessionSide) -> &'static str {
    match side {
        SessionSide::Publisher => "publisher",
        SessionSide::Viewer => "viewer",
    }
}

fn time(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        _ => format!("{} min", ms / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use proto::api::{LayerView, Verdict};

    use super::*;

    fn view(verdict: Verdict) -> SessionView {
        let layer = |rid: &str| LayerView { rid: Some(rid.into()), kbps: 500, silent: false };
        let track = SessionTrack {
            mid: "0".into(),
            kind: TrackKind::Video,
            codec: "VP8".into(),
            layer: Some("q".into()),
            spatial: None,
            temporal: None,
            target: Some("h".into()),
            chosen: Some("h".into()),
            layers: vec![layer("q"), layer("h")],
            packets: 1_200,
            bytes: 1_300_000,
            repairs: 3,
            last_packet_ms_ago: Some(12),
            catching_up_ms: None,
            sentence: verdict.sentence(),
            verdict,
        };
        SessionView {
            room: "demo".into(),
            side: SessionSide::Viewer,
            state: SessionState::Connected,
            age_ms: 9_000,
            connected_ms: Some(8_500),
            rtt_ms: Some(20),
            estimate_kbps: Some(2_400),
            sent_kbps: 850,
            loss_percent: 0.25,
            tracks: vec![track],
        }
    }

    #[test]
    fn a_person_reads_the_verdict_first_and_the_numbers_behind_it() {
        let text = answer(&view(Verdict::WaitingForKeyframe { since_ms: 2_000, asked: 2 }));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "room demo, viewer, connected for 8 s, round trip 20 ms, its line carries 2400 kbit/s, 850 kbit/s sent, 0.2 % lost"
        );
        assert!(lines[1].starts_with("video  Waiting for a keyframe for 2.0 s, asked for 2 times;"), "{}", lines[1]);
        assert_eq!(
            lines[2],
            "       VP8, layer q of 2, h to come, h chosen by the viewer, 1200 packets, 1300 kB, 3 repairs, the last one 12 ms ago"
        );
    }

    #[test]
    fn only_what_plays_is_good() {
        assert!(plays(&view(Verdict::Playing)));
        assert!(!plays(&view(Verdict::NoSource)));
        assert!(!plays(&SessionView { state: SessionState::Connecting, ..view(Verdict::Playing) }));
        assert!(!plays(&SessionView { tracks: vec![], ..view(Verdict::Playing) }));
    }

    #[test]
    fn the_url_of_a_session_leads_to_its_answer() {
        let id = "w0000000000000000000000000000000001";
        let url = |text: &str| question(&text.parse().unwrap()).map(|url| url.to_string());
        let wanted = format!("http://h:1/api/sessions/{id}");
        assert_eq!(url(&format!("http://h:1/whep/demo/{id}")).unwrap(), wanted);
        assert_eq!(url(&format!("http://h:1/api/sessions/{id}/")).unwrap(), wanted);
        assert!(url("http://h:1/whep/demo").is_err());
    }
}
