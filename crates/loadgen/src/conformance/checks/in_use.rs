//! Sessions with media: what signalling does to it, and what it must not do.

use std::time::{Duration, Instant};

use crate::conformance::bench::{Bench, Verdict, ensure, expect_refusal, expect_status, skipped};
use crate::conformance::live::Live;

async fn pair(bench: &Bench) -> Verdict<(Live, Live)> {
    let publisher = Live::publisher(bench).await?;
    let mut viewer = Live::viewer(bench).await?;
    viewer.until_media("media to arrive at the viewer").await?;
    Ok((publisher, viewer))
}

pub async fn plays(bench: &Bench) -> Verdict {
    pair(bench).await.map(|_| ())
}

pub async fn restart(bench: &Bench) -> Verdict {
    let (_publisher, mut viewer) = pair(bench).await?;
    let fragment = viewer.begin_restart().await?;
    let response = bench.patch(&viewer.session.url, Some("*"), &fragment).await?;
    if matches!(response.status.as_u16(), 405 | 422 | 501) {
        return skipped("the server does not support ICE restart");
    }
    expect_status("the restart", &response, &[200])?;
    viewer.finish_restart(&response.text()).await?;
    // What was on its way counts for nothing: give the old path time to fall silent.
    tokio::time::sleep(Duration::from_secs(1)).await;
    viewer.until_media("media after the ICE restart").await
}

/// A username fragment without its password cannot be satisfied by anybody.
pub async fn refused_restart(bench: &Bench) -> Verdict {
    let (_publisher, mut viewer) = pair(bench).await?;
    let broken = "a=ice-ufrag:abcdefgh\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";
    expect_refusal("half a restart", &bench.patch(&viewer.session.url, Some("*"), broken).await?)?;
    viewer.until_media("media after the refused restart").await?;
    let there = bench.ask("GET", viewer.session.url.clone()).await?;
    ensure(there.status.is_success(), || "the refused restart ended the session".to_owned())
}

pub async fn delete(bench: &Bench) -> Verdict {
    let (_publisher, mut viewer) = pair(bench).await?;
    expect_status("DELETE", &bench.ask("DELETE", viewer.session.url.clone()).await?, &[200])?;
    // DTLS says goodbye, or at least the media stops at once.
    if viewer.until("the goodbye", Duration::from_secs(2), |seen| seen.closed).await.is_ok() {
        return Ok(());
    }
    let before = viewer.seen().packets;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = viewer.seen().packets;
    ensure(after == before, || format!("{} packets in a second, two seconds after DELETE", after - before))
}

/// Whoever lost the network comes back before the server has noticed.
pub async fn takeover(bench: &Bench) -> Verdict {
    let (publisher, _viewer) = pair(bench).await?;
    publisher.die().await;
    let offer = bench.publish_offer().await?;
    let start = Instant::now();
    loop {
        let response = bench.post(bench.whip(), &offer).await?;
        match response.status.as_u16() {
            201 => return Ok(()),
            409 | 429 | 503 if start.elapsed() < Duration::from_secs(8) => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            status => {
                let seconds = start.elapsed().as_secs();
                return expect_status(&format!("{status}, {seconds} s after the publisher died"), &response, &[201]);
            }
        }
    }
}
