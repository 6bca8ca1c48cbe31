//! Somebody's server that webhooks are delivered to: keeps what came, and answers by a script.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::event::Event;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the next delivery gets; when the script is at its end, 200.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Status(u16),
    /// Takes it and says nothing.
    Stall,
    /// Closes in the middle of the request.
    Die,
    /// 200, and a body without an end.
    Endless,
}

#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub event: Event,
    pub body: String,
}

pub struct Receiver {
    pub address: SocketAddr,
    script: Arc<Mutex<VecDeque<Answer>>>,
    came: watch::Receiver<Vec<Delivery>>,
    pub connections: watch::Receiver<usize>,
}

impl Receiver {
    pub async fn start(script: &[Answer]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(script.iter().copied().collect::<VecDeque<_>>()));
        let (came_out, came) = watch::channel(Vec::new());
        let (connected, connections) = watch::channel(0);
        let left = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected.send_modify(|count| *count += 1);
                let answer = left.lock().unwrap().pop_front().unwrap_or(Answer::Status(200));
                let came = came_out.clone();
                tokio::spawn(async move { take(stream, answer, &came).await });
            }
        });
        Receiver { address, script, came, connections }
    }

    pub fn endpoint(&self, kinds: &str) -> signal::webhooks::Endpoint {
        format!("http://{}/hook?key=x {SECRET} {kinds}", self.address).parse().unwrap()
    }

    pub fn takes_everything(&self) {
        self.script.lock().unwrap().clear();
    }

    /// What came, once it is so much and the last of it is what is waited for.
    pub async fn until(&mut self, done: impl FnMut(&Vec<Delivery>) -> bool) -> Vec<Delivery> {
        let came = tokio::time::timeout(Duration::from_secs(30), self.came.wait_for(done)).await;
        came.expect("it comes").unwrap().clone()
    }
}

async fn take(mut stream: TcpStream, answer: Answer, came: &watch::Sender<Vec<Delivery>>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n @ 1..) => bytes.extend_from_slice(&chunk[..n]),
            _ => return,
        }
        if matches!(answer, Answer::Die) {
            return;
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if body.len() == header(head, "content-length").parse::<usize>().unwrap() {
            break (head.to_owned(), body.to_owned());
        }
    };
    let taken = matches!(answer, Answer::Status(200..=299) | Answer::Endless);
    let delivery = verified(&head, body);
    // A receiver that answers something else has not taken it, but has seen it.
    came.send_modify(|came| {
        if taken || came.last().is_none_or(|last| last.id != delivery.id) {
            came.push(delivery);
        }
    });
    match answer {
        Answer::Status(status) => {
            let text = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Answer::Stall => std::future::pending().await,
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            while stream.write_all(b"10\r\nxxxxxxxxxxxxxxxx\r\n").await.is_ok() {}
        }
        Answer::Die => {}
    }
}

/// As a receiver would check it that knows nothing of our code: the secret, the three headers, and the body.
fn verified(head: &str, body: String) -> Delivery {
    let id = header(head, "webhook-id");
    let signed = format!("{id}.{}.{body}", header(head, "webhook-timestamp"));
    let expected = format!("v1,{}", STANDARD.encode(hmac(&STANDARD.decode(&SECRET[6..]).unwrap(), signed.as_bytes())));
    assert!(header(head, "webhook-signature").split(' ').any(|given| given == expected), "{head}");
    assert!(head.starts_with("POST /hook?key=x HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "content-type"), "application/json");
    let event: Event = serde_json::from_str(&body).unwrap();
    assert_eq!(event.id, id);
    Delivery { id, event, body }
}

/// RFC 2104, by hand.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let hash = |pad: u8, text: &[u8]| {
        let padded: Vec<u8> = block.iter().map(|byte| byte ^ pad).chain(text.iter().copied()).collect();
        digest(&SHA256, &padded).as_ref().to_vec()
    };
    hash(0x5c, &hash(0x36, text))
}

fn header(head: &str, name: &str) -> String {
    let found = head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name}: {head}")).1.to_owned()
}
