//! Whether the time that an answer takes tells strangers who is a member.
//!
//! Two requests are made one after the other, and only which of them took longer counts: a machine that is busy is busy for both, and a pause
//! of a second weighs no more than one of a microsecond. A difference of less than 3 % of a hash is none: nobody can see half a
//! millisecond through a network with the few tries that [`meetings::throttle`] leaves them.

use std::time::{Duration, Instant};

use crate::cast::*;
use crate::support::*;

/// Of what the other took.
const MARGIN: f64 = 0.03;
/// Standard deviations from a fair coin: once in 30,000 runs by chance, while a hash that is not made gives `sqrt(pairs)`.
const TOLD_APART: f64 = 4.0;

/// How far from chance it is that the first of a pair takes longer than the second, or the other way round.
fn told_apart(pairs: &[(Duration, Duration)]) -> f64 {
    let n = pairs.len() as f64;
    let longer = |a: Duration, b: Duration| a.as_secs_f64() > b.as_secs_f64() * (1.0 + MARGIN);
    let first = pairs.iter().filter(|(a, b)| longer(*a, *b)).count() as f64;
    let second = pairs.iter().filter(|(a, b)| longer(*b, *a)).count() as f64;
    (2.0 * first.max(second) - n) / n.sqrt()
}

/// Asks both questions `n` times, and each of them first every other time.
async fn measure(n: usize, mut ask: impl AsyncFnMut(usize, Side) -> Duration) -> f64 {
    let mut pairs = Vec::new();
    for i in 0..n {
        let pair = if i % 2 == 0 {
            let known = ask(i, Side::Known).await;
            (known, ask(i, Side::Unknown).await)
        } else {
            let unknown = ask(i, Side::Unknown).await;
            (ask(i, Side::Known).await, unknown)
        };
        pairs.push(pair);
    }
    told_apart(&pairs)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Known,
    Unknown,
}

#[tokio::test]
async fn a_login_takes_the_same_time_whether_the_address_is_known_or_not() {
    let world = open().await;
    let z = measure(100, async |i, side| {
        let email = match side {
            Side::Known => world.person().await.email,
            Side::Unknown => format!("nobody-{i}@example.org"),
        };
        let began = Instant::now();
        world.log_in(&email, "another password", &[]).await.is(401, "unauthorized");
        began.elapsed()
    })
    .await;
    assert!(z < TOLD_APART, "logins with known addresses can be told from others: z = {z:.1}");
}

#[tokio::test]
async fn signing_up_takes_the_same_time_whether_the_address_is_known_or_not() {
    let world = open().await;
    // Fewer, because a network may make a hundred accounts before it has to wait.
    let z = measure(45, async |i, side| {
        let email = match side {
            Side::Known => world.person().await.email,
            Side::Unknown => format!("new-{i}@example.org"),
        };
        let body = serde_json::json!({ "email": email, "password": PASSWORD }).to_string();
        let began = Instant::now();
        let answer = world.send("POST", "/account", &[], &body).await;
        let took = began.elapsed();
        assert_eq!(answer.status, 201);
        took
    })
    .await;
    assert!(z < TOLD_APART, "known addresses can be told from new ones: z = {z:.1}");
}

/// The same measurement where there is something to see: an account that is known, and a question for which nothing is hashed, as it would be
/// if unknown addresses were refused at once.
#[tokio::test]
async fn a_hash_that_is_left_out_is_seen() {
    let world = open().await;
    let z = measure(20, async |_, side| {
        let known = world.person().await.email;
        let hashes = world.hashes().await;
        let began = Instant::now();
        match side {
            Side::Known => world.log_in(&known, "another password", &[]).await.is(401, "unauthorized"),
            Side::Unknown => world.log_in("no address", "another password", &[]).await.is(422, "bad-input"),
        }
        let took = began.elapsed();
        assert_eq!(world.hashes().await - hashes, u64::from(side == Side::Known));
        took
    })
    .await;
    assert!(z >= TOLD_APART, "z = {z:.1}");
}
