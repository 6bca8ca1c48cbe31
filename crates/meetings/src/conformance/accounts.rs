//! Accounts: found, taken, repeated, replaced, removed.

use super::{race, sample};
use crate::{Account, Added, Error, Store, UnixTime, Version};

pub async fn an_account_is_found_by_its_id_and_by_its_address(store: &dyn Store) {
    let (ann, bob) = (sample::account(2), sample::account(3));
    assert!(matches!(store.account(&ann.id).await, Ok(None)));
    assert!(matches!(store.account_by_email(&ann.email).await, Ok(None)));
    for account in [&ann, &bob] {
        assert!(matches!(store.add_account(account, None).await, Ok(Added::New)));
    }
    for account in [&ann, &bob] {
        assert_eq!(store.account(&account.id).await.unwrap().as_ref(), Some(account));
        assert_eq!(store.account_by_email(&account.email).await.unwrap().as_ref(), Some(account));
    }
}

pub async fn an_address_and_an_id_belong_to_one_account(store: &dyn Store) {
    let ann = sample::account(1);
    store.add_account(&ann, None).await.unwrap();
    let same_address = Account { id: sample::account_id(2), ..ann.clone() };
    let same_id = Account { email: sample::account(2).email, ..ann.clone() };
    for taken in [&same_address, &same_id] {
        assert!(matches!(store.add_account(taken, None).await, Err(Error::Taken)));
    }
    assert_eq!(store.account(&same_address.id).await.unwrap(), None, "what is refused changes nothing");
    assert_eq!(store.account(&ann.id).await.unwrap(), Some(ann));
}

pub async fn of_many_who_sign_up_with_one_address_one_gets_it(store: &dyn Store) {
    let email = sample::account(1).email;
    let accounts: Vec<Account> = (1..=20).map(|n| Account { email: email.clone(), ..sample::account(n) }).collect();
    let results = race(accounts.iter().map(|account| store.add_account(account, None))).await;
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(Added::New))).count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::Taken))).count(), 19, "{results:?}");
    let winner = results.iter().position(|result| result.is_ok()).expect("one of them");
    assert_eq!(store.account_by_email(&email).await.unwrap().as_ref(), Some(&accounts[winner]));
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(store.account(&account.id).await.unwrap().is_some(), n == winner);
    }
}

pub async fn a_repeated_request_finds_the_account_that_the_first_one_made(store: &dyn Store) {
    let (once, first) = (sample::once(1, 1), sample::account(1));
    assert_eq!(store.add_account(&first, Some(&once)).await.unwrap(), Added::New);
    // The repetition has an id of its own, because ids are random, and the same address: it comes first that it is repeated.
    let again = Account { id: sample::account_id(2), ..first.clone() };
    assert_eq!(store.add_account(&again, Some(&once)).await.unwrap(), Added::Before(first.id.clone()));
    assert_eq!(store.account(&again.id).await.unwrap(), None);
}

pub async fn a_key_that_comes_with_another_request_is_refused(store: &dyn Store) {
    store.add_account(&sample::account(1), Some(&sample::once(1, 1))).await.unwrap();
    let other = sample::account(2);
    assert!(matches!(store.add_account(&other, Some(&sample::once(1, 2))).await, Err(Error::KeyReused)));
    assert_eq!(store.account(&other.id).await.unwrap(), None);
    assert_eq!(store.add_account(&other, Some(&sample::once(2, 2))).await.unwrap(), Added::New);
}

pub async fn a_refused_request_is_not_remembered(store: &dyn Store) {
    let ann = sample::account(1);
    store.add_account(&ann, None).await.unwrap();
    let once = sample::once(1, 1);
    let refused = Account { id: sample::account_id(2), ..ann };
    assert!(matches!(store.add_account(&refused, Some(&once)).await, Err(Error::Taken)));
    assert_eq!(store.add_account(&sample::account(3), Some(&once)).await.unwrap(), Added::New);
}

pub async fn of_requests_that_are_repeated_at_once_one_makes_the_account(store: &dyn Store) {
    let once = sample::once(1, 1);
    let accounts: Vec<Account> = (1..=20).map(sample::account).collect();
    let results = race(accounts.iter().map(|account| store.add_account(account, Some(&once)))).await;
    let made: Vec<usize> = (0..20).filter(|n| matches!(results[*n], Ok(Added::New))).collect();
    let [winner] = made[..] else { panic!("one of them makes it: {results:?}") };
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(store.account(&account.id).await.unwrap().is_some(), n == winner);
        let found = matches!(&results[n], Ok(Added::Before(id)) if *id == accounts[winner].id);
        assert!(n == winner || found, "{:?}", results[n]);
    }
}

