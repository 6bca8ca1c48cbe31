//! Tokens: each is good for one thing, and one that is used up is used by one.

use super::{race, sample};
use crate::{Error, Purpose, Store, Token, UnixTime};

pub async fn a_token_of_each_purpose_comes_back_as_it_was(store: &dyn Store) {
    let ann = sample::account(1);
    let meeting = sample::meeting(1, 1);
    store.add_account(&ann, None).await.unwrap();
    store.add_meeting(&meeting, None).await.unwrap();
    let tokens = [
        sample::token(0, Purpose::Login(ann.id.clone())),
        sample::token(1, Purpose::Reset(ann.id.clone())),
        sample::token(2, Purpose::Confirm(ann.id.clone())),
        sample::seat(3, &meeting.id, &ann.id.clone().into()),
        sample::seat(4, &meeting.id, &sample::guest(1)),
    ];
    for token in &tokens {
        assert_eq!(store.token(&token.hash).await.unwrap(), None);
        store.add_token(token).await.unwrap();
    }
    for token in tokens {
        assert_eq!(store.token(&token.hash).await.unwrap().as_ref(), Some(&token));
        assert!(store.remove_token(&token.hash).await.unwrap());
        assert!(!store.remove_token(&token.hash).await.unwrap());
        assert_eq!(store.token(&token.hash).await.unwrap(), None);
    }
}

pub async fn a_hash_is_taken_once(store: &dyn Store) {
    store.add_account(&sample::account(1), None).await.unwrap();
    let token = sample::login(1);
    store.add_token(&token).await.unwrap();
    let other = Token { purpose: Purpose::Reset(sample::account_id(1)), ..token.clone() };
    assert!(matches!(store.add_token(&other).await, Err(Error::Taken)));
    assert_eq!(store.token(&token.hash).await.unwrap(), Some(token));
}

pub async fn a_token_needs_its_account_and_its_meeting(store: &dyn Store) {
    let (nobody, ann) = (sample::account_id(9), sample::account(1));
    let meeting = sample::meeting(1, 1);
    store.add_account(&ann, None).await.unwrap();
    store.add_meeting(&meeting, None).await.unwrap();
    for token in [
        sample::login(9),
        sample::token(9, Purpose::Reset(nobody.clone())),
        sample::token(9, Purpose::Confirm(nobody.clone())),
        sample::seat(9, &meeting.id, &nobody.into()),
        sample::seat(9, &sample::meeting_id(9), &ann.id.into()),
        sample::seat(9, &sample::meeting_id(9), &sample::guest(9)),
    ] {
        assert!(matches!(store.add_token(&token).await, Err(Error::Missing)), "{token:?}");
        assert_eq!(store.token(&token.hash).await.unwrap(), None);
    }
}

pub async fn of_fifty_who_use_a_token_up_one_does(store: &dyn Store) {
    store.add_account(&sample::account(1), None).await.unwrap();
    let token = sample::token(1, Purpose::Reset(sample::account_id(1)));
    store.add_token(&token).await.unwrap();
    let results = race((0..50).map(|_| store.remove_token(&token.hash))).await;
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(true))).count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(false))).count(), 49, "{results:?}");
}

pub async fn all_tokens_of_an_account_but_one_are_removed(store: &dyn Store) {
    let (ann, bob) = (sample::account(1), sample::account(2));
    let meeting = sample::meeting(1, 1);
    store.add_account(&ann, None).await.unwrap();
    store.add_account(&bob, None).await.unwrap();
    store.add_meeting(&meeting, None).await.unwrap();
    let theirs = [
        sample::token(10, Purpose::Login(ann.id.clone())),
        sample::token(11, Purpose::Login(ann.id.clone())),
        sample::token(12, Purpose::Confirm(ann.id.clone())),
        sample::seat(13, &meeting.id, &ann.id.clone().into()),
    ];
    let others = [sample::login(2), sample::seat(14, &meeting.id, &sample::guest(1))];
    for token in theirs.iter().chain(&others) {
        store.add_token(token).await.unwrap();
    }
    assert_eq!(store.remove_tokens_of(&ann.id, Some(&sample::hash(11))).await.unwrap(), 3);
    assert!(store.token(&sample::hash(11)).await.unwrap().is_some());
    assert_eq!(
        store.remove_tokens_of(&ann.id, Some(&sample::hash(2))).await.unwrap(),
        1,
        "somebody else's is no exception"
    );
    assert_eq!(store.remove_tokens_of(&ann.id, None).await.unwrap(), 0);
    assert_eq!(store.remove_tokens_of(&sample::account_id(9), None).await.unwrap(), 0);
    for token in theirs {
        assert_eq!(store.token(&token.hash).await.unwrap(), None);
    }
    for token in others {
        assert_eq!(store.token(&token.hash).await.unwrap(), Some(token));
    }
}

