//! What browsers and generic players ask before and around a session.

use crate::conformance::bench::{Bench, Verdict, ensure, expect_status};
use dial::{Request, Response, Url};

const ORIGIN: &str = "https://player.example";

pub async fn get(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    for url in [bench.whip(), bench.whep(), session.url] {
        for method in ["GET", "HEAD"] {
            let response = bench.ask(method, url.clone()).await?;
            ensure(response.status.is_success(), || format!("{method} {url} answered {}", response.status))?;
            ensure(response.body.is_empty(), || format!("{method} {url} has content"))?;
        }
    }
    Ok(())
}

pub async fn whep_head(bench: &Bench) -> Verdict {
    let response = bench.ask("HEAD", bench.whep()).await?;
    expect_status("HEAD", &response, &[200])?;
    let kind = response.header("content-type").unwrap_or_default();
    ensure(kind.starts_with("application/sdp"), || format!("its content type is {kind:?}"))
}

async fn anonymous_options(bench: &Bench, url: Url) -> Verdict<Response> {
    bench.send_as_it_is(Request::new("OPTIONS", url)).await
}

pub async fn options(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    for url in [bench.whip(), bench.whep(), session.url] {
        expect_status(&format!("OPTIONS {url}"), &anonymous_options(bench, url).await?, &[200, 204])?;
    }
    Ok(())
}

pub async fn accept_post(bench: &Bench) -> Verdict {
    for url in [bench.whip(), bench.whep()] {
        let response = anonymous_options(bench, url.clone()).await?;
        let accepted = response.header("accept-post").unwrap_or_default();
        ensure(accepted.contains("application/sdp"), || format!("OPTIONS {url} says Accept-Post: {accepted:?}"))?;
    }
    Ok(())
}

pub async fn preflight(bench: &Bench) -> Verdict {
    let session = bench.publish().await?;
    let asked =
        [(bench.whip(), "POST"), (bench.whep(), "POST"), (session.url.clone(), "PATCH"), (session.url, "DELETE")];
    for (url, method) in asked {
        let request = Request::new("OPTIONS", url.clone())
            .header("origin", ORIGIN)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,content-type,if-match");
        let response = bench.send_as_it_is(request).await?;
        ensure(response.status.is_success(), || {
            format!("the preflight for {method} {url} answered {}", response.status)
        })?;
        readable(&format!("the preflight for {method} {url}"), &response)?;
        lists(&response, "access-control-allow-methods", &[method])?;
        lists(&response, "access-control-allow-headers", &["authorization", "content-type", "if-match"])?;
        ensure(response.header("link").is_none(), || "a preflight names ICE servers, credentials and all".to_owned())?;
    }
    Ok(())
}

pub async fn exposed(bench: &Bench) -> Verdict {
    let post =
        |url: Url, body: String| Request::new("POST", url).header("origin", ORIGIN).body("application/sdp", body);
    let offer = bench.publish_offer().await?;
    let answers = [
        ("a 201", bench.send(post(bench.whip(), offer)).await?),
        ("an error", bench.send(post(bench.whip(), "hello".to_owned())).await?),
        (
            "a wrong type",
            bench.send(Request::new("POST", bench.whip()).header("origin", ORIGIN).body("text/x", "a")).await?,
        ),
    ];
    for (what, response) in &answers {
        readable(what, response)?;
        lists(response, "access-control-expose-headers", &["location", "etag", "link"])?;
    }
    Ok(())
}

fn readable(what: &str, response: &Response) -> Verdict {
    let allowed = response.header("access-control-allow-origin").unwrap_or_default();
    ensure(allowed == "*" || allowed == ORIGIN, || format!("{what} cannot be read by a page: allowed is {allowed:?}"))
}

fn lists(response: &Response, header: &str, wanted: &[&str]) -> Verdict {
    let listed = response.header(header).unwrap_or_default();
    for name in wanted {
        let found = listed.split(',').any(|item| item.trim() == "*" || item.trim().eq_ignore_ascii_case(name));
        ensure(found, || format!("{header} does not list {name}: {listed:?}"))?;
    }
    Ok(())
}