pub async fn an_account_is_replaced_by_who_has_read_it_last(store: &dyn Store) {
    let before = sample::account(1);
    assert!(matches!(store.replace_account(&before).await, Err(Error::Missing)));
    store.add_account(&before, None).await.unwrap();
    let changed = Account { version: before.version, id: before.id.clone(), ..sample::account(6) };
    assert_eq!(store.replace_account(&changed).await.unwrap(), Version(2));
    let stored = Account { version: Version(2), ..changed.clone() };
    assert_eq!(store.account(&before.id).await.unwrap(), Some(stored.clone()));
    // Too old, and from the future.
    for version in [0, 1, 3] {
        let late = Account { version: Version(version), ..before.clone() };
        assert!(matches!(store.replace_account(&late).await, Err(Error::Changed)), "{version}");
    }
    assert_eq!(store.account(&before.id).await.unwrap(), Some(stored));
}

pub async fn an_address_that_was_given_up_is_free_and_one_that_is_not_is_taken(store: &dyn Store) {
    let (ann, bob) = (sample::account(1), sample::account(2));
    store.add_account(&ann, None).await.unwrap();
    store.add_account(&bob, None).await.unwrap();
    let as_bob = Account { email: bob.email.clone(), ..ann.clone() };
    assert!(matches!(store.replace_account(&as_bob).await, Err(Error::Taken)));
    assert_eq!(store.account(&ann.id).await.unwrap(), Some(ann.clone()), "what is refused changes nothing");
    assert_eq!(store.account_by_email(&bob.email).await.unwrap(), Some(bob.clone()));
    let late = Account { version: Version(7), ..as_bob };
    assert!(matches!(store.replace_account(&late).await, Err(Error::Changed)), "a late writer hears that first");

    let moved = Account { email: sample::account(3).email, ..ann.clone() };
    assert_eq!(store.replace_account(&moved).await.unwrap(), Version(2));
    assert_eq!(store.account_by_email(&ann.email).await.unwrap(), None);
    let heir = Account { email: ann.email.clone(), ..sample::account(4) };
    assert_eq!(store.add_account(&heir, None).await.unwrap(), Added::New);
    assert_eq!(store.account_by_email(&ann.email).await.unwrap(), Some(heir));
}

pub async fn of_many_who_replace_an_account_one_wins(store: &dyn Store) {
    let account = sample::account(1);
    store.add_account(&account, None).await.unwrap();
    let writers: Vec<Account> =
        (10..30).map(|n| Account { name: sample::account(n).name, ..account.clone() }).collect();
    let results = race(writers.iter().map(|writer| store.replace_account(writer))).await;
    let won: Vec<usize> = (0..20).filter(|n| matches!(results[*n], Ok(Version(2)))).collect();
    let [winner] = won[..] else { panic!("one of them wins: {results:?}") };
    assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::Changed))).count(), 19, "{results:?}");
    let stored = Account { version: Version(2), ..writers[winner].clone() };
    assert_eq!(store.account(&account.id).await.unwrap(), Some(stored));
}

pub async fn an_account_that_is_removed_takes_its_tokens_and_places_and_leaves_its_meetings(store: &dyn Store) {
    let (ann, bob) = (sample::account(1), sample::account(2));
    assert!(!store.remove_account(&ann.id).await.unwrap());
    store.add_account(&ann, None).await.unwrap();
    store.add_account(&bob, None).await.unwrap();
    let meeting = sample::meeting(1, 1);
    store.add_meeting(&meeting, None).await.unwrap();
    let tokens = [
        sample::login(1),
        sample::seat(10, &meeting.id, &ann.id.clone().into()),
        sample::login(2),
        sample::seat(11, &meeting.id, &sample::guest(1)),
    ];
    for token in &tokens {
        store.add_token(token).await.unwrap();
    }
    store.add_recipient(&meeting.id, &ann.id).await.unwrap();
    store.add_recipient(&meeting.id, &bob.id).await.unwrap();

    assert!(store.remove_account(&ann.id).await.unwrap());
    assert!(!store.remove_account(&ann.id).await.unwrap());
    assert_eq!(store.account(&ann.id).await.unwrap(), None);
    assert_eq!(store.account_by_email(&ann.email).await.unwrap(), None);
    for (token, stays) in tokens.iter().zip([false, false, true, true]) {
        assert_eq!(store.token(&token.hash).await.unwrap().is_some(), stays, "{token:?}");
    }
    assert_eq!(store.recipients(&meeting.id).await.unwrap(), [bob.id]);
    assert_eq!(store.meeting(&meeting.id).await.unwrap(), Some(meeting.clone()));
    assert_eq!(store.meetings_of(&ann.id, None, 10).await.unwrap().items, [meeting]);
    assert_eq!(store.add_account(&ann, None).await.unwrap(), Added::New, "the address is free again");
}

