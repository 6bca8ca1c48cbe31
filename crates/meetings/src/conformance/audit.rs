//! The audit log: appended, never changed, read from the oldest on.

use std::collections::BTreeSet;

use super::{race, sample};
use crate::{AuditEntry, AuditId, Error, Store, UnixTime};

pub async fn entries_come_back_from_the_oldest_on(store: &dyn Store) {
    let empty = store.audit(None, 10).await.unwrap();
    assert!(empty.items.is_empty() && !empty.more);
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(store.append_audit(&sample::audit(n)).await.unwrap());
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for limit in [1, 2, 3, 7, 8, u32::MAX] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = store.audit(after, limit).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            after = page.items.last().map(|recorded| recorded.id).or(after);
            read.extend(page.items);
            if !page.more {
                break;
            }
        }
        assert_eq!(read.iter().map(|recorded| recorded.id).collect::<Vec<_>>(), ids);
        assert!(read.iter().zip(0..).all(|(recorded, n)| recorded.entry == sample::audit(n)));
    }
    let none = store.audit(None, 0).await.unwrap();
    assert!(none.items.is_empty() && none.more);
    for beyond in [ids[6], AuditId(UnixTime::LAST.0), AuditId(u64::MAX)] {
        let page = store.audit(Some(beyond), 10).await.unwrap();
        assert!(page.items.is_empty() && !page.more, "{beyond:?}");
    }
    assert_eq!(store.audit(Some(AuditId(0)), 10).await.unwrap().items.len(), 7);
}

pub async fn of_many_entries_at_once_each_has_a_number_of_its_own(store: &dyn Store) {
    let entries: Vec<AuditEntry> = (0..20).map(sample::audit).collect();
    let results = race(entries.iter().map(|entry| store.append_audit(entry))).await;
    let ids: BTreeSet<AuditId> = results.into_iter().map(|result| result.unwrap()).collect();
    assert_eq!(ids.len(), 20);
    let read = store.audit(None, 100).await.unwrap().items;
    assert_eq!(read.iter().map(|recorded| recorded.id).collect::<BTreeSet<_>>(), ids);
    for entry in entries {
        assert_eq!(read.iter().filter(|recorded| recorded.entry == entry).count(), 1);
    }
}

pub async fn numbers_are_kept_whole_or_refused(store: &dyn Store) {
    let entry =
        AuditEntry { at: UnixTime::LAST, actor: String::new(), detail: "\n\t'".repeat(5_000), ..sample::audit(1) };
    store.append_audit(&entry).await.unwrap();
    let late = AuditEntry { at: UnixTime(UnixTime::LAST.0 + 1), ..entry.clone() };
    assert!(matches!(store.append_audit(&late).await, Err(Error::OutOfRange)));
    let read = store.audit(None, 10).await.unwrap();
    assert_eq!(read.items.into_iter().map(|recorded| recorded.entry).collect::<Vec<_>>(), [entry]);
}
