//! Meetings: made once, changed by who has read them last, leafed through, removed with all that hangs below them.

use super::{race, sample};
use crate::meeting::PasscodeHash;
use crate::{AccountId, Added, Error, Meeting, MeetingId, PasswordHash, Settings, Store, UnixTime, Version};

pub async fn a_meeting_comes_back_as_it_was(store: &dyn Store) {
    assert_eq!(store.meeting(&sample::meeting_id(1)).await.unwrap(), None);
    let full = Settings {
        title: "ꙮ".repeat(Settings::TITLE_CHARS_MAX),
        passcode: Some(PasscodeHash(PasswordHash("$argon2id$'\"\\".to_owned()))),
        co_hosts: (0..Settings::CO_HOSTS_MAX as u64).map(sample::account_id).collect(),
        banned: (0..Settings::BANNED_MAX as u64).map(sample::guest).collect(),
        ..Settings::default()
    };
    let meetings = [
        sample::meeting(1, 1),
        Meeting { ended: Some(UnixTime(0)), ..sample::meeting(2, 1) },
        Meeting { ended: Some(UnixTime::LAST), settings: full, ..sample::meeting(3, 1) },
        // Whoever asks checks lengths; what gets here is kept.
        Meeting {
            server: String::new(),
            settings: Settings { title: "long ".repeat(20_000), ..Settings::default() },
            ..sample::meeting(4, 1)
        },
    ];
    for meeting in &meetings {
        assert_eq!(store.add_meeting(meeting, None).await.unwrap(), Added::New);
    }
    for meeting in meetings {
        assert_eq!(store.meeting(&meeting.id).await.unwrap(), Some(meeting));
    }
}

pub async fn an_id_belongs_to_one_meeting(store: &dyn Store) {
    let first = sample::meeting(1, 1);
    store.add_meeting(&first, None).await.unwrap();
    let second = Meeting { id: first.id.clone(), ..sample::meeting(2, 2) };
    assert!(matches!(store.add_meeting(&second, None).await, Err(Error::Taken)));
    assert!(matches!(store.add_meeting(&second, Some(&sample::once(1, 1))).await, Err(Error::Taken)));
    assert_eq!(store.meeting(&first.id).await.unwrap(), Some(first));
}

pub async fn a_repeated_request_finds_the_meeting_that_the_first_one_made(store: &dyn Store) {
    let (once, first) = (sample::once(1, 1), sample::meeting(1, 1));
    assert_eq!(store.add_meeting(&first, Some(&once)).await.unwrap(), Added::New);
    let again = sample::meeting(2, 1);
    assert_eq!(store.add_meeting(&again, Some(&once)).await.unwrap(), Added::Before(first.id.clone()));
    assert_eq!(store.meeting(&again.id).await.unwrap(), None);
    let other = sample::once(1, 2);
    assert!(matches!(store.add_meeting(&again, Some(&other)).await, Err(Error::KeyReused)));
    // Also when it is gone since: the answer was given once, and the request was not made twice.
    assert!(store.remove_meeting(&first.id).await.unwrap());
    assert_eq!(store.add_meeting(&again, Some(&once)).await.unwrap(), Added::Before(first.id));
}

pub async fn of_requests_that_are_repeated_at_once_one_makes_the_meeting(store: &dyn Store) {
    let once = sample::once(1, 1);
    let meetings: Vec<Meeting> = (1..=20).map(|n| sample::meeting(n, 1)).collect();
    let results = race(meetings.iter().map(|meeting| store.add_meeting(meeting, Some(&once)))).await;
    let made: Vec<usize> = (0..20).filter(|n| matches!(results[*n], Ok(Added::New))).collect();
    let [winner] = made[..] else { panic!("one of them makes it: {results:?}") };
    for (n, result) in results.iter().enumerate() {
        let found = matches!(result, Ok(Added::Before(id)) if *id == meetings[winner].id);
        assert!(n == winner || found, "{result:?}");
    }
    let kept = store.meetings_of(&sample::account_id(1), None, 100).await.unwrap();
    assert_eq!(kept.items, [meetings[winner].clone()]);
}

pub async fn a_key_for_an_account_is_not_one_for_a_meeting(store: &dyn Store) {
    let once = sample::once(1, 1);
    store.add_account(&sample::account(1), Some(&once)).await.unwrap();
    assert!(matches!(store.add_meeting(&sample::meeting(1, 1), Some(&once)).await, Err(Error::KeyReused)));
    assert_eq!(store.meeting(&sample::meeting_id(1)).await.unwrap(), None);
}

