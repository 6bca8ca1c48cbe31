//! The suite judges others, so it is judged first: a server that keeps the rules passes, and one with a bad habit fails
//! the very check that is about it. The habits are those of real servers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loadgen::conformance::{self, Options, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transport::{Accept, Creds, Fragment, Identity, Offer, Peer, Role, Side};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    None,
    UnquotedTag,
    StarAsTag,
    ShortLocation,
    AnswersSendrecv,
    ForgetsMuxOnly,
    ForgetsBundle,
    NoCandidates,
    ComparesTypesLetterByLetter,
    TakesAnyType,
    TakesAnything,
    NotFoundWhenNotLive,
    GetNotAllowed,
    OptionsNeedsToken,
    NoCorsOnErrors,
    IgnoresMissingTag,
    IgnoresStaleTag,
    TagOnTrickle,
    ChokesOnOddCandidates,
    KeepsTagOnRestart,
    OnlyBareStar,
    ChecksTagOnDelete,
    NeverForgets,
}

use Habit::*;

/// Which check each habit has to fail.
const EXPECTED: &[(Habit, &str)] = &[
    (UnquotedTag, "create: the ETag is strong and quoted"),
    (StarAsTag, "create: the ETag is strong and quoted"),
    (ShortLocation, "create: session URLs cannot be guessed"),
    (AnswersSendrecv, "answer: recvonly to a publisher"),
    (ForgetsMuxOnly, "answer: bundled, rtcp-mux and rtcp-mux-only"),
    (ForgetsBundle, "answer: bundled, rtcp-mux and rtcp-mux-only"),
    (NoCandidates, "answer: has every candidate"),
    (ComparesTypesLetterByLetter, "create: parameters of the content type are fine"),
    (TakesAnyType, "refuse: another content type"),
    (TakesAnything, "refuse: what is not an SDP"),
    (TakesAnything, "refuse: two video tracks"),
    (TakesAnything, "refuse: a publisher that only receives"),
    (NotFoundWhenNotLive, "not live yet: 409 and Retry-After"),
    (GetNotAllowed, "GET and HEAD: 2xx without content"),
    (OptionsNeedsToken, "OPTIONS: 200 without credentials"),
    (NoCorsOnErrors, "CORS: answers and errors can be read"),
    (IgnoresMissingTag, "PATCH: 428 without If-Match"),
    (IgnoresStaleTag, "PATCH: 412 for another tag"),
    (TagOnTrickle, "PATCH: 204 without ETag for candidates"),
    (ChokesOnOddCandidates, "PATCH: unusable candidates are ignored"),
    (KeepsTagOnRestart, "PATCH: * restarts ICE under a new ETag"),
    (OnlyBareStar, "PATCH: a quoted * does as well"),
    (ChecksTagOnDelete, "DELETE: 200, whatever If-Match says"),
    (NeverForgets, "DELETE: then 404, and the room is free"),
];

#[tokio::test]
async fn each_bad_habit_fails_its_check_and_good_manners_pass() {
    for &(habit, check) in EXPECTED {
        assert_eq!(outcome(Habit::None, check).await, Outcome::Passed, "{check}");
        let outcome = outcome(habit, check).await;
        assert!(outcome.is_failure(), "{habit:?} got away with {check:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_and_no_report() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(conformance::run(options(address, ""), |_| ()).await.is_err());
}

async fn outcome(habit: Habit, check: &str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, habit));
    let report = conformance::run(options(address, check), |_| ()).await.unwrap();
    server.abort();
    let [entry] = &report.entries[..] else { panic!("{check} is not one check") };
    entry.outcome.clone()
}

fn options(address: SocketAddr, check: &str) -> Options {
    let base = format!("http://{address}").parse().unwrap();
    let mut options = Options::of_room(&base, "room");
    options.only = Some(check.to_owned());
    options
}

struct Request {
    method: String,
    path: String,
    headers: String,
    body: String,
}

/// One session at a time, as a WHIP endpoint without media.
struct Server {
    habit: Habit,
    identity: Identity,
    session: Option<Session>,
    made: u64,
}

struct Session {
    path: String,
    tag: String,
    peer: Peer,
}

