//! What must not become a session.

use crate::conformance::bench::{Bench, Verdict, ensure, expect_refusal, expect_status, skipped};
use crate::conformance::sdp;
use dial::{Request, Response};

pub async fn not_live(bench: &Bench) -> Verdict {
    let offer = bench.watch_offer().await?;
    let response = bench.post(bench.whep(), &offer).await?;
    if response.status.as_u16() == 201 {
        return skipped("the server lets viewers in before anybody publishes, or somebody publishes");
    }
    expect_status("a viewer before the publisher", &response, &[409])?;
    let retry = response.header("retry-after").and_then(|text| text.parse::<u32>().ok());
    ensure(retry.is_some(), || "the 409 has no Retry-After in seconds".to_owned())
}

pub async fn wrong_type(bench: &Bench) -> Verdict {
    let offer = bench.publish_offer().await?;
    for wrong in ["application/json", "text/plain", "multipart/form-data"] {
        let response = bench.send(Request::new("POST", bench.whip()).body(wrong, offer.clone())).await?;
        expect_refusal(wrong, &response)?;
    }
    Ok(())
}

pub async fn malformed(bench: &Bench) -> Verdict {
    for url in [bench.whip(), bench.whep()] {
        for bad in ["", "hello", "v=0\r\n", "{\"sdp\":\"v=0\"}", "v=0\r\nm=\r\nm=\r\n\u{0}"] {
            expect_refusal(&format!("{bad:?} to {url}"), &bench.post(url.clone(), bad).await?)?;
        }
    }
    Ok(())
}

/// The documents leave the choice between the two.
fn unprocessable(what: &str, response: &Response) -> Verdict {
    expect_status(what, response, &[400, 422])
}

pub async fn two_videos(bench: &Bench) -> Verdict {
    let offer = sdp::with_doubled_section(&bench.publish_offer().await?);
    unprocessable("two video sections", &bench.post(bench.whip(), &offer).await?)
}

pub async fn recvonly_publisher(bench: &Bench) -> Verdict {
    for direction in ["recvonly", "inactive"] {
        let offer = sdp::with_direction(&bench.publish_offer().await?, direction);
        unprocessable(direction, &bench.post(bench.whip(), &offer).await?)?;
    }
    Ok(())
}

pub async fn sendonly_viewer(bench: &Bench) -> Verdict {
    for direction in ["sendonly", "inactive"] {
        let offer = sdp::with_direction(&bench.watch_offer().await?, direction);
        unprocessable(direction, &bench.post(bench.whep(), &offer).await?)?;
    }
    Ok(())
}

pub async fn second_publisher(bench: &Bench) -> Verdict {
    let _sitting = bench.publish().await?;
    let response = bench.post(bench.whip(), &bench.publish_offer().await?).await?;
    if response.status.as_u16() == 201 {
        return skipped("the server takes several publishers, or the newest");
    }
    expect_status("a second publisher", &response, &[409, 503])?;
    ensure(response.header("retry-after").is_some(), || "it is not told when to come back".to_owned())
}

pub async fn problem_documents(bench: &Bench) -> Verdict {
    let response = bench.post(bench.whip(), "hello").await?;
    let kind = response.header("content-type").unwrap_or_default();
    ensure(kind.starts_with("application/problem+json"), || format!("the error's content type is {kind:?}"))?;
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    for field in ["type", "title", "detail"] {
        ensure(problem[field].is_string(), || format!("the problem has no {field}"))?;
    }
    ensure(problem["status"] == response.status.as_u16(), || "the problem's status is not the answer's".to_owned())
}
