//! Making and leaving a session as a client that follows the rules: bearer token, `Location`, 307 and 308 followed,
//! `DELETE` at the end. All candidates are in the offer, so nothing is trickled.

use std::time::{Duration, Instant};

use crate::{Client, Error, Request, Response, Url};

/// One more than a load balancer, a region and a node.
const REDIRECTS_MAX: usize = 3;

/// Asks on somebody's behalf: with a token, and with headers that go with every request.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    token: Option<String>,
    headers: Vec<(String, String)>,
    /// Hosts a redirect may lead to; none named: anywhere.
    hosts: Option<Vec<String>>,
}

/// A session that a server has created.
#[derive(Debug, Clone)]
pub struct Call {
    pub answer: String,
    /// What is deleted in the end; a server may have named nothing.
    pub location: Option<Url>,
    /// From the first byte of the first request, its connection included, to the last of the answer.
    pub took: Duration,
}

impl Caller {
    pub fn new(http: Client, token: Option<String>) -> Caller {
        Caller { http, token, headers: Vec::new(), hosts: None }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Caller {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Follows redirects to these hosts only: who may choose the first address must not reach further by it.
    #[must_use]
    pub fn within(self, hosts: Vec<String>) -> Caller {
        Caller { hosts: Some(hosts), ..self }
    }

    /// Posts an offer to a WHIP or WHEP endpoint.
    pub async fn post(&self, endpoint: &Url, offer: &str) -> Result<Call, Error> {
        let mut url = endpoint.clone();
        let start = Instant::now();
        for _ in 0..=REDIRECTS_MAX {
            let request = self.request("POST", &url).body("application/sdp", offer);
            let response = self.http.send(request).await?;
            let location = response.header("location").map(|location| url.join(location)).transpose()?;
            match (response.status.as_u16(), location) {
                // Some servers say 200 where the draft wants 201.
                (200 | 201, location) => {
                    let answer = response.text().into_owned();
                    return Ok(Call { answer, location, took: start.elapsed() });
                }
                (307 | 308, Some(next)) => {
                    if self.hosts.as_ref().is_some_and(|hosts| !hosts.iter().any(|host| host == next.host())) {
                        return Err(Error::Elsewhere(next.to_string()));
                    }
                    url = next;
                }
                _ => return Err(refused(&url, &response)),
            }
        }
        Err(Error::Redirects(url.to_string()))
    }

    /// Asks something of a session, at a URL below its own.
    pub async fn wish(&self, url: &Url, json: &str) -> Result<(), Error> {
        let response = self.http.send(self.request("POST", url).body("application/json", json)).await?;
        if response.status.is_success() { Ok(()) } else { Err(refused(url, &response)) }
    }

    pub async fn leave(&self, session: &Url) -> Result<(), Error> {
        let response = self.http.send(self.request("DELETE", session)).await?;
        if response.status.is_success() { Ok(()) } else { Err(refused(session, &response)) }
    }

    fn request(&self, method: &str, url: &Url) -> Request {
        let request = Request::new(method, url.clone()).bearer(self.token.as_deref());
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value.clone()))
    }
}

fn refused(url: &Url, response: &Response) -> Error {
    // A problem document's own sentence, or the beginning of whatever came.
    let problem: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let sentence =
        ["detail", "title"].into_iter().find_map(|key| Some(problem.as_ref()?.get(key)?.as_str()?.to_owned()));
    let text = sentence.unwrap_or_else(|| response.text().into_owned());
    let text = text.chars().filter(|c| !c.is_control()).take(200).collect();
    Error::Refused { url: url.to_string(), status: response.status.as_u16(), text }
}
