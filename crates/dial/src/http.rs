//! An HTTP client for asking a server odd questions: any method, any header, any body, and the answer as it came. No
//! redirects, no cookies, no retries, no pool. Each request opens its own connection, as a viewer that joins does, so a
//! join's time holds its handshakes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{Error, Url};

#[derive(Clone)]
pub struct Client {
    tls: TlsConnector,
    timeout: Duration,
    /// Whether an address may be connected to; asked after a name was resolved.
    admits: fn(IpAddr) -> bool,
    body: Reading,
}

/// What becomes of an answer's body.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// All of it, or the answer is an error.
    Whole,
    /// So many bytes; the rest is not waited for.
    AtMost(usize),
}

/// A question. Built by `Request::new(..)` and the builder methods; `host` and `content-length` are filled in.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The answer, read to its end.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// No answer that we ask for is near this; a server that sends more is not worth the memory.
const RESPONSE_BYTES_MAX: usize = 16 << 20;

impl Client {
    /// Trusts the public web's certificate authorities.
    pub fn new() -> Client {
        Client::trusting(rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// Trusts these authorities only, for a server with a certificate of its own.
    pub fn trusting(roots: rustls::RootCertStore) -> Client {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has cipher suites for the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client {
            tls: TlsConnector::from(Arc::new(config)),
            timeout: Duration::from_secs(10),
            admits: |_| true,
            body: Reading::Whole,
        }
    }

    /// For the whole exchange, from the connect to the last byte of the answer.
    pub fn with_timeout(self, timeout: Duration) -> Client {
        Client { timeout, ..self }
    }

    /// Connects to no other address, whatever a name resolves to.
    pub fn connecting_only_to(self, admits: fn(IpAddr) -> bool) -> Client {
        Client { admits, ..self }
    }

    /// For an answer of which the status is what matters: what is longer is cut.
    pub fn reading_at_most(self, bytes: usize) -> Client {
        Client { body: Reading::AtMost(bytes), ..self }
    }

    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let (method, url) = (request.method.clone(), request.url.to_string());
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout { method, url, timeout: self.timeout }),
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, Error> {
        over(self.open(&request.url).await?, request, self.body).await
    }

    /// A connection to the URL's server, through TLS if it says so; what goes over it is the caller's business.
    pub async fn open(&self, url: &Url) -> Result<Box<dyn Connection>, Error> {
        let authority = url.authority();
        let stream = self.connect(url).await?;
        if !url.is_https() {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| Error::Url(url.to_string()))?;
        let tls = self.tls.connect(name, stream).await.map_err(|source| Error::Tls { authority, source })?;
        Ok(Box::new(tls))
    }

    /// To one of the addresses of the host. It is the address connected to that was looked at: looked up again, the name could
    /// mean another one.
    async fn connect(&self, url: &Url) -> Result<TcpStream, Error> {
        let failed = |source| Error::Connect { authority: url.authority(), source };
        let mut error = None;
        for address in tokio::net::lookup_host((url.host(), url.port())).await.map_err(failed)? {
            if !(self.admits)(address.ip()) {
                error.get_or_insert(Error::Forbidden { authority: url.authority(), address: address.ip() });
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    return Ok(stream);
                }
                Err(source) => error = Some(failed(source)),
            }
        }
        Err(error.unwrap_or_else(|| failed(std::io::Error::other("the name has no address"))))
    }
}

/// Bytes both ways.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

impl Default for Client {
    fn default() -> Self {
        Client::new()
    }
}

impl Request {
    pub fn new(method: &str, url: Url) -> Request {
        Request { method: method.to_owned(), url, headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn bearer(self, token: Option<&str>) -> Request {
        match token {
            Some(token) => self.header("authorization", format!("Bearer {token}")),
            None => self,
        }
    }

    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Request {
        Request { body: body.into(), ..self.header("content-type", content_type) }
    }

    fn into_hyper(self) -> Result<hyper::Request<Full<Bytes>>, Error> {
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| Error::Header(self.method))?;
        let mut request = hyper::Request::new(Full::new(Bytes::from(self.body)));
        *request.method_mut() = method;
        *request.uri_mut() = self.url.target().parse().map_err(|_| Error::Url(self.url.to_string()))?;
        for (name, value) in [("host".to_owned(), self.url.authority())].into_iter().chain(self.headers) {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::Header(name))?;
            let content = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Error::Header(value))?;
            // A `host` of the caller's replaces ours; any other header may come several times.
            if header == hyper::header::HOST {
                request.headers_mut().insert(header, content);
            } else {
                request.headers_mut().append(header, content);
            }
        }
        Ok(request)
    }
}

impl Response {
    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

async fn over(stream: Box<dyn Connection>, request: Request, reading: Reading) -> Result<Response, Error> {
    let (method, url) = (request.method.clone(), request.url.to_string());
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Http {
        method: method.clone(),
        url: url.clone(),
        source,
    };
    let request = request.into_hyper()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(e.into()))?;
    // Ends by itself when `sender` is dropped at the end of this exchange.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|e| failed(e.into()))?;
    let (head, body) = response.into_parts();
    let body = match reading {
        Reading::Whole => Limited::new(body, RESPONSE_BYTES_MAX).collect().await.map_err(failed)?.to_bytes(),
        Reading::AtMost(bytes) => beginning(body, bytes).await,
    };
    Ok(Response { status: head.status, headers: head.headers, body })
}

/// The first so many bytes, or what came before the body broke off.
async fn beginning(mut body: Incoming, bytes_max: usize) -> Bytes {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else { continue };
        let room = bytes_max - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() >= room {
            break;
        }
    }
    read.into()
}
