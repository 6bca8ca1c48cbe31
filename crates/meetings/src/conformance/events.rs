//! The log of events: numbered without gaps, appended whole, forgotten from its beginning.

use super::{race, sample};
use crate::events::{Happened, Logged, Progress, Sequence};
use crate::{Error, Store, UnixTime};

async fn all_of(store: &dyn Store) -> Vec<Logged> {
    store.events(Sequence(0), u32::MAX).await.unwrap().items
}

fn happened(from: u64, count: u64) -> Vec<Happened> {
    (from..from + count).map(sample::happened).collect()
}

pub async fn events_are_numbered_from_one_on_without_gaps(store: &dyn Store) {
    assert_eq!(store.last_event().await.unwrap(), Sequence(0));
    assert_eq!(store.append_events(&[]).await.unwrap(), Sequence(0));
    assert_eq!(store.append_events(&happened(0, 3)).await.unwrap(), Sequence(3));
    assert_eq!(store.append_events(&happened(3, 1)).await.unwrap(), Sequence(4));
    assert_eq!(store.append_events(&happened(4, 3)).await.unwrap(), Sequence(7));
    assert_eq!(store.append_events(&[]).await.unwrap(), Sequence(7));
    assert_eq!(store.last_event().await.unwrap(), Sequence(7));
    for limit in [1, 2, 3, 7, 8, u32::MAX] {
        let (mut read, mut after) = (Vec::new(), Sequence(0));
        loop {
            let page = store.events(after, limit).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            after = page.items.last().map_or(after, |logged| logged.sequence);
            read.extend(page.items);
            if !page.more {
                break;
            }
        }
        let expected = (0..7).map(|n| Logged { sequence: Sequence(n + 1), happened: sample::happened(n) });
        assert_eq!(read, expected.collect::<Vec<_>>(), "by {limit}");
    }
    let none = store.events(Sequence(0), 0).await.unwrap();
    assert!(none.items.is_empty() && none.more);
    for beyond in [Sequence(7), Sequence(UnixTime::LAST.0), Sequence(u64::MAX)] {
        let page = store.events(beyond, 10).await.unwrap();
        assert!(page.items.is_empty() && !page.more, "{beyond:?}");
    }
}

pub async fn events_that_are_appended_at_once_stay_together(store: &dyn Store) {
    let batches: Vec<Vec<Happened>> = (0..20).map(|n| happened(n * 10, 5)).collect();
    let results = race(batches.iter().map(|batch| store.append_events(batch))).await;
    let mut lasts: Vec<Sequence> = results.into_iter().map(|result| result.unwrap()).collect();
    lasts.sort();
    assert_eq!(lasts, (1..=20).map(|n| Sequence(5 * n)).collect::<Vec<_>>());
    let read = all_of(store).await;
    assert!(read.iter().zip(1..).all(|(logged, n)| logged.sequence == Sequence(n)));
    for of_one in read.chunks(5) {
        let of_one: Vec<Happened> = of_one.iter().map(|logged| logged.happened.clone()).collect();
        assert!(batches.contains(&of_one), "{of_one:?}");
    }
}

pub async fn events_are_forgotten_by_age_and_by_number_and_numbers_are_not_used_again(store: &dyn Store) {
    store.append_events(&happened(0, 10)).await.unwrap();
    let numbers = async || all_of(store).await.iter().map(|logged| logged.sequence.0).collect::<Vec<_>>();
    assert_eq!(store.forget_events(0, 10).await.unwrap(), 0);
    assert_eq!(store.forget_events(0, u64::MAX).await.unwrap(), 0);
    assert_eq!(store.forget_events(sample::happened(3).time_ms, 10).await.unwrap(), 3);
    assert_eq!(numbers().await, [4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(store.forget_events(0, 2).await.unwrap(), 5);
    assert_eq!(numbers().await, [9, 10]);
    // Who has not come as far goes on with the oldest there is.
    assert_eq!(store.events(Sequence(3), 1).await.unwrap().items[0].sequence, Sequence(9));
    assert_eq!(store.forget_events(u64::MAX, u64::MAX).await.unwrap(), 2);
    assert_eq!(store.last_event().await.unwrap(), Sequence(10));
    assert_eq!(store.append_events(&happened(0, 2)).await.unwrap(), Sequence(12));
    assert_eq!(store.forget_events(0, 0).await.unwrap(), 2);
    assert!(numbers().await.is_empty());
    assert_eq!(store.append_events(&[]).await.unwrap(), Sequence(12));
    assert_eq!(store.append_events(&happened(0, 1)).await.unwrap(), Sequence(13));
}

pub async fn what_cannot_be_kept_is_refused_whole(store: &dyn Store) {
    let late = Happened { time_ms: UnixTime::LAST.0 + 1, ..sample::happened(2) };
    let batch = [sample::happened(1), late, sample::happened(3)];
    assert!(matches!(store.append_events(&batch).await, Err(Error::OutOfRange)));
    assert_eq!(store.last_event().await.unwrap(), Sequence(0));
    let odd = Happened {
        time_ms: UnixTime::LAST.0,
        id: String::new(),
        node: "'\n\t\"".to_owned(),
        kind: "x".repeat(5_000),
        data: "{\"a\":\"\\u0000\"}".repeat(5_000),
    };
    assert_eq!(store.append_events(std::slice::from_ref(&odd)).await.unwrap(), Sequence(1));
    assert_eq!(all_of(store).await[0].happened, odd);
}

pub async fn each_receiver_has_its_own_progress(store: &dyn Store) {
    for n in 0..12 {
        assert_eq!(store.progress(&sample::progress(n).receiver).await.unwrap(), None);
        store.set_progress(&sample::progress(n)).await.unwrap();
    }
    for n in 0..12 {
        let expected = sample::progress(n);
        assert_eq!(store.progress(&expected.receiver).await.unwrap(), Some(expected));
    }
    // Backwards as well: a replay goes back.
    let receiver = sample::progress(7).receiver;
    for delivered in [Sequence(UnixTime::LAST.0), Sequence(0)] {
        let other = Progress::new(receiver.clone(), delivered);
        store.set_progress(&other).await.unwrap();
        assert_eq!(store.progress(&receiver).await.unwrap(), Some(other));
    }
    let beyond = Progress::new(receiver.clone(), Sequence(u64::MAX));
    assert!(matches!(store.set_progress(&beyond).await, Err(Error::OutOfRange)));
    assert_eq!(store.progress(&receiver).await.unwrap().expect("kept").delivered, Sequence(0));
}