async fn serve(listener: TcpListener, habit: Habit) {
    let identity = Identity::generate().unwrap();
    let server = Arc::new(Mutex::new(Server { habit, identity, session: Option::None, made: 0 }));
    while let Ok((mut stream, _)) = listener.accept().await {
        let server = server.clone();
        tokio::spawn(async move {
            let Some(request) = read(&mut stream).await else { return };
            let answer = server.lock().unwrap().answer(&request);
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut text = String::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        text += &String::from_utf8_lossy(&buffer[..n]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let headers = head.to_owned();
        let length = value(&headers, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            let mut words = head.split(' ');
            let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
            return Some(Request { method, path, headers, body: body.to_owned() });
        }
    }
}

fn value<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &&str| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
    headers.lines().find(named)?.split_once(':').map(|(_, value)| value.trim())
}

impl Server {
    fn answer(&mut self, request: &Request) -> String {
        let (status, mut headers, body) = match request.method.as_str() {
            "POST" if request.path.starts_with("/whip/") => self.publish(request),
            "POST" => match self.habit {
                NotFoundWhenNotLive => (404, String::new(), String::new()),
                _ => (409, "Retry-After: 1\r\n".to_owned(), String::new()),
            },
            "PATCH" => self.patch(request),
            "DELETE" => self.delete(request),
            "OPTIONS" if self.habit == OptionsNeedsToken => (401, String::new(), String::new()),
            "OPTIONS" => (200, "Accept-Post: application/sdp\r\n".to_owned(), String::new()),
            _ if self.habit == GetNotAllowed => (405, String::new(), String::new()),
            _ => (204, String::new(), String::new()),
        };
        if status < 400 || self.habit != NoCorsOnErrors {
            headers += "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Location, ETag, Link\r\n";
        }
        if status != 204 {
            headers += &format!("Content-Length: {}\r\n", body.len());
        }
        format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}\r\n{body}")
    }

    fn publish(&mut self, request: &Request) -> (u16, String, String) {
        let refuse = |status| (status, String::new(), String::new());
        let kind = value(&request.headers, "content-type").unwrap_or_default().to_ascii_lowercase();
        let right = match self.habit {
            TakesAnyType => true,
            ComparesTypesLetterByLetter => value(&request.headers, "content-type") == Some("application/sdp"),
            _ => kind.split(';').next() == Some("application/sdp"),
        };
        if !right {
            return refuse(415);
        }
        if self.habit == TakesAnything {
            let location = "Location: /whip/room/0123456789abcdef0123456789abcdef\r\nContent-Type: application/sdp\r\n";
            return (201, location.to_owned(), "v=0\r\n".to_owned());
        }
        let Ok(offer) = Offer::parse(&request.body) else { return refuse(400) };
        if offer.validate(Role::Publish).is_err() {
            return refuse(422);
        }
        if self.session.is_some() {
            return refuse(409);
        }
        let creds = self.creds();
        let candidates = [SocketAddr::from(([127, 0, 0, 1], 9))];
        let accept = Accept {
            now: Instant::now(),
            identity: &self.identity,
            creds,
            candidates: &candidates,
            offer: &offer,
            side: Side::Publish,
            ssrc_seed: self.made,
        };
        let (peer, answer) = Peer::accept(accept).unwrap();
        let path = match self.habit {
            ShortLocation => format!("/whip/room/{}", self.made),
            _ => format!("/whip/room/{:032x}", self.made),
        };
        let tag = match self.habit {
            UnquotedTag => format!("tag-{}", self.made),
            StarAsTag => "\"*\"".to_owned(),
            _ => format!("\"tag-{}\"", self.made),
        };
        let sdp = self.spoil(&answer.sdp);
        let headers = format!("Content-Type: application/sdp\r\nLocation: {path}\r\nETag: {tag}\r\n");
        self.session = Some(Session { path, tag, peer });
        (201, headers, sdp)
    }

    fn spoil(&self, sdp: &str) -> String {
        let without = |start: &str| {
            let kept = sdp.lines().filter(|line| !line.starts_with(start));
            kept.map(|line| format!("{line}\r\n")).collect::<String>()
        };
        match self.habit {
            AnswersSendrecv => sdp.replace("a=recvonly", "a=sendrecv"),
            ForgetsMuxOnly => without("a=rtcp-mux-only"),
            ForgetsBundle => without("a=group:BUNDLE"),
            NoCandidates => without("a=candidate"),
            _ => sdp.to_owned(),
        }
    }

    fn patch(&mut self, request: &Request) -> (u16, String, String) {
        let refuse = |status| (status, String::new(), String::new());
        let creds = self.creds();
        let habit = self.habit;
        let Some(session) = self.session.as_mut().filter(|session| session.path == request.path) else {
            return refuse(404);
        };
        let given = value(&request.headers, "if-match");
        if given.is_none() && habit != IgnoresMissingTag {
            return refuse(428);
        }
        let given = given.unwrap_or("*");
        let star = given == "*" || (given == "\"*\"" && habit != OnlyBareStar);
        if !star && given != session.tag && habit != IgnoresStaleTag {
            return refuse(412);
        }
        let Ok(fragment) = Fragment::parse(&request.body) else { return refuse(400) };
        if !star {
            if habit == ChokesOnOddCandidates && request.body.contains(".local") {
                return refuse(400);
            }
            let tag = if habit == TagOnTrickle { format!("ETag: {}\r\n", session.tag) } else { String::new() };
            return (204, tag, String::new());
        }
        let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) else { return refuse(400) };
        session.peer.restart_ice(creds, ufrag, pwd).unwrap();
        if habit != KeepsTagOnRestart {
            session.tag = format!("\"tag-{}\"", self.made);
        }
        let headers = format!("Content-Type: application/trickle-ice-sdpfrag\r\nETag: {}\r\n", session.tag);
        (200, headers, session.peer.answer_fragment())
    }

    fn delete(&mut self, request: &Request) -> (u16, String, String) {
        let refuse = |status| (status, String::new(), String::new());
        let Some(session) = self.session.as_ref().filter(|session| session.path == request.path) else {
            return refuse(404);
        };
        let other_tag = value(&request.headers, "if-match").is_some_and(|tag| tag != session.tag);
        if other_tag && self.habit == ChecksTagOnDelete {
            return refuse(412);
        }
        if self.habit != NeverForgets {
            self.session = Option::None;
        }
        refuse(200)
    }

    fn creds(&mut self) -> Creds {
        self.made += 1;
        Creds { ufrag: format!("server{}", self.made), pwd: "a-password-of-the-server-0".to_owned() }
    }
}
