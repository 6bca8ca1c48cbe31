//! What a 201 has to bring.

use std::collections::HashSet;

use crate::conformance::bench::{Bench, Verdict, ensure, failed, skipped};
use crate::conformance::live::Live;
use crate::conformance::sdp;
use dial::Request;

pub async fn created(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let kind = session.response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    ensure(essence == "application/sdp", || format!("the answer's content type is {kind:?}"))?;
    ensure(session.answer.starts_with("v=0"), || "the body is not an SDP".to_owned())
}

pub async fn etag(bench: &Bench) -> Verdict {
    let first = bench.publish().await?;
    let Some(tag) = first.etag.clone() else {
        return failed("no ETag, and without one there is neither trickle nor restart");
    };
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return failed(format!("the ETag is {tag}, not a strong tag in quotes"));
    };
    ensure(!inner.is_empty() && inner != "*", || format!("the ETag {tag} does not identify an ICE session"))?;
    bench.clean_up().await;
    let second = bench.publish().await?;
    ensure(second.etag.as_deref() != Some(&tag), || format!("two sessions have the same ETag {tag}"))
}

pub async fn location(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let there = bench.ask("GET", session.url.clone()).await?;
    ensure(there.status.is_success(), || format!("GET {} answered {}", session.url, there.status))?;
    let ended = bench.ask("DELETE", session.url.clone()).await?;
    ensure(ended.status.is_success(), || format!("DELETE {} answered {}", session.url, ended.status))
}

/// 128 random bits are 22 characters of base64 or 32 of hex.
pub async fn unguessable(bench: &Bench) -> Verdict {
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let session = bench.publish().await?;
        let target = session.url.target().to_owned();
        let longest = target.split(['/', '?', '=', '&']).map(str::len).max().unwrap_or(0);
        ensure(longest >= 22, || format!("{target} has no part of 22 characters or more"))?;
        ensure(seen.insert(target.clone()), || format!("{target} was given out twice"))?;
        bench.clean_up().await;
    }
    Ok(())
}

pub async fn recvonly(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    direction(&session.answer, "a=recvonly")
}

pub async fn sendonly(bench: &Bench) -> Verdict {
    let _publisher = Live::publisher(bench).await?;
    let offer = bench.watch_offer().await?;
    let session = bench.session(bench.whep(), &offer).await?;
    direction(&session.answer, "a=sendonly")
}

fn direction(answer: &str, wanted: &str) -> Verdict {
    let media: Vec<_> = sdp::sections(answer).into_iter().filter(|section| sdp::is_accepted_media(section)).collect();
    ensure(!media.is_empty(), || "the answer accepts no media at all".to_owned())?;
    for section in media {
        let first = section.lines().next().unwrap_or_default();
        ensure(sdp::has_line(section, wanted), || format!("the section {first} has no {wanted}"))?;
    }
    Ok(())
}

pub async fn bundled(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let group = sdp::values(&session.answer, "a=group:BUNDLE").next().unwrap_or_default().to_owned();
    for section in sdp::sections(&session.answer).into_iter().filter(|section| sdp::is_accepted_media(section)) {
        let mid = sdp::values(section, "a=mid:").next().unwrap_or_default();
        let bundled = group.split(' ').any(|member| member == mid);
        ensure(bundled, || format!("section {mid:?} is not in the BUNDLE group {group:?}"))?;
        for line in ["a=rtcp-mux", "a=rtcp-mux-only"] {
            ensure(sdp::has_line(section, line), || format!("section {mid} has no {line}"))?;
        }
    }
    Ok(())
}

pub async fn candidates(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let count = sdp::values(&session.answer, "a=candidate:").count();
    ensure(count > 0, || "the answer has no candidate, and a server cannot trickle".to_owned())
}

pub async fn links(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let links: Vec<_> = session.response.headers.get_all("link").iter().collect();
    if links.is_empty() {
        return skipped("the server names no ICE servers");
    }
    for link in links {
        let text = link.to_str().unwrap_or_default();
        let target = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let Some((url, parameters)) = target else { return failed(format!("a Link without <URL>: {text}")) };
        ensure(parameters.contains("rel="), || format!("a Link without rel: <{url}>"))?;
        if parameters.contains("ice-server") {
            let known = ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme));
            ensure(known && !url.contains('%'), || format!("{url} is not the URL of an ICE server as it is written"))?;
        }
    }
    Ok(())
}

pub async fn type_parameters(bench: &Bench) -> Verdict {
    let offer = bench.publish_offer().await?;
    let request = Request::new("POST", bench.whip()).body("Application/SDP; charset=utf-8", offer);
    let response = bench.send(request).await?;
    ensure(response.status.as_u16() == 201, || format!("answered {}", response.status))
}

pub async fn sendrecv(bench: &Bench) -> Verdict {
    let offer = sdp::with_direction(&bench.publish_offer().await?, "sendrecv");
    let session = bench.session(bench.whip(), &offer).await?;
    direction(&session.answer, "a=recvonly")
}

pub async fn tcp_only(bench: &Bench) -> Verdict {
    let candidate = "a=candidate:1 1 TCP 1518280447 192.0.2.7 9 typ host tcptype active";
    let offer = sdp::with_only_candidate(&bench.publish_offer().await?, candidate);
    bench.session(bench.whip(), &offer).await.map(|_| ())
}

pub async fn ipv6_only(bench: &Bench) -> Verdict {
    let candidate = "a=candidate:1 1 UDP 2130706431 2001:db8::7 50000 typ host";
    let offer = sdp::with_only_candidate(&bench.publish_offer().await?, candidate);
    bench.session(bench.whip(), &offer).await.map(|_| ())
}
