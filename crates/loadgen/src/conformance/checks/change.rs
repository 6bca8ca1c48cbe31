//! PATCH and DELETE: candidates, ICE restarts, the end.

use crate::conformance::bench::{
    Bench, FRAGMENT, Session, Verdict, ensure, expect_refusal, expect_status, failed, skipped,
};
use crate::conformance::live::random_text;
use crate::conformance::sdp;
use dial::{Request, Response};

const CANDIDATE: &str = "a=candidate:1 1 UDP 2130706431 192.0.2.7 50000 typ host";

/// A session and the offer that made it.
async fn offered(bench: &Bench) -> Verdict<(Session, String)> {
    let offer = bench.publish_offer().await?;
    let session = bench.session(bench.whip(), &offer).await?;
    Ok((session, offer))
}

fn trickle_fragment(offer: &str, candidates: &[&str]) -> String {
    let ufrag = sdp::values(offer, "a=ice-ufrag:").next().unwrap_or_default();
    let pwd = sdp::values(offer, "a=ice-pwd:").next().unwrap_or_default();
    fragment(offer, ufrag, pwd, candidates)
}

fn restart_fragment(offer: &str) -> String {
    fragment(offer, &random_text(8), &random_text(24), &[CANDIDATE])
}

fn fragment(offer: &str, ufrag: &str, pwd: &str, candidates: &[&str]) -> String {
    let mid = sdp::values(offer, "a=mid:").next().unwrap_or("0");
    let mut text =
        format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{mid}\r\n");
    for candidate in candidates {
        text += &format!("{candidate}\r\n");
    }
    text + "a=end-of-candidates\r\n"
}

fn tag(session: &Session) -> Verdict<String> {
    session.etag.clone().map_or_else(|| skipped("the session has no ETag"), Ok)
}

/// A server that supports only one of trickle and restart answers 422 to the other (RFC 9725).
fn supported(response: &Response, what: &str) -> Verdict {
    match response.status.as_u16() {
        405 | 422 | 501 => skipped(format!("the server does not support {what} ({})", response.status)),
        _ => Ok(()),
    }
}

pub async fn precondition_required(bench: &Bench) -> Verdict {
    let (session, offer) = offered(bench).await?;
    let response = bench.patch(&session.url, None, &trickle_fragment(&offer, &[CANDIDATE])).await?;
    supported(&response, "PATCH")?;
    expect_status("a PATCH without If-Match", &response, &[428])
}

pub async fn stale_tag(bench: &Bench) -> Verdict {
    let (session, offer) = offered(bench).await?;
    let right = tag(&session)?;
    for wrong in ["\"not-this-one\"".to_owned(), format!("W/{right}")] {
        let response = bench.patch(&session.url, Some(&wrong), &trickle_fragment(&offer, &[CANDIDATE])).await?;
        supported(&response, "PATCH")?;
        expect_status(&format!("If-Match: {wrong}"), &response, &[412])?;
    }
    Ok(())
}

async fn trickles(bench: &Bench, candidates: &[&str]) -> Verdict {
    let (session, offer) = offered(bench).await?;
    let response = bench.patch(&session.url, Some(&tag(&session)?), &trickle_fragment(&offer, candidates)).await?;
    supported(&response, "trickle")?;
    expect_status("a candidate", &response, &[204])?;
    ensure(response.body.is_empty(), || "the 204 has a body".to_owned())?;
    ensure(response.header("etag").is_none(), || "the 204 has an ETag, as if ICE had restarted".to_owned())
}

pub async fn trickle(bench: &Bench) -> Verdict {
    trickles(bench, &[CANDIDATE]).await
}

