//! What was acknowledged is there after a power cut: on a disk that keeps only what was synced.
//!
//! This program's `fsync` and `fdatasync` take the place of the C library's. For each one, the file as it is then goes to a
//! second folder, which is the disk: whatever was written later and never synced is not in it. After each acknowledgement
//! the power may go, so the disk is opened as if it had.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use meetings::conformance::sample;
use meetings::{Added, Meeting, Store, Version};
use store::Sqlite;

mod folder;

use folder::Folder;

/// From which folder syncs go to which.
static DISK: Mutex<Option<(PathBuf, PathBuf)>> = Mutex::new(None);
static SYNCS: AtomicU64 = AtomicU64::new(0);

// SAFETY: the signature and the promise are those of the C library's function of that name.
#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    keep(file)
}

// SAFETY: the signature and the promise are those of the C library's function of that name.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    keep(file)
}

/// Copies a file of the folder that is watched onto the disk. In one step, as if the power did not go within a sync.
fn keep(file: c_int) -> c_int {
    let disk = DISK.lock().unwrap();
    let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{file}")) else { return 0 };
    if let Some((from, to)) = disk.as_ref()
        && path.parent() == Some(from)
    {
        std::fs::copy(&path, to.join(path.file_name().expect("a file"))).unwrap();
        SYNCS.fetch_add(1, Ordering::Relaxed);
    }
    0
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_power_cut() {
    let (memory, disk) = (Folder::new("power-memory"), Folder::new("power-disk"));
    *DISK.lock().unwrap() = Some((memory.path().canonicalize().unwrap(), disk.path().to_owned()));
    let store = Sqlite::open(memory.path()).await.unwrap();
    for n in 0..300 {
        let before = SYNCS.load(Ordering::Relaxed);
        let meeting = Meeting { version: Version(2), ..sample::meeting(n, n) };
        match n % 5 {
            0 => assert_eq!(store.add_account(&sample::account(n), None).await.unwrap(), Added::New),
            1 => {
                store.add_meeting(&sample::meeting(n, n), Some(&sample::once(n, n))).await.unwrap();
            }
            2 => {
                let read = store.meeting(&sample::meeting_id(n - 1)).await.unwrap().expect("made before");
                store.replace_meeting(&Meeting { server: meeting.server.clone(), ..read }).await.unwrap();
            }
            3 => store.add_token(&sample::seat(n, &sample::meeting_id(n - 2), &sample::guest(n))).await.unwrap(),
            _ => {
                store.append_audit(&sample::audit(n)).await.unwrap();
            }
        }
        assert!(SYNCS.load(Ordering::Relaxed) > before, "{n} was acknowledged without a sync");
        if n % 10 >= 5 {
            assert_on_disk(disk.path(), n).await;
        }
    }
    // Past a checkpoint, which moves the log into the database, and past what the close does.
    store.close().await;
    assert_on_disk(disk.path(), 299).await;
}

/// Everything up to write `last` is on the disk.
async fn assert_on_disk(disk: &Path, last: u64) {
    let after = Folder::new("power-after");
    for name in ["weir.db", "weir.db-wal"] {
        if disk.join(name).exists() {
            std::fs::copy(disk.join(name), after.path().join(name)).unwrap();
        }
    }
    let store = Sqlite::open(after.path()).await.expect("what is on the disk opens");
    for n in (0..=last).rev().take(100) {
        match n % 5 {
            0 => assert_eq!(store.account(&sample::account_id(n)).await.unwrap(), Some(sample::account(n))),
            1 => assert!(store.meeting(&sample::meeting_id(n)).await.unwrap().is_some(), "{n} of {last}"),
            2 => {
                let meeting = store.meeting(&sample::meeting_id(n - 1)).await.unwrap().expect("made before");
                assert_eq!(
                    (meeting.version, meeting.server),
                    (Version(2), sample::meeting(n, n).server),
                    "{n} of {last}"
                );
            }
            3 => assert!(store.token(&sample::hash(n)).await.unwrap().is_some(), "{n} of {last}"),
            _ => {}
        }
    }
    let audited = store.audit(None, 1_000).await.unwrap().items.len() as u64;
    assert_eq!(audited, (last + 1) / 5);
    store.close().await;
}
