//! Webhooks against servers that take what they get, and against such that do not.

use std::time::Duration;

use meetings::Store as _;
use meetings::events::Sequence;
use proto::event::{WebhookState, WebhookView, WebhooksView, What};
use signal::Settings;

use crate::cast::*;
use crate::receiver::{Answer, Delivery, Receiver, SECRET};
use crate::support::{World, bearer, start};

/// Impatient, so that a test is: what is tested does not depend on it.
fn impatient(settings: &mut Settings) {
    settings.webhooks.allow_private = true;
    settings.webhooks.timeout = Duration::from_millis(300);
    settings.webhooks.retry_first = Duration::from_millis(5);
}

async fn world(receiver: &Receiver, kinds: &str) -> World {
    let endpoint = receiver.endpoint(kinds);
    start(|settings| {
        impatient(settings);
        settings.webhooks.endpoints = vec![endpoint];
    })
    .await
}

async fn sign_up(world: &World, n: usize) {
    let body = format!(r#"{{"email":"p{n}@example.org","password":"a horse and a bridge"}}"#);
    assert_eq!(world.send("POST", "/account", &[], &body).await.status, 201);
}

impl World {
    async fn webhooks(&self) -> Vec<WebhookView> {
        let answer = self.ask("GET", "/api/admin/webhooks", &[("Authorization", &bearer(&self.admin()))], "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str::<WebhooksView>(&answer.body).unwrap().webhooks
    }

    async fn replay(&self, from: u64) -> crate::support::Answer {
        let auth = bearer(&self.admin());
        let body = format!(r#"{{"from":{from}}}"#);
        self.send("POST", "/api/admin/webhooks/1/replay", &[("Authorization", &auth)], &body).await
    }

    async fn webhook_is(&self, mut so: impl FnMut(&WebhookView) -> bool) -> WebhookView {
        for _ in 0..3_000 {
            let view = self.webhooks().await.remove(0);
            if so(&view) {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.webhooks().await);
    }
}

/// Of deliveries that were all taken: each event of the log from the first on, in order.
fn assert_whole(came: &[Delivery]) {
    let numbers: Vec<u64> = came.iter().map(|delivery| delivery.event.sequence).collect();
    assert_eq!(numbers, (1..=came.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_event_arrives_in_order_and_signed() {
    let mut receiver = Receiver::start(&[]).await;
    let world = world(&receiver, "").await;
    for n in 0..5 {
        sign_up(&world, n).await;
    }
    let came = receiver.until(|came| came.len() == 6).await;
    assert_whole(&came);
    assert!(matches!(&came[0].event.what, What::NodeStarted { .. }));
    assert!(came[1..].iter().all(|delivery| matches!(&delivery.event.what, What::AccountCreated { .. })));
    let view = world.webhook_is(|view| view.behind == 0).await;
    assert_eq!((view.n, view.state, view.deliveries, view.failures), (1, WebhookState::Working, 6, 0));
    assert_eq!(view.url, format!("http://{}/hook", receiver.address), "without its query");
    let metrics = world.get("/metrics").await.body;
    assert!(metrics.contains("weir_webhook_deliveries_total{webhook=\"1\"} 6\n"), "{metrics}");
    assert!(metrics.contains("weir_events_total 6\n"), "{metrics}");
}

#[tokio::test]
async fn an_event_is_sent_again_until_it_is_taken_and_the_next_one_waits() {
    let bad = [
        Answer::Status(500),
        Answer::Stall,
        Answer::Die,
        Answer::Status(302),
        Answer::Status(404),
        Answer::Status(500),
        Answer::Endless,
        Answer::Status(503),
        Answer::Status(204),
    ];
    let mut receiver = Receiver::start(&bad).await;
    let world = world(&receiver, "").await;
    for n in 0..3 {
        sign_up(&world, n).await;
    }
    let came = receiver.until(|came| came.len() >= 6 && came.last().is_some_and(|last| last.event.sequence == 4)).await;
    let numbers: Vec<u64> = came.iter().map(|delivery| delivery.event.sequence).collect();
    // The first one was seen when it was refused and when it was taken, and so was the second.
    assert_eq!(numbers, [1, 1, 2, 2, 3, 4]);
    for pair in came.chunks(2).take(2) {
        assert_eq!((&pair[0].id, &pair[0].body), (&pair[1].id, &pair[1].body), "the same event, and no other one");
    }
    let view = world.webhook_is(|view| view.behind == 0).await;
    assert_eq!((view.deliveries, view.failures, view.last_error), (4, 7, None));
    assert_eq!(*receiver.connections.borrow(), 11);
}

#[tokio::test]
async fn one_gets_only_the_kinds_it_wants_and_is_not_behind_for_the_others() {
    let mut receiver = Receiver::start(&[]).await;
    let world = world(&receiver, "account.deleted meeting.*").await;
    let person = world.person().await;
    sign_up(&world, 1).await;
    let body = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let path = format!("/account/{}", person.id);
    assert_eq!(world.send("DELETE", &path, &person.header(), &body).await.status, 204);
    let came = receiver.until(|came| !came.is_empty()).await;
    assert_eq!(came[0].event.what, What::AccountDeleted { account_id: person.id.to_string() });
    let view = world.webhook_is(|view| view.behind == 0).await;
    assert_eq!((view.deliveries, view.delivered, view.kinds.as_str()), (1, 3, "account.deleted,meeting.*"));
}

#[tokio::test]
async fn one_that_is_gone_is_stopped_and_a_replay_brings_it_back() {
    let mut receiver = Receiver::start(&[Answer::Status(200), Answer::Status(410)]).await;
    let world = world(&receiver, "").await;
    for n in 0..3 {
        sign_up(&world, n).await;
    }
    let view = world.webhook_is(|view| view.state == WebhookState::Stopped).await;
    assert!(view.last_error.is_some_and(|error| error.contains("410")) && view.failing_since.is_some());
    assert_eq!(view.delivered, 1);
    for wrong in [0, 6, u64::MAX] {
        world.replay(wrong).await.is(422, "bad-input");
    }
    let answer = world.replay(1).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let came = receiver.until(|came| came.len() == 6).await;
    assert_eq!(came.iter().map(|delivery| delivery.event.sequence).collect::<Vec<_>>(), [1, 2, 1, 2, 3, 4]);
    assert_eq!((&came[0].id, &came[0].body), (&came[2].id, &came[2].body));
    world.webhook_is(|view| view.behind == 0 && view.state == WebhookState::Working).await;
    let auth = bearer(&world.admin());
    let nobody = world.send("POST", "/api/admin/webhooks/2/replay", &[("Authorization", &auth)], r#"{"from":1}"#).await;
    nobody.is(404, "nothing-here");
}

#[tokio::test]
async fn what_was_not_taken_before_a_node_stopped_is_delivered_by_the_next_one() {
    let mut receiver = Receiver::start(&[Answer::Status(500); 1_000]).await;
    let mut first = world(&receiver, "").await;
    sign_up(&first, 1).await;
    first.webhook_is(|view| view.failures > 0).await;
    let store = first.store.clone();
    first.stop.take().unwrap().send(()).unwrap();
    first.server.await.unwrap().unwrap();
    assert_eq!(store.last_event().await.unwrap(), Sequence(3), "started, an account, stopped");

    receiver.takes_everything();
    let (kept, endpoint) = (store.clone(), receiver.endpoint(""));
    let _second = start(|settings| {
        impatient(settings);
        settings.people.store = kept;
        settings.webhooks.endpoints = vec![endpoint];
    })
    .await;
    // The first one was seen before, and not taken.
    let came = receiver.until(|came| came.len() >= 5).await;
    assert_eq!(came[0].id, came[1].id);
    assert_whole(&came[1..]);
    assert!(
        matches!(&came[3].event.what, What::NodeStopped {}) && matches!(&came[4].event.what, What::NodeStarted { .. })
    );
}

#[tokio::test]
async fn what_only_this_node_can_reach_is_not_delivered_to() {
    let receiver = Receiver::start(&[]).await;
    let port = receiver.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"] {
        let endpoint = format!("http://{host}:{port}/hook {}", SECRET).parse().unwrap();
        let world = start(|settings| {
            impatient(settings);
            settings.webhooks.allow_private = false;
            settings.webhooks.endpoints = vec![endpoint];
        })
        .await;
        let view = world.webhook_is(|view| view.failures > 0).await;
        let error = view.last_error.unwrap();
        assert!(error.contains("may not be connected to from here"), "{host}: {error}");
    }
    assert_eq!(*receiver.connections.borrow(), 0, "nobody was even connected to");
}