pub async fn unusable_candidates(bench: &Bench) -> Verdict {
    let candidates = [
        "a=candidate:1 1 TCP 1518280447 192.0.2.7 9 typ host tcptype active",
        "a=candidate:2 1 UDP 2113937151 6d1f2d5e-3c4b-4a5d-9e8f-0a1b2c3d4e5f.local 50001 typ host",
        "a=candidate:3 1 UDP 1677729535 no-such-host.invalid 50002 typ srflx raddr 0.0.0.0 rport 0",
        "a=candidate:4 1 SCTP 1 192.0.2.7 50003 typ host",
        CANDIDATE,
    ];
    trickles(bench, &candidates).await
}

pub async fn malformed(bench: &Bench) -> Verdict {
    let (session, offer) = offered(bench).await?;
    let right = tag(&session)?;
    let typed = Request::new("PATCH", session.url.clone()).header("if-match", right.clone());
    let response = bench.send(typed.body("application/json", trickle_fragment(&offer, &[CANDIDATE]))).await?;
    expect_refusal("another content type", &response)?;
    for garbage in ["\u{0}\u{1}\u{2}", "{\"candidate\":\"x\"}", "hello"] {
        let typed = Request::new("PATCH", session.url.clone()).header("if-match", right.clone());
        expect_refusal(&format!("{garbage:?}"), &bench.send(typed.body(FRAGMENT, garbage)).await?)?;
    }
    let there = bench.ask("GET", session.url).await?;
    ensure(there.status.is_success(), || "the session did not survive a malformed PATCH".to_owned())
}

pub async fn restart(bench: &Bench) -> Verdict {
    restart_with(bench, "*").await
}

pub async fn restart_quoted(bench: &Bench) -> Verdict {
    restart_with(bench, "\"*\"").await
}

async fn restart_with(bench: &Bench, star: &str) -> Verdict {
    let (session, offer) = offered(bench).await?;
    let old = tag(&session)?;
    let response = bench.patch(&session.url, Some(star), &restart_fragment(&offer)).await?;
    supported(&response, "ICE restart")?;
    expect_status(&format!("a restart with If-Match: {star}"), &response, &[200])?;
    let kind = response.header("content-type").unwrap_or_default();
    ensure(kind.starts_with(FRAGMENT), || format!("its content type is {kind:?}"))?;
    let Some(new) = response.header("etag").map(str::to_owned) else {
        return failed("a restart has to bring a new ETag");
    };
    ensure(new != old && new.starts_with('"'), || format!("the new ETag {new} is not new, or not quoted"))?;
    let body = response.text().into_owned();
    let old_ufrag = sdp::values(&session.answer, "a=ice-ufrag:").next().unwrap_or_default();
    let new_ufrag = sdp::values(&body, "a=ice-ufrag:").next();
    let Some(new_ufrag) = new_ufrag else { return failed("the fragment has no a=ice-ufrag") };
    ensure(new_ufrag != old_ufrag, || "the server kept its username fragment".to_owned())?;
    let pwd = sdp::values(&body, "a=ice-pwd:").next();
    ensure(pwd.is_some(), || "the fragment has no a=ice-pwd".to_owned())?;
    let stale = bench.patch(&session.url, Some(&old), &trickle_fragment(&offer, &[CANDIDATE])).await?;
    expect_status("the tag of before the restart", &stale, &[412])
}

pub async fn delete(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let request = Request::new("DELETE", session.url).header("if-match", "\"another\"");
    expect_status("DELETE with another tag", &bench.send(request).await?, &[200])
}

pub async fn gone(bench: &Bench) -> Verdict {
    let (session, offer) = offered(bench).await?;
    bench.ask("DELETE", session.url.clone()).await?;
    expect_status("a second DELETE", &bench.ask("DELETE", session.url.clone()).await?, &[404, 410])?;
    let patched = bench.patch(&session.url, Some("*"), &trickle_fragment(&offer, &[CANDIDATE])).await?;
    expect_status("a PATCH after DELETE", &patched, &[404, 410])?;
    let again = bench.post(bench.whip(), &bench.publish_offer().await?).await?;
    expect_status("publishing again at once", &again, &[201])
}