pub async fn the_seats_of_one_person_are_found_with_their_marks(store: &dyn Store) {
    let (here, there) = (sample::meeting(1, 1), sample::meeting(2, 1));
    store.add_meeting(&here, None).await.unwrap();
    store.add_meeting(&there, None).await.unwrap();
    let (kim, lou) = (sample::guest(1), sample::guest(2));
    let theirs = [sample::seat(20, &here.id, &kim), sample::seat(21, &here.id, &kim), sample::seat(22, &here.id, &kim)];
    for token in theirs.iter().rev() {
        store.add_token(token).await.unwrap();
    }
    store.add_token(&sample::seat(23, &there.id, &kim)).await.unwrap();
    store.add_token(&sample::seat(24, &here.id, &lou)).await.unwrap();
    let found = store.seats(&here.id, &kim).await.unwrap();
    assert_eq!(found, theirs);
    let marks = |token: &Token| matches!(&token.purpose, Purpose::Seat { marks, .. } if !marks.is_empty());
    assert_eq!(found.iter().filter(|token| marks(token)).count(), 2, "one has none");
    assert_eq!(store.seats(&there.id, &lou).await.unwrap(), []);
    store.remove_seats(&here.id, Some(&kim)).await.unwrap();
    assert_eq!(store.seats(&here.id, &kim).await.unwrap(), []);
}

pub async fn seats_are_removed_of_one_person_or_of_everybody(store: &dyn Store) {
    let ann = sample::account(1);
    let (here, there) = (sample::meeting(1, 1), sample::meeting(2, 1));
    store.add_account(&ann, None).await.unwrap();
    for meeting in [&here, &there] {
        store.add_meeting(meeting, None).await.unwrap();
    }
    let guest = sample::guest(1);
    for token in [
        sample::login(1),
        sample::seat(10, &here.id, &ann.id.clone().into()),
        sample::seat(11, &here.id, &guest),
        sample::seat(12, &here.id, &guest),
        sample::seat(13, &here.id, &sample::guest(2)),
        sample::seat(14, &there.id, &guest),
    ] {
        store.add_token(&token).await.unwrap();
    }
    assert_eq!(store.remove_seats(&here.id, Some(&guest)).await.unwrap(), 2);
    assert_eq!(store.remove_seats(&here.id, Some(&guest)).await.unwrap(), 0);
    assert_eq!(store.remove_seats(&sample::meeting_id(9), None).await.unwrap(), 0);
    assert_eq!(store.remove_seats(&here.id, None).await.unwrap(), 2);
    for (hash, stays) in [(1, true), (10, false), (11, false), (12, false), (13, false), (14, true)] {
        assert_eq!(store.token(&sample::hash(hash)).await.unwrap().is_some(), stays, "{hash}");
    }
}

pub async fn numbers_are_kept_whole_or_refused(store: &dyn Store) {
    store.add_account(&sample::account(1), None).await.unwrap();
    let kept = Token { created: UnixTime(0), expires: UnixTime::LAST, ..sample::login(1) };
    store.add_token(&kept).await.unwrap();
    assert_eq!(store.token(&kept.hash).await.unwrap(), Some(kept));
    let purpose = Purpose::Login(sample::account_id(1));
    for beyond in [UnixTime(UnixTime::LAST.0 + 1), UnixTime(u64::MAX)] {
        for token in [
            Token { expires: beyond, ..sample::token(2, purpose.clone()) },
            Token { created: beyond, ..sample::token(2, purpose.clone()) },
        ] {
            assert!(matches!(store.add_token(&token).await, Err(Error::OutOfRange)));
            assert_eq!(store.token(&token.hash).await.unwrap(), None);
        }
    }
}
