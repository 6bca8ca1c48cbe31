//! What is forgotten, and when: to the second.

use super::sample;
use crate::{Added, Meeting, Once, Purpose, Store, Token, UnixTime};

pub async fn what_has_expired_is_forgotten_and_nothing_else(store: &dyn Store) {
    let ann = sample::account(1);
    store.add_account(&ann, None).await.unwrap();
    let login = |n: u64, expires: u64| Token {
        expires: UnixTime(expires),
        ..sample::token(n, Purpose::Login(sample::account_id(1)))
    };
    for token in [login(1, 99), login(2, 100), login(3, 101)] {
        store.add_token(&token).await.unwrap();
    }
    let meetings = [(1, None), (2, Some(49)), (3, Some(50)), (4, Some(0))];
    for (n, ended) in meetings {
        let meeting = Meeting { ended: ended.map(UnixTime), ..sample::meeting(n, 1) };
        let once = Once { until: UnixTime(98 + n), ..sample::once(n, n) };
        store.add_meeting(&meeting, Some(&once)).await.unwrap();
        store.add_recipient(&meeting.id, &ann.id).await.unwrap();
        let seat = sample::seat(10 + n, &meeting.id, &sample::guest(1));
        store.add_token(&Token { expires: UnixTime(1_000), ..seat }).await.unwrap();
    }
    store.append_audit(&sample::audit(1)).await.unwrap();

    // Two logins, the two keys that were to be remembered until 99 and 100, and the two meetings that were over before 50.
    assert_eq!(store.forget(UnixTime(100), UnixTime(50)).await.unwrap(), 6);
    for (hash, stays) in [(1, false), (2, false), (3, true), (11, true), (12, false), (13, true), (14, false)] {
        assert_eq!(store.token(&sample::hash(hash)).await.unwrap().is_some(), stays, "token {hash}");
    }
    for (n, stays) in [(1, true), (2, false), (3, true), (4, false)] {
        let id = sample::meeting_id(n);
        assert_eq!(store.meeting(&id).await.unwrap().is_some(), stays, "meeting {n}");
        assert_eq!(store.recipients(&id).await.unwrap().len(), usize::from(stays), "recipients of meeting {n}");
    }
    for (n, remembered) in [(1, false), (2, false), (3, true), (4, true)] {
        let again = store.add_meeting(&sample::meeting(20 + n, 1), Some(&sample::once(n, n))).await.unwrap();
        assert_eq!(again, if remembered { Added::Before(sample::meeting_id(n)) } else { Added::New }, "key {n}");
    }
    assert_eq!(store.forget(UnixTime(100), UnixTime(50)).await.unwrap(), 0);
    assert_eq!(store.account(&ann.id).await.unwrap(), Some(ann));
    assert_eq!(store.audit(None, 10).await.unwrap().items.len(), 1);
}

pub async fn a_forgotten_key_may_be_used_again(store: &dyn Store) {
    let once = sample::once(1, 1);
    store.add_account(&sample::account(1), Some(&once)).await.unwrap();
    assert_eq!(store.forget(once.until, UnixTime(0)).await.unwrap(), 1);
    let other = Once { request: sample::once(1, 2).request, ..once };
    assert_eq!(store.add_account(&sample::account(2), Some(&other)).await.unwrap(), Added::New);
}

pub async fn the_ends_of_time_are_no_trap(store: &dyn Store) {
    store.add_account(&sample::account(1), None).await.unwrap();
    store.add_token(&Token { expires: UnixTime(0), ..sample::login(1) }).await.unwrap();
    let over = Meeting { ended: Some(UnixTime(0)), ..sample::meeting(1, 1) };
    store.add_meeting(&over, None).await.unwrap();
    // What expires at 0 has expired at 0; nothing was over before 0.
    assert_eq!(store.forget(UnixTime(0), UnixTime(0)).await.unwrap(), 1);
    assert_eq!(store.forget(UnixTime(0), UnixTime(1)).await.unwrap(), 1);

    store.add_token(&Token { expires: UnixTime::LAST, ..sample::login(1) }).await.unwrap();
    store.add_meeting(&Meeting { ended: Some(UnixTime::LAST), ..over.clone() }, None).await.unwrap();
    assert_eq!(store.forget(UnixTime(UnixTime::LAST.0 - 1), UnixTime::LAST).await.unwrap(), 0);
    assert_eq!(store.forget(UnixTime(u64::MAX), UnixTime(u64::MAX)).await.unwrap(), 2);
}

/// More than any store removes in one step.
pub async fn much_is_forgotten_in_one_go(store: &dyn Store) {
    store.add_account(&sample::account(1), None).await.unwrap();
    let tokens: Vec<Token> = (0..1_100).map(|n| sample::token(n, Purpose::Login(sample::account_id(1)))).collect();
    super::race(tokens.iter().map(|token| store.add_token(token)))
        .await
        .into_iter()
        .for_each(|added| added.expect("each has a hash of its own"));
    assert_eq!(store.forget(UnixTime::LAST, UnixTime(0)).await.unwrap(), 1_100);
    assert_eq!(store.token(&sample::hash(500)).await.unwrap(), None);
}
