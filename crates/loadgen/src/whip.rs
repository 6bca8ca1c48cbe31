//! Joining over WHIP and WHEP, as a client that follows the rules: bearer token, `Location`, 307 and 308 followed,
//! `DELETE` at the end. All candidates are in the offer, so nothing is trickled.

use std::time::{Duration, Instant};

use crate::Error;
use crate::http::{Client, Request, Response, Url};

/// Where to ask, and as whom.
#[derive(Clone)]
pub struct Signaller {
    http: Client,
    base: Url,
    token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Publish,
    Watch,
}

/// A session that the server has created.
#[derive(Debug, Clone)]
pub struct Session {
    pub answer: String,
    /// What `DELETE` goes to; a server may have named none.
    pub location: Option<Url>,
    /// From the first byte of the POST (its connection included) to the end of the 201.
    pub took: Duration,
}

/// One more than a load balancer, a region and a node.
const REDIRECTS_MAX: usize = 3;

impl Signaller {
    /// `base` is what `/whip/ROOM` and `/whep/ROOM` are appended to.
    pub fn new(base: Url, token: Option<String>) -> Signaller {
        Signaller { http: Client::new(), base, token }
    }

    pub async fn join(&self, role: Role, room: &str, offer: &str) -> Result<Session, Error> {
        let kind = match role {
            Role::Publish => "whip",
            Role::Watch => "whep",
        };
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

    pub async fn leave(&self, session: &Session) -> Result<(), Error> {
        let Some(url) = session.location.clone() else { return Ok(()) };
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
