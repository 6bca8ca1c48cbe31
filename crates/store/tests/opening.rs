//! What is opened, what is refused, and what the file looks like from outside.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use meetings::conformance::sample;
use meetings::events::Sequence;
use meetings::{Added, Grant, Purpose, Store, UnixTime, Version};
use sqlx::{Connection, SqliteConnection};
use store::{Error, Sqlite};

mod folder;

use folder::Folder;

/// As version 1 of the schema left it: a dump of a real database, made when the schema was released, never edited.
const SCHEMA_1: &str = include_str!("schema_1.sql");

async fn by_hand(folder: &Path, sql: &'static str) {
    let url = format!("sqlite:{}?mode=rwc", folder.join("weir.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_schema_1_opens_and_is_whole() {
    let folder = Folder::new("schema-1");
    by_hand(folder.path(), SCHEMA_1).await;
    let store = Sqlite::open(folder.path()).await.unwrap();
    let ann = store.account_by_email(&"ann@example.org".parse().unwrap()).await.unwrap().expect("Ann is there");
    assert_eq!((ann.name.as_str(), ann.grant, ann.confirmed, ann.version), ("Zoë 王", Grant::Admin, true, Version(3)));
    let page = store.meetings_of(&ann.id, None, 10).await.unwrap();
    let [meeting, ended] = &page.items[..] else { panic!("two meetings: {page:?}") };
    assert_eq!((meeting.settings.title.as_str(), meeting.settings.lobby, meeting.ended), ("Планёрка", true, None));
    assert_eq!((ended.ended, ended.version), (Some(UnixTime(1_700_003_600)), Version(2)));
    assert_eq!(store.recipients(&meeting.id).await.unwrap(), std::slice::from_ref(&ann.id));
    let login = store.token(&sample::hash(1)).await.unwrap().expect("a login");
    assert_eq!(login.purpose, Purpose::Login(ann.id.clone()));
    let seat = store.token(&sample::hash(2)).await.unwrap().expect("a seat");
    assert!(
        matches!(seat.purpose, Purpose::Seat { meeting: of, person, .. } if of == meeting.id && person == sample::guest(1))
    );
    let again = store.add_meeting(&sample::meeting(7, 7), Some(&sample::once(1, 1))).await.unwrap();
    assert_eq!(again, Added::Before(meeting.id.clone()));
    assert_eq!(store.audit(None, 10).await.unwrap().items.len(), 1);
    // And it is written to as any other.
    assert_eq!(store.replace_account(&ann).await.unwrap(), Version(4));
    assert!(store.remove_account(&ann.id).await.unwrap());
    assert_eq!(store.token(&sample::hash(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused_and_left_alone() {
    let folder = Folder::new("later");
    Sqlite::open(folder.path()).await.unwrap().close().await;
    by_hand(folder.path(), "PRAGMA user_version = 1000").await;
    let before = std::fs::read(folder.path().join("weir.db")).unwrap();
    let refused = Sqlite::open(folder.path()).await.unwrap_err();
    assert!(matches!(refused, Error::Newer { found: 1000, .. }), "{refused:?}");
    assert!(refused.to_string().contains("later version of weir"), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("weir.db")).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_database_or_somebody_elses_is_refused_and_left_alone() {
    for content in
        [&b"This is a letter to my bank, and it is longer than the header of any database would be."[..], b"x"]
    {
        let folder = Folder::new("letter");
        std::fs::write(folder.path().join("weir.db"), content).unwrap();
        let refused = Sqlite::open(folder.path()).await.unwrap_err();
        assert!(matches!(refused, Error::NotADatabase { .. }), "{refused:?}");
        assert_eq!(std::fs::read(folder.path().join("weir.db")).unwrap(), content);
    }
    let folder = Folder::new("somebody-else");
    by_hand(folder.path(), "CREATE TABLE moz_places (url TEXT)").await;
    let before = std::fs::read(folder.path().join("weir.db")).unwrap();
    let refused = Sqlite::open(folder.path()).await.unwrap_err();
    assert!(matches!(refused, Error::SomebodyElses { .. }), "{refused:?}");
    assert_eq!(std::fs::read(folder.path().join("weir.db")).unwrap(), before);
}

#[tokio::test]
async fn a_place_where_nothing_can_be_written_is_named() {
    let folder = Folder::new("place");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let refused = Sqlite::open(&file.join("below")).await.unwrap_err();
    assert!(matches!(&refused, Error::Create { path, .. } if path.starts_with(&file)), "{refused:?}");
    std::fs::create_dir(folder.path().join("weir.db")).unwrap();
    let refused = Sqlite::open(folder.path()).await.unwrap_err();
    assert!(matches!(refused, Error::Open { .. }), "{refused:?}");
}

#[tokio::test]
async fn only_its_owner_reads_the_database_and_its_log() {
    let folder = Folder::new("mode");
    let path = folder.path().join("data").join("weir");
    let store = Sqlite::open(&path).await.unwrap();
    store.add_account(&sample::account(1), None).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in ["weir.db", "weir.db-wal", "weir.db-shm"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_closed_store_says_that_it_cannot_be_used_and_one_that_is_reopened_has_everything() {
    let folder = Folder::new("closed");
    let store = Sqlite::open(folder.path()).await.unwrap();
    store.add_account(&sample::account(1), None).await.unwrap();
    store.close().await;
    assert!(matches!(store.account(&sample::account_id(1)).await, Err(meetings::Error::Unavailable(_))));
    assert!(matches!(store.add_token(&sample::login(1)).await, Err(meetings::Error::Unavailable(_))));
    let store = Sqlite::open(folder.path()).await.unwrap();
    assert_eq!(store.account(&sample::account_id(1)).await.unwrap(), Some(sample::account(1)));
}

/// As two programs would: each has connections of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_open_one_new_database_at_once_share_it() {
    for _ in 0..10 {
        let folder = Folder::new("two");
        let (one, two) = tokio::join!(Sqlite::open(folder.path()), Sqlite::open(folder.path()));
        let (one, two) = (one.unwrap(), two.unwrap());
        let writes = (0..20).map(|n| {
            let store = if n % 2 == 0 { one.clone() } else { two.clone() };
            async move { store.add_account(&sample::account(n), None).await.unwrap() }
        });
        assert_eq!(meetings::conformance::race(writes).await.len(), 20);
        assert!(one.account(&sample::account_id(1)).await.unwrap().is_some());
        assert!(two.account(&sample::account_id(0)).await.unwrap().is_some());
    }
}

/// Somebody holds the lock of the file for good: who writes is told so after a while, who reads is not even slowed down.
#[tokio::test]
async fn a_writer_who_waits_in_vain_is_told_and_readers_read_on() {
    let folder = Folder::new("busy");
    let store = Sqlite::open(folder.path()).await.unwrap();
    store.add_account(&sample::account(1), None).await.unwrap();
    let url = format!("sqlite:{}", folder.path().join("weir.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let login = sample::login(1);
    let write = store.add_token(&login);
    let read = async { store.account(&sample::account_id(1)).await.unwrap().is_some() };
    let (written, read) = tokio::join!(write, read);
    assert!(matches!(written, Err(meetings::Error::Unavailable(_))), "{written:?}");
    assert!(read);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.add_token(&login).await.unwrap();
}

/// A browser that goes away takes its request with it, at any moment.
#[tokio::test]
async fn requests_that_are_given_up_leave_the_store_as_it_was_or_whole() {
    let folder = Folder::new("given-up");
    let store = Sqlite::open(folder.path()).await.unwrap();
    for n in 0..200 {
        let (meeting, once) = (sample::meeting(n, 1), sample::once(n, n));
        let request = store.add_meeting(&meeting, Some(&once));
        let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 7), request).await;
        let made = store.add_meeting(&sample::meeting(1_000 + n, 1), Some(&once)).await.unwrap();
        let there = store.meeting(&meeting.id).await.unwrap().is_some();
        assert_eq!(made, if there { Added::Before(meeting.id) } else { Added::New });
    }
}

/// Whoever reads the log knows an event by its number: one that came back as another event would be passed over.
#[tokio::test]
async fn the_numbers_of_events_go_on_after_all_were_forgotten_and_the_file_was_closed() {
    let folder = Folder::new("events");
    let store = Sqlite::open(folder.path()).await.unwrap();
    assert_eq!(store.append_events(&[1, 2, 3].map(sample::happened)).await.unwrap(), Sequence(3));
    assert_eq!(store.forget_events(u64::MAX, 0).await.unwrap(), 3);
    store.close().await;
    let store = Sqlite::open(folder.path()).await.unwrap();
    assert_eq!(store.last_event().await.unwrap(), Sequence(3));
    assert_eq!(store.append_events(&[sample::happened(4)]).await.unwrap(), Sequence(4));
    let page = store.events(Sequence(0), 10).await.unwrap();
    assert_eq!(
        page.items.iter().map(|logged| (logged.sequence, logged.happened.clone())).collect::<Vec<_>>(),
        [(Sequence(4), sample::happened(4))]
    );
}
