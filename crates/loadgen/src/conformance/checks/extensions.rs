//! WHEP's core extensions: events and layers, where a server says that it has them.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::conformance::bench::{Bench, Verdict, ensure, expect_refusal, expect_status, failed, skipped};
use crate::conformance::live::Live;
use dial::{Request, Response, Url};

const EVENTS: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER: &str = "urn:ietf:params:whep:ext:core:layer";

/// A viewer of a live publisher, both of which end with this.
struct Watching {
    _publisher: Live,
    viewer: Live,
}

impl Watching {
    async fn begin(bench: &Bench) -> Verdict<Watching> {
        let publisher = Live::publisher(bench).await?;
        let mut viewer = Live::viewer(bench).await?;
        viewer.until_media("media to arrive at the viewer").await?;
        Ok(Watching { _publisher: publisher, viewer })
    }

    /// Where an extension is, and the parameters of its link.
    fn extension(&self, rel: &str) -> Verdict<Option<(Url, String)>> {
        let session = &self.viewer.session;
        let links = session.response.headers.get_all("link").iter().filter_map(|link| link.to_str().ok());
        // Several may share a header, and none has a "<" of its own.
        for link in links.flat_map(|header| header.split('<').skip(1)) {
            let Some((url, parameters)) = link.split_once('>') else { continue };
            let has_rel = |parameter: &str| {
                let value = parameter.trim().strip_prefix("rel=").map(|value| value.trim().trim_matches('"'));
                value == Some(rel)
            };
            if parameters.split([';', ',']).any(has_rel) {
                return Ok(Some((session.url.join(url)?, parameters.to_owned())));
            }
        }
        Ok(None)
    }

    fn needed(&self, rel: &str) -> Verdict<(Url, String)> {
        match self.extension(rel)? {
            Some(found) => Ok(found),
            None => skipped("the server does not offer this extension"),
        }
    }
}

async fn post_json(bench: &Bench, url: &Url, body: &str) -> Verdict<Response> {
    bench.send(Request::new("POST", url.clone()).body("application/json", body)).await
}

pub async fn layers_need_events(bench: &Bench) -> Verdict {
    let watching = Watching::begin(bench).await?;
    watching.needed(LAYER)?;
    let Some((_, parameters)) = watching.extension(EVENTS)? else {
        return failed("layers can be chosen, but no event says which there are");
    };
    ensure(parameters.contains("layers"), || format!("its events do not list \"layers\": {parameters}"))
}

pub async fn events(bench: &Bench) -> Verdict {
    let watching = Watching::begin(bench).await?;
    let (url, _) = watching.needed(EVENTS)?;
    let created = post_json(bench, &url, r#"["active","viewercount"]"#).await?;
    expect_status("POST of a list of events", &created, &[201])?;
    let Some(location) = created.header("location") else { return failed("the 201 has no Location") };
    let stream = url.join(location)?;
    let head = read_head(bench, &stream).await?.to_ascii_lowercase();
    ensure(head.contains("content-type: text/event-stream"), || format!("reading the stream answered {head}"))?;
    let ended = bench.ask("DELETE", stream.clone()).await?;
    ensure(ended.status.is_success(), || format!("DELETE of the stream answered {}", ended.status))?;
    expect_status("GET of a stream that was ended", &bench.ask("GET", stream).await?, &[404])
}

pub async fn automatic(bench: &Bench) -> Verdict {
    let mut watching = Watching::begin(bench).await?;
    let (url, _) = watching.needed(LAYER)?;
    expect_status("POST of an empty choice", &post_json(bench, &url, "{}").await?, &[200, 204])?;
    watching.viewer.until_media("media after the choice").await
}

pub async fn malformed(bench: &Bench) -> Verdict {
    let mut watching = Watching::begin(bench).await?;
    let mut offered = false;
    for rel in [EVENTS, LAYER] {
        let Some((url, _)) = watching.extension(rel)? else { continue };
        offered = true;
        for body in ["nonsense", "7", r#"{"rid":"#] {
            expect_refusal(&format!("{body} at {url}"), &post_json(bench, &url, body).await?)?;
        }
    }
    if !offered {
        return skipped("the server offers no extension");
    }
    watching.viewer.until_media("media after the refusals").await
}

/// The head of an answer whose body does not end.
async fn read_head(bench: &Bench, url: &Url) -> Verdict<String> {
    let mut socket = bench.socket().await?;
    let request =
        format!("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n", url.target(), url.authority());
    let read = async {
        socket.write_all(request.as_bytes()).await?;
        let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
        while head.len() < 16 * 1024 && !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match socket.read(&mut buffer).await? {
                0 => break,
                n => head.extend_from_slice(&buffer[..n]),
            }
        }
        Ok::<_, std::io::Error>(head)
    };
    match tokio::time::timeout(Duration::from_secs(5), read).await {
        Ok(Ok(head)) => Ok(String::from_utf8_lossy(&head).into_owned()),
        Ok(Err(error)) => failed(format!("reading the stream: {error}")),
        Err(_) => failed("the stream did not begin within 5 s"),
    }
}
