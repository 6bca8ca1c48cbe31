//! Joining over WHIP and WHEP, as a client that follows the rules: bearer token, `Location`, 307 and 308 followed,
//! `DELETE` at the end. All candidates are in the offer, so nothing is trickled.

use std::time::Instant;

use transport::Client;

use crate::Error;
use crate::http::{self, Request, Response, Url};
use crate::signalling::{Guest, Session, Signalling};

/// Where to ask, and as whom.
#[derive(Clone)]
pub struct Signaller {
    http: http::Client,
    base: Url,
    token: Option<String>,
}

/// One more than a load balancer, a region and a node.
const REDIRECTS_MAX: usize = 3;

impl Signaller {
    /// `base` is what `/whip/ROOM` and `/whep/ROOM` are appended to.
    pub fn new(base: Url, token: Option<String>) -> Signaller {
        Signaller { http: http::Client::new(), base, token }
    }

    async fn post(&self, kind: &str, room: &str, offer: &str) -> Result<Session, Error> {
        let mut url = self.base.child(kind).child(room);
        let start = Instant::now();
        for _ in 0..=REDIRECTS_MAX {
            let request = Request::new("POST", url.clone());
            let request = request.bearer(self.token.as_deref()).body("application/sdp", offer);
            let response = self.http.send(request).await?;
            let location = response.header("location").map(|location| url.join(location)).transpose()?;
            match (response.status.as_u16(), location) {
                (201, location) => {
                    let answer = response.text().into_owned();
                    return Ok(Session { answer, location, took: start.elapsed() });
                }
                (307 | 308, Some(next)) => url = next,
                _ => return Err(refused(&url, &response)),
            }
        }
        Err(Error::Redirects(url.to_string()))
    }
}

impl Signalling for Signaller {
    async fn publish(&self, room: &str, mut client: Client) -> Result<(Client, Session), Error> {
        let session = self.post("whip", room, client.offer()).await?;
        client.accept_answer(&session.answer)?;
        Ok((client, session))
    }

    async fn watch(&self, room: &str, guest: Guest) -> Result<(Client, Session), Error> {
        let mut client = guest.offer()?;
        let session = self.post("whep", room, client.offer()).await?;
        client.accept_answer(&session.answer)?;
        Ok((client, session))
    }

    async fn leave(&self, session: Session) -> Result<(), Error> {
        let Some(url) = session.location else { return Ok(()) };
        let request = Request::new("DELETE", url.clone()).bearer(self.token.as_deref());
        let response = self.http.send(request).await?;
        if response.status.is_success() { Ok(()) } else { Err(refused(&url, &response)) }
    }
}

fn refused(url: &Url, response: &Response) -> Error {
    // A problem document's own sentence, or the beginning of whatever came.
    let problem: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let sentence =
        ["detail", "title"].into_iter().find_map(|key| Some(problem.as_ref()?.get(key)?.as_str()?.to_owned()));
    let text = sentence.unwrap_or_else(|| response.text().chars().take(200).collect());
    Error::Refused { url: url.to_string(), status: response.status.as_u16(), text }
}
