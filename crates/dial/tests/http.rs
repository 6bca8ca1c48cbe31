//! The client against a server of a few lines that keeps what it was sent.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use dial::Error;
use dial::{Client, Request, Url};

/// Answers one connection with `answer` and returns the request as it came.
fn serve_once(answer: &'static str) -> (Url, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/whip/demo?a=b", listener.local_addr().unwrap()).parse().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut chunk) {
            request.extend_from_slice(&chunk[..n]);
            if request.ends_with(b"v=0") {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

fn post(url: Url) -> Request {
    Request::new("POST", url).bearer(Some("secret")).header("if-match", "\"1\"").body("application/sdp", "v=0")
}

#[tokio::test]
async fn a_request_arrives_as_asked_and_a_redirect_is_not_followed() {
    let (url, server) =
        serve_once("HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 2\r\n\r\nhi");
    let response = Client::new().send(post(url.clone())).await.unwrap();
    assert_eq!(response.status, 307);
    assert_eq!(url.join(response.header("location").unwrap()).unwrap().target(), "/other");
    assert_eq!(response.text(), "hi");

    let request = server.join().unwrap().to_lowercase();
    assert!(request.starts_with("post /whip/demo?a=b http/1.1\r\n"), "{request}");
    for line in
        ["authorization: bearer secret", "if-match: \"1\"", "content-type: application/sdp", "content-length: 3"]
    {
        assert!(request.contains(line), "{line}: {request}");
    }
    assert_eq!(request.matches("host: ").count(), 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_a_timeout_and_none_at_all_names_the_address() {
    let (url, _server) = serve_once("HTTP/1.1 200 OK\r\n");
    let client = Client::new().with_timeout(Duration::from_millis(100));
    let error = client.send(post(url)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client.send(post(format!("http://{closed}/").parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains(&closed.to_string()), "{error}");
}

#[tokio::test]
async fn an_address_that_is_not_admitted_is_not_connected_to_by_whatever_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new().connecting_only_to(|address| !address.to_canonical().is_loopback());
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let url: Url = format!("http://{host}:{port}/").parse().unwrap();
        let error = client.send(post(url)).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{host}: {error}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody has called");
}

#[tokio::test]
async fn of_a_long_answer_no_more_is_read_than_was_asked_for() {
    let (url, _server) =
        serve_once("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n0123456789abcdef and it goes on");
    let response = Client::new().reading_at_most(16).send(post(url)).await.unwrap();
    assert_eq!((response.status.as_u16(), response.text().as_ref()), (200, "0123456789abcdef"));
}