pub async fn a_meeting_is_replaced_by_who_has_read_it_last(store: &dyn Store) {
    let before = sample::meeting(1, 1);
    assert!(matches!(store.replace_meeting(&before).await, Err(Error::Missing)));
    store.add_meeting(&before, None).await.unwrap();
    // Every field differs, and the meeting has ended.
    let after = Meeting { id: before.id.clone(), ended: Some(UnixTime(5)), ..sample::meeting(30, 2) };
    assert_eq!(store.replace_meeting(&after).await.unwrap(), Version(2));
    let stored = Meeting { version: Version(2), ..after };
    assert_eq!(store.meeting(&before.id).await.unwrap(), Some(stored.clone()));
    for version in [0, 1, 3] {
        let late = Meeting { version: Version(version), ..before.clone() };
        assert!(matches!(store.replace_meeting(&late).await, Err(Error::Changed)), "{version}");
    }
    assert_eq!(store.meeting(&before.id).await.unwrap(), Some(stored.clone()));
    let reopened = Meeting { ended: None, ..stored };
    assert_eq!(store.replace_meeting(&reopened).await.unwrap(), Version(3));
    assert_eq!(store.meeting(&before.id).await.unwrap(), Some(Meeting { version: Version(3), ..reopened }));
}

pub async fn of_many_who_replace_a_meeting_one_wins(store: &dyn Store) {
    let meeting = sample::meeting(1, 1);
    store.add_meeting(&meeting, None).await.unwrap();
    for round in 1..=5 {
        let writers: Vec<Meeting> = (0..10)
            .map(|n| Meeting { server: format!("{round}-{n}"), version: Version(round), ..meeting.clone() })
            .collect();
        let results = race(writers.iter().map(|writer| store.replace_meeting(writer))).await;
        let won: Vec<usize> = (0..10).filter(|n| results[*n].is_ok()).collect();
        let [winner] = won[..] else { panic!("one of them wins: {results:?}") };
        assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::Changed))).count(), 9, "{results:?}");
        let stored = store.meeting(&meeting.id).await.unwrap().expect("it is there");
        assert_eq!((stored.version, &stored.server), (Version(round + 1), &writers[winner].server));
    }
}

/// Ten writers who each ban somebody and try again when they were late: all ten are banned in the end.
pub async fn nothing_is_lost_by_writers_who_read_again(store: &dyn Store) {
    let meeting = Meeting { settings: Settings::default(), ..sample::meeting(1, 1) };
    store.add_meeting(&meeting, None).await.unwrap();
    let id = &meeting.id;
    race((0..10).map(|n| async move {
        loop {
            let mut read = store.meeting(id).await.unwrap().expect("it is there");
            read.settings.banned.insert(sample::guest(n));
            match store.replace_meeting(&read).await {
                Ok(_) => break,
                Err(Error::Changed) => continue,
                Err(error) => panic!("{error}"),
            }
        }
    }))
    .await;
    let stored = store.meeting(id).await.unwrap().expect("it is there");
    assert_eq!((stored.settings.banned.len(), stored.version), (10, Version(11)));
}

pub async fn numbers_are_kept_whole_or_refused(store: &dyn Store) {
    let edge = UnixTime::LAST.0;
    let kept = Meeting { created: UnixTime(0), version: Version(edge - 1), ..sample::meeting(1, 1) };
    store.add_meeting(&kept, None).await.unwrap();
    assert_eq!(store.replace_meeting(&kept).await.unwrap(), Version(edge));
    let last = Meeting { version: Version(edge), ..kept };
    assert!(matches!(store.replace_meeting(&last).await, Err(Error::OutOfRange)));
    assert_eq!(store.meeting(&last.id).await.unwrap(), Some(last));
    for beyond in [edge + 1, u64::MAX] {
        for meeting in [
            Meeting { created: UnixTime(beyond), ..sample::meeting(2, 1) },
            Meeting { ended: Some(UnixTime(beyond)), ..sample::meeting(2, 1) },
            Meeting { version: Version(beyond), ..sample::meeting(2, 1) },
        ] {
            assert!(matches!(store.add_meeting(&meeting, None).await, Err(Error::OutOfRange)), "{meeting:?}");
            assert!(matches!(store.replace_meeting(&meeting).await, Err(Error::OutOfRange)), "{meeting:?}");
        }
        let late = crate::Once { until: UnixTime(beyond), ..sample::once(1, 1) };
        assert!(matches!(store.add_meeting(&sample::meeting(2, 1), Some(&late)).await, Err(Error::OutOfRange)));
    }
    assert_eq!(store.meeting(&sample::meeting_id(2)).await.unwrap(), None);
}

pub async fn a_host_leafs_through_their_meetings_the_latest_first(store: &dyn Store) {
    let host = sample::account_id(1);
    let empty = store.meetings_of(&host, None, 10).await.unwrap();
    assert!(empty.items.is_empty() && !empty.more);
    // Three at each time, from the beginning of time to its end, and those of somebody else between them.
    let times = [0, 5, 1_700_000_000, UnixTime::LAST.0];
    let mut theirs = Vec::new();
    for (n, time) in times.into_iter().flat_map(|time| [time; 3]).enumerate() {
        let meeting = Meeting { created: UnixTime(time), ..sample::meeting(100 + n as u64 * 7919, 1) };
        store.add_meeting(&meeting, None).await.unwrap();
        store.add_meeting(&Meeting { created: UnixTime(time), ..sample::meeting(n as u64, 2) }, None).await.unwrap();
        theirs.push(meeting);
    }
    theirs.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    for limit in [1, 2, 3, 5, 11, 12, 13, u32::MAX] {
        assert_eq!(leaf_through(store, &host, limit).await, theirs, "{limit} at a time");
    }
    let none = store.meetings_of(&host, None, 0).await.unwrap();
    assert!(none.items.is_empty() && none.more, "a page of nothing still says that there is more");
    let behind = store.meetings_of(&host, Some(&theirs[11].id), 0).await.unwrap();
    assert!(behind.items.is_empty() && !behind.more);
    let whole = store.meetings_of(&host, None, 12).await.unwrap();
    assert!(whole.items.len() == 12 && !whole.more, "a page that is just full is the last one");
}