pub async fn numbers_are_kept_whole_or_refused(store: &dyn Store) {
    let edge = UnixTime::LAST.0;
    let kept = Account { created: UnixTime::LAST, version: Version(edge - 1), ..sample::account(1) };
    store.add_account(&kept, None).await.unwrap();
    assert_eq!(store.account(&kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.replace_account(&kept).await.unwrap(), Version(edge));
    let last = Account { version: Version(edge), ..kept };
    assert_eq!(store.account(&last.id).await.unwrap(), Some(last.clone()));
    assert!(
        matches!(store.replace_account(&last).await, Err(Error::OutOfRange)),
        "no version comes behind the last one"
    );
    for beyond in [edge + 1, u64::MAX] {
        let refused = [
            Account { created: UnixTime(beyond), ..sample::account(2) },
            Account { version: Version(beyond), ..sample::account(2) },
        ];
        for account in &refused {
            assert!(matches!(store.add_account(account, None).await, Err(Error::OutOfRange)), "{beyond}");
            assert!(matches!(store.replace_account(account).await, Err(Error::OutOfRange)), "{beyond}");
        }
        let late = crate::Once { until: UnixTime(beyond), ..sample::once(1, 1) };
        assert!(matches!(store.add_account(&sample::account(2), Some(&late)).await, Err(Error::OutOfRange)));
    }
    assert_eq!(store.account(&sample::account_id(2)).await.unwrap(), None);
    assert_eq!(store.account(&last.id).await.unwrap(), Some(last));
    let first = Account { created: UnixTime(0), version: Version(0), ..sample::account(3) };
    store.add_account(&first, None).await.unwrap();
    assert_eq!(store.account(&first.id).await.unwrap(), Some(first));
}

pub async fn names_of_any_script_and_length_come_back_as_they_were(store: &dyn Store) {
    let names = ["O'Brien; DROP TABLE accounts --", "👩‍👩‍👧‍👦", "ﬁ", "é", "e\u{301}", "王小明", "\"%_\\", "محمد"];
    let longest = "𝄞".repeat(crate::PersonName::CHARS_MAX);
    for (n, name) in names.into_iter().chain([longest.as_str()]).enumerate() {
        let account = Account { name: name.parse().expect("a name"), ..sample::account(n as u64) };
        store.add_account(&account, None).await.unwrap();
        assert_eq!(store.account(&account.id).await.unwrap(), Some(account));
    }
    // Addresses that no database may take for one: case is the parser's business, everything else differs.
    for (n, email) in ["é@example.org", "e@example.org", "e\u{301}@example.org", "ß@example.org", "ss@example.org"]
        .into_iter()
        .enumerate()
    {
        let account = Account { email: email.parse().expect("an address"), ..sample::account(100 + n as u64) };
        assert_eq!(store.add_account(&account, None).await.unwrap(), Added::New, "{email}");
        assert_eq!(store.account_by_email(&account.email).await.unwrap(), Some(account), "{email}");
    }
}

pub async fn everybody_is_listed_once_in_the_order_of_their_addresses(store: &dyn Store) {
    let nobody = store.accounts(None, 10).await.unwrap();
    assert!(nobody.items.is_empty() && !nobody.more);
    let mut emails: Vec<_> = (0..7).map(|n| sample::account(n * 5 % 7).email).collect();
    for n in 0..7 {
        store.add_account(&sample::account(n * 5 % 7), None).await.unwrap();
    }
    emails.sort();
    for limit in [1, 2, 3, 7, 8, u32::MAX] {
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = store.accounts(after.as_ref(), limit).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            after = page.items.last().map(|account| account.email.clone()).or(after);
            read.extend(page.items);
            if !page.more {
                break;
            }
        }
        assert_eq!(read.iter().map(|account| account.email.clone()).collect::<Vec<_>>(), emails, "by {limit}");
    }
    let none = store.accounts(None, 0).await.unwrap();
    assert!(none.items.is_empty() && none.more);
    let behind = store.accounts(emails.last(), 10).await.unwrap();
    assert!(behind.items.is_empty() && !behind.more);
}

pub async fn a_list_of_accounts_goes_on_behind_an_address_that_is_gone(store: &dyn Store) {
    for n in 0..4 {
        store.add_account(&sample::account(n), None).await.unwrap();
    }
    let first = store.accounts(None, 2).await.unwrap();
    let last = first.items.last().expect("two accounts");
    assert!(store.remove_account(&last.id).await.unwrap());
    let rest = store.accounts(Some(&last.email), 10).await.unwrap();
    assert_eq!(rest.items.len(), 2);
    assert!(rest.items.iter().all(|account| account.email > last.email) && !rest.more);
}
