//! What the checks work with: requests, sessions that end by themselves, offers, and the words for what went wrong.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use media::codec::Codec;
use tokio::net::{TcpStream, UdpSocket};
use transport::client::{self, Client};
use transport::{CodecChoice, Identity};

use super::Options;
use crate::Error;
use dial::{Request, Response, Url};

pub struct Bench {
    pub options: Options,
    pub identity: Identity,
    http: dial::Client,
    /// Sessions to end after the check.
    open: Mutex<Vec<Url>>,
}

/// Why a check ends before its end.
#[derive(Debug)]
pub enum Stop {
    Failed(String),
    Skipped(String),
}

pub type Verdict<T = ()> = Result<T, Stop>;

impl From<dial::Error> for Stop {
    fn from(error: dial::Error) -> Stop {
        Error::from(error).into()
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Stop::Failed(format!("{error}{cause}"))
    }
}

pub fn failed<T>(why: impl Into<String>) -> Verdict<T> {
    Err(Stop::Failed(why.into()))
}

pub fn skipped<T>(why: impl Into<String>) -> Verdict<T> {
    Err(Stop::Skipped(why.into()))
}

pub fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { failed(why()) }
}

/// A session that the server made.
#[derive(Debug, Clone)]
pub struct Session {
    pub url: Url,
    /// As it came, with quotes.
    pub etag: Option<String>,
    pub answer: String,
    pub response: Response,
}

pub const SDP: &str = "application/sdp";
pub const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

impl Bench {
    pub fn new(options: Options) -> Result<Bench, Error> {
        Ok(Bench { options, identity: Identity::generate()?, http: dial::Client::new(), open: Mutex::default() })
    }

    pub async fn reach(&self) -> Result<(), Error> {
        self.http.send(Request::new("OPTIONS", self.options.url_whip.clone())).await?;
        Ok(())
    }

    pub fn whip(&self) -> Url {
        self.options.url_whip.clone()
    }

    pub fn whep(&self) -> Url {
        self.options.url_whep.clone()
    }

    /// With our token, unless the request says who asks.
    pub async fn send(&self, request: Request) -> Verdict<Response> {
        let anonymous = !request.headers.iter().any(|(name, _)| name == "authorization");
        let token = self.options.token.as_deref().filter(|_| anonymous);
        self.send_as_it_is(request.bearer(token)).await
    }

    /// Whatever session comes of it is ended after the check.
    pub async fn send_as_it_is(&self, request: Request) -> Verdict<Response> {
        let url = request.url.clone();
        let posted = request.method == "POST";
        let response = self.http.send(request).await?;
        if posted
            && response.status.as_u16() == 201
            && let Some(location) = response.header("location")
        {
            self.open.lock().expect("nobody panics while holding it").push(url.join(location)?);
        }
        Ok(response)
    }

    pub async fn ask(&self, method: &str, url: Url) -> Verdict<Response> {
        self.send(Request::new(method, url)).await
    }

    pub async fn post(&self, url: Url, offer: &str) -> Verdict<Response> {
        self.send(Request::new("POST", url).body(SDP, offer)).await
    }

    pub async fn patch(&self, session: &Url, if_match: Option<&str>, fragment: &str) -> Verdict<Response> {
        let mut request = Request::new("PATCH", session.clone()).body(FRAGMENT, fragment);
        if let Some(tag) = if_match {
            request = request.header("if-match", tag);
        }
        self.send(request).await
    }

    /// A publishing session from a plain offer; waits while the one before is still being taken down.
    pub async fn publish(&self) -> Verdict<Session> {
        let offer = self.publish_offer().await?;
        self.session(self.whip(), &offer).await
    }

    pub async fn session(&self, mut url: Url, offer: &str) -> Verdict<Session> {
        let until = Instant::now() + Duration::from_secs(6);
        loop {
            let response = self.post(url.clone(), offer).await?;
            match response.status.as_u16() {
                201 => return session(&url, response),
                // The preferred answer of a load balancer (RFC 9725); the session is then where it points.
                307 | 308 => url = url.join(response.header("location").unwrap_or_default())?,
                409 | 429 | 503 if Instant::now() < until => tokio::time::sleep(Duration::from_millis(300)).await,
                status => return failed(format!("POST {url} answered {status}, not 201: {}", sentence(&response))),
            }
        }
    }