async fn leaf_through(store: &dyn Store, host: &AccountId, limit: u32) -> Vec<Meeting> {
    let mut read: Vec<Meeting> = Vec::new();
    loop {
        let after: Option<MeetingId> = read.last().map(|meeting| meeting.id.clone());
        let page = store.meetings_of(host, after.as_ref(), limit).await.unwrap();
        assert!(page.items.len() <= limit as usize && !(page.items.is_empty() && page.more));
        read.extend(page.items);
        if !page.more {
            return read;
        }
    }
}

pub async fn pages_do_not_move_when_something_is_added(store: &dyn Store) {
    let host = sample::account_id(1);
    let at = |n: u64, time: u64| Meeting { created: UnixTime(time), ..sample::meeting(n, 1) };
    for (n, time) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
        store.add_meeting(&at(n, time), None).await.unwrap();
    }
    let first = store.meetings_of(&host, None, 2).await.unwrap();
    assert_eq!((first.items, first.more), (vec![at(4, 40), at(3, 30)], true));
    // One before the cursor, which the next page must not show, and one behind it, which it must.
    store.add_meeting(&at(5, 50), None).await.unwrap();
    store.add_meeting(&at(6, 15), None).await.unwrap();
    let second = store.meetings_of(&host, Some(&sample::meeting_id(3)), 2).await.unwrap();
    assert_eq!((second.items, second.more), (vec![at(2, 20), at(6, 15)], true));
    let third = store.meetings_of(&host, Some(&sample::meeting_id(6)), 2).await.unwrap();
    assert_eq!((third.items, third.more), (vec![at(1, 10)], false));
}

pub async fn a_page_behind_a_meeting_that_is_gone_is_refused(store: &dyn Store) {
    let host = sample::account_id(1);
    store.add_meeting(&sample::meeting(1, 1), None).await.unwrap();
    let gone = sample::meeting_id(9);
    assert!(matches!(store.meetings_of(&host, Some(&gone), 10).await, Err(Error::Missing)));
}

pub async fn a_meeting_that_is_removed_takes_its_seats_and_recipients(store: &dyn Store) {
    let (here, there) = (sample::meeting(1, 1), sample::meeting(2, 1));
    assert!(!store.remove_meeting(&here.id).await.unwrap());
    store.add_account(&sample::account(1), None).await.unwrap();
    for (n, meeting) in [&here, &there].into_iter().enumerate() {
        store.add_meeting(meeting, None).await.unwrap();
        store.add_recipient(&meeting.id, &sample::account_id(1)).await.unwrap();
        store.add_token(&sample::seat(10 + n as u64, &meeting.id, &sample::guest(1))).await.unwrap();
    }
    store.add_token(&sample::login(1)).await.unwrap();
    assert!(store.remove_meeting(&here.id).await.unwrap());
    assert!(!store.remove_meeting(&here.id).await.unwrap());
    assert_eq!(store.meeting(&here.id).await.unwrap(), None);
    assert_eq!(store.recipients(&here.id).await.unwrap(), []);
    assert_eq!(store.recipients(&there.id).await.unwrap(), [sample::account_id(1)]);
    for (hash, stays) in [(10, false), (11, true), (1, true)] {
        assert_eq!(store.token(&sample::hash(hash)).await.unwrap().is_some(), stays, "{hash}");
    }
}

pub async fn recipients_are_kept_once_and_in_order(store: &dyn Store) {
    let meeting = sample::meeting(1, 1);
    let mut accounts: Vec<AccountId> = [5, 1, 40, 3].map(sample::account_id).into();
    for n in [5, 1, 40, 3] {
        store.add_account(&sample::account(n), None).await.unwrap();
    }
    let first = &accounts[0];
    assert!(matches!(store.add_recipient(&meeting.id, first).await, Err(Error::Missing)), "no meeting");
    assert_eq!(store.recipients(&meeting.id).await.unwrap(), []);
    store.add_meeting(&meeting, None).await.unwrap();
    let nobody = sample::account_id(9);
    assert!(matches!(store.add_recipient(&meeting.id, &nobody).await, Err(Error::Missing)), "no account");
    for account in &accounts {
        let results = race((0..5).map(|_| store.add_recipient(&meeting.id, account))).await;
        assert_eq!(results.iter().filter(|result| matches!(result, Ok(true))).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|result| matches!(result, Ok(false))).count(), 4, "{results:?}");
    }
    accounts.sort();
    assert_eq!(store.recipients(&meeting.id).await.unwrap(), accounts);
}
