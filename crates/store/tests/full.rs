//! A disk that is full: what cannot be kept is refused, what was kept is read, and with room again the store goes on.
//!
//! The kernel's limit on the size of files stands for the disk. It holds for the whole process, so this file is one test.

use std::time::Duration;

use meetings::conformance::sample;
use meetings::{Added, AuditEntry, Error, Meeting, Store};
use store::Sqlite;

mod folder;

use folder::Folder;

#[tokio::test]
async fn a_full_disk_is_an_error_and_with_room_again_the_store_goes_on() {
    let folder = Folder::new("full");
    for round in 1..=3 {
        let store = Sqlite::open(folder.path()).await.unwrap();
        let first = round * 10_000;
        store.add_meeting(&sample::meeting(first, 0), None).await.unwrap();
        let database = std::fs::metadata(folder.path().join("weir.db")).unwrap().len();
        let limit = database + 256 * 1024;
        limit_files(limit);
        let mut kept = first + 1;
        let refused = loop {
            // Each of them in a transaction, and of some size.
            let mut meeting = sample::meeting(kept, 0);
            meeting.settings.title = "x".repeat(5_000);
            match store.add_meeting(&meeting, Some(&sample::once(kept, kept))).await {
                Ok(_) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < first + 5_000, "the limit does not hold");
        };
        assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
        // A statement of its own is refused as well, and a request that is given up halfway does no harm. The limit is one of each
        // file and not of all together, so what shall not fit is as large as that.
        let entry = AuditEntry { detail: "x".repeat(limit as usize), ..sample::audit(1) };
        assert!(matches!(store.append_audit(&entry).await, Err(Error::Unavailable(_))));
        let changed = Meeting { server: "y".repeat(limit as usize), ..sample::meeting(first, 0) };
        let _ = tokio::time::timeout(Duration::from_micros(200), store.replace_meeting(&changed)).await;
        // Reading goes on.
        assert!(store.meeting(&sample::meeting_id(first)).await.unwrap().is_some());
        assert_eq!(store.meeting(&sample::meeting_id(kept)).await.unwrap(), None, "nothing half");

        limit_files(libc::RLIM_INFINITY);
        for n in kept..kept + 10 {
            let added = store.add_meeting(&sample::meeting(n, 0), Some(&sample::once(n, n))).await;
            assert_eq!(added.expect("there is room again"), Added::New);
        }
        store.append_audit(&entry).await.expect("there is room again");
        for n in first..kept + 10 {
            assert!(store.meeting(&sample::meeting_id(n)).await.unwrap().is_some(), "{n}");
        }
        store.close().await;
    }
}

/// Beyond it a write fails, and the signal that would end the process is ignored.
fn limit_files(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: no handler is installed, and the structure outlives the call.
    let limited = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &limit)
    };
    assert_eq!(limited, 0, "{}", std::io::Error::last_os_error());
}