    pub async fn clean_up(&self) {
        let open = std::mem::take(&mut *self.open.lock().expect("nobody panics while holding it"));
        for url in open {
            let _ = self.ask("DELETE", url).await;
        }
    }

    pub async fn publish_offer(&self) -> Verdict<String> {
        let socket = self.media_socket().await?;
        Ok(self.publisher(&socket, true)?.offer().to_owned())
    }

    pub async fn watch_offer(&self) -> Verdict<String> {
        let socket = self.media_socket().await?;
        Ok(self.viewer(&socket)?.offer().to_owned())
    }

    /// One audio track, and one video track where asked for.
    pub fn publisher(&self, socket: &UdpSocket, video: bool) -> Verdict<Client> {
        let video = video.then(|| CodecChoice { codec: Codec::Vp8, fmtp: String::new() });
        let publish = client::Publish { audio: Some(CodecChoice::opus()), video, ..Default::default() };
        Client::publisher(self.setup(socket)?, &publish).map_err(offer_error)
    }

    pub fn viewer(&self, socket: &UdpSocket) -> Verdict<Client> {
        let watch = client::Watch { audio: vec![CodecChoice::opus()], ..Default::default() };
        Client::viewer(self.setup(socket)?, &watch).map_err(offer_error)
    }

    fn setup(&self, socket: &UdpSocket) -> Verdict<client::Setup<'_>> {
        let address = socket.local_addr().map_err(Error::Socket)?;
        Ok(client::Setup { now: Instant::now(), identity: &self.identity, address })
    }

    /// On the interface that leads to the server, so that its address is a candidate.
    pub async fn media_socket(&self) -> Verdict<UdpSocket> {
        let server = self.server_address().await?;
        let any: IpAddr = if server.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
        let probe = UdpSocket::bind((any, 0)).await.map_err(Error::Socket)?;
        probe.connect(server).await.map_err(Error::Socket)?;
        let local = probe.local_addr().map_err(Error::Socket)?.ip();
        Ok(UdpSocket::bind((local, 0)).await.map_err(Error::Socket)?)
    }

    async fn server_address(&self) -> Verdict<SocketAddr> {
        let url = &self.options.url_whip;
        let mut found = tokio::net::lookup_host((url.host(), url.port())).await.map_err(Error::Socket)?;
        found.next().ok_or_else(|| Stop::Failed(format!("{} has no address", url.host())))
    }

    /// A bare connection, for what no HTTP client would send.
    pub async fn socket(&self) -> Verdict<TcpStream> {
        if self.options.url_whip.is_https() {
            return skipped("raw bytes are sent over plain http only");
        }
        let address = self.server_address().await?;
        let connect = |source| dial::Error::Connect { authority: self.options.url_whip.authority(), source };
        Ok(TcpStream::connect(address).await.map_err(connect)?)
    }
}

fn offer_error(error: transport::Error) -> Stop {
    Stop::Failed(format!("making an offer: {error}"))
}

fn session(url: &Url, response: Response) -> Verdict<Session> {
    let Some(location) = response.header("location") else {
        return failed("the 201 has no Location, so the session can never be ended");
    };
    Ok(Session {
        url: url.join(location)?,
        etag: response.header("etag").map(str::to_owned),
        answer: response.text().into_owned(),
        response,
    })
}

/// The problem's own words, or the beginning of whatever came.
pub fn sentence(response: &Response) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map_or_else(|| response.text().chars().take(120).collect(), str::to_owned)
}

pub fn expect_status(what: &str, response: &Response, wanted: &[u16]) -> Verdict {
    let status = response.status.as_u16();
    ensure(wanted.contains(&status), || {
        format!("{what}: expected {}, got {status}: {}", one_of(wanted), sentence(response))
    })
}

/// A class of errors that names no code: any 4xx will do.
pub fn expect_refusal(what: &str, response: &Response) -> Verdict {
    ensure(response.status.is_client_error(), || {
        format!("{what}: expected a 4xx, got {}: {}", response.status.as_u16(), sentence(response))
    })
}

fn one_of(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}
