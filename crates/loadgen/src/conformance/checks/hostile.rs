//! What servers meet on the open network.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::conformance::bench::{Bench, Verdict, ensure, expect_refusal, expect_status, failed};

pub async fn large_body(bench: &Bench) -> Verdict {
    let mut offer = bench.publish_offer().await?;
    while offer.len() < 2 << 20 {
        offer.push_str("a=x-padding:abcdefghijklmnopqrstuvwxyz0123456789\r\n");
    }
    let response = bench.post(bench.whip(), &offer).await?;
    expect_refusal("2 MB of SDP", &response)
}

/// Sends a byte a second; the server has to lose its patience before we do.
async fn drip(bench: &Bench, mut socket: TcpStream, start: &str) -> Verdict {
    let gone = |_| ();
    if socket.write_all(start.as_bytes()).await.map_err(gone).is_err() {
        return Ok(());
    }
    let until = Instant::now() + bench.options.patience;
    let mut buffer = [0; 1024];
    while Instant::now() < until {
        match timeout(Duration::from_secs(1), socket.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return Ok(()),
            Ok(Ok(_)) => {} // an answer; the end follows
            Err(_) => {
                if socket.write_all(b"a").await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    failed(format!("the connection is still open after {} s", bench.options.patience.as_secs()))
}

pub async fn slow_head(bench: &Bench) -> Verdict {
    let socket = bench.socket().await?;
    let served_meanwhile = async {
        let response = bench.ask("GET", bench.whip()).await?;
        ensure(response.status.is_success(), || format!("another client got {}", response.status))
    };
    let start = format!("POST {} HTTP/1.1\r\nHost: {}\r\nX: ", bench.whip().target(), bench.whip().authority());
    let (dripped, served) = tokio::join!(drip(bench, socket, &start), served_meanwhile);
    served.and(dripped)
}

pub async fn slow_body(bench: &Bench) -> Verdict {
    let socket = bench.socket().await?;
    let bearer = bench.options.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
    let start = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/sdp\r\nContent-Length: 5000\r\n\r\nv=0\r\n",
        bench.whip().target(),
        bench.whip().authority(),
        bearer.unwrap_or_default(),
    );
    drip(bench, socket, &start).await
}

pub async fn garbage(bench: &Bench) -> Verdict {
    let long = "a".repeat(200_000);
    let heads = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"NONSENSE\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n").into_bytes(),
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n".to_vec(),
    ];
    for head in heads {
        let mut socket = bench.socket().await?;
        let _ = socket.write_all(&head).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(1), socket.take(4096).read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        let success = answer.starts_with("HTTP/1.1 2");
        ensure(!success, || format!("garbage was answered with {}", answer.lines().next().unwrap_or_default()))?;
    }
    let response = bench.ask("GET", bench.whip()).await?;
    ensure(response.status.is_success(), || format!("afterwards GET answered {}", response.status))
}

/// Broken offers as fast as they go, and then one that is good.
pub async fn flood(bench: &Bench) -> Verdict {
    let offer = bench.publish_offer().await?;
    let broken = offer.replace("a=rtpmap", "a=rtpmop").replace("a=sendonly", "a=inactive");
    for _ in 0..10 {
        let round: Vec<_> = (0..20).map(|_| bench.post(bench.whip(), &broken)).collect();
        for response in join_all(round).await {
            let response = response?;
            let status = response.status.as_u16();
            let refused = (400..500).contains(&status) || status == 503;
            ensure(refused, || format!("a broken offer was answered {status}"))?;
            if matches!(status, 429 | 503) {
                ensure(response.header("retry-after").is_some(), || format!("a {status} has no Retry-After"))?;
            }
        }
    }
    let start = Instant::now();
    loop {
        let response = bench.post(bench.whip(), &offer).await?;
        match response.status.as_u16() {
            429 | 503 if start.elapsed() < Duration::from_secs(10) => tokio::time::sleep(Duration::from_secs(1)).await,
            _ => return expect_status("a good offer after the flood", &response, &[201]),
        }
    }
}

/// All at once, on this task.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
