//! Bearer tokens, and whose a session is.

use crate::conformance::bench::{Bench, SDP, Verdict, ensure, expect_status, skipped};
use dial::{Request, Url};

const NO_TOKEN: &str = "no token was given to the suite (--token)";
const NOT_NEEDED: &str = "the server needs no token";

fn token(bench: &Bench) -> Verdict<String> {
    bench.options.token.clone().map_or_else(|| skipped(NO_TOKEN), Ok)
}

fn post(url: Url, offer: String) -> Request {
    Request::new("POST", url).body(SDP, offer)
}

/// Skips when the server lets everybody in: then there is nothing to be kept from strangers.
async fn needs_token(bench: &Bench) -> Verdict {
    let response = bench.send_as_it_is(post(bench.whip(), bench.publish_offer().await?)).await?;
    if response.status.as_u16() == 201 { skipped(NOT_NEEDED) } else { Ok(()) }
}

pub async fn missing(bench: &Bench) -> Verdict {
    let response = bench.send_as_it_is(post(bench.whip(), bench.publish_offer().await?)).await?;
    if response.status.as_u16() == 201 {
        return skipped(NOT_NEEDED);
    }
    expect_status("no token", &response, &[401])?;
    let challenge = response.header("www-authenticate").unwrap_or_default().to_ascii_lowercase();
    ensure(challenge.starts_with("bearer"), || format!("WWW-Authenticate is {challenge:?}"))
}

pub async fn wrong(bench: &Bench) -> Verdict {
    for url in [bench.whip(), bench.whep()] {
        let request = post(url, bench.publish_offer().await?).bearer(Some("certainly.not.valid"));
        expect_status("a wrong token", &bench.send_as_it_is(request).await?, &[401, 403])?;
    }
    Ok(())
}

/// The token's own claims under the algorithm "none".
pub async fn unsigned(bench: &Bench) -> Verdict {
    let token = token(bench)?;
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts[..] else { return skipped("the token is not a JWT") };
    needs_token(bench).await?;
    bench.clean_up().await;
    // {"alg":"none"}
    let forged = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let request = post(bench.whip(), bench.publish_offer().await?).bearer(Some(&forged));
    expect_status("an unsigned token", &bench.send_as_it_is(request).await?, &[401, 403])
}

pub async fn in_url(bench: &Bench) -> Verdict {
    let token = token(bench)?;
    let whip = bench.whip();
    let mark = if whip.target().contains('?') { '&' } else { '?' };
    let url = whip.with_target(&format!("{}{mark}access_token={token}", whip.target()));
    let response = bench.send_as_it_is(post(url.clone(), bench.publish_offer().await?)).await?;
    expect_status("a token in the URL", &response, &[201])?;
    let session = url.join(response.header("location").unwrap_or_default())?;
    let ended = bench.send_as_it_is(Request::new("DELETE", session)).await?;
    expect_status("DELETE by such a client, which knows no token", &ended, &[200])
}

pub async fn strangers(bench: &Bench) -> Verdict {
    token(bench)?;
    needs_token(bench).await?;
    bench.clean_up().await;
    let session = bench.publish().await?;
    for method in ["PATCH", "DELETE"] {
        let request = Request::new(method, session.url.clone()).header("if-match", "*");
        let response = bench.send_as_it_is(request).await?;
        expect_status(&format!("{method} without a token"), &response, &[401, 403, 404])?;
    }
    let there = bench.ask("GET", session.url).await?;
    ensure(there.status.is_success(), || "a stranger ended the session".to_owned())
}

pub async fn others(bench: &Bench) -> Verdict {
    let Some(other) = bench.options.other_token.clone() else {
        return skipped("no second token was given to the suite (--other-token)");
    };
    let session = bench.publish().await?;
    for method in ["PATCH", "DELETE"] {
        let request = Request::new(method, session.url.clone()).header("if-match", "*").bearer(Some(&other));
        let response = bench.send_as_it_is(request).await?;
        expect_status(&format!("{method} with somebody else's token"), &response, &[401, 403, 404])?;
    }
    let there = bench.ask("GET", session.url).await?;
    ensure(there.status.is_success(), || "somebody else ended the session".to_owned())
}
