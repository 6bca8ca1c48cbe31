//! A program that is killed at any moment has lost nothing that it acknowledged, and left nothing half.
//!
//! The test starts itself again as the program that writes: it prints the number of each piece of work once the store has
//! acknowledged all of it. It is killed with SIGKILL at a random moment, and what it left is opened and looked through.
//! `WEIR_STORE_KILLS` makes it longer, `WEIR_STORE_SEED` repeats a run.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use meetings::conformance::sample;
use meetings::events::{Happened, Sequence};
use meetings::{Added, Meeting, Once, Store, Version};
use store::Sqlite;

mod folder;

use folder::Folder;

/// Where the program that writes finds its database, and the number at which it begins.
const CHILD_FOLDER: &str = "WEIR_STORE_CHILD_FOLDER";
const CHILD_FIRST: &str = "WEIR_STORE_CHILD_FIRST";

/// Pieces of work under way at once, so that a kill meets more than one.
const WRITERS: u64 = 4;

/// Numbers of one round are below this, and those of the next one above.
const ROUND: u64 = 1_000_000;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill_and_nothing_is_half() {
    let kills = from_env("WEIR_STORE_KILLS", 40);
    let seed = from_env("WEIR_STORE_SEED", 1);
    println!("seed {seed}, {kills} kills");
    let folder = Folder::new("kill");
    let mut random = seed;
    let mut acknowledged = 0;
    for round in 1..=kills {
        // From before the first write to well within a checkpoint.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let life = Duration::from_micros(2_000 + (random >> 33) % 120_000);
        let done = write_until_killed(folder.path(), round * ROUND, life);
        let store = Sqlite::open(folder.path()).await.expect("a database that was killed opens");
        for n in &done {
            assert_whole(&store, *n, Expect::There).await;
        }
        // What was under way when it was killed: each writer had begun one piece beyond its last one.
        for n in under_way(round * ROUND, &done) {
            assert_whole(&store, n, Expect::ThereOrNot).await;
        }
        assert_log_is_whole(&store, &done).await;
        acknowledged += done.len();
        store.close().await;
    }
    assert_sound(folder.path()).await;
    assert!(acknowledged > 0, "no kill came late enough to prove anything");
    println!("{acknowledged} pieces of work acknowledged, each of six writes, and all of them there");
}

/// Starts the program that writes, lets it live for so long, and returns what it acknowledged.
fn write_until_killed(folder: &Path, first: u64, life: Duration) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_program_that_writes", "--ignored", "--nocapture"])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let reader = std::thread::spawn(move || {
        let mut done: Vec<u64> = Vec::new();
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            // A line that the kill cut off has no end, and is no acknowledgement.
            let whole = line.strip_suffix('\n');
            done.extend(whole.and_then(|line| line.strip_prefix("done ")?.parse::<u64>().ok()));
            line.clear();
        }
        done
    });
    std::thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn under_way(first: u64, done: &[u64]) -> Vec<u64> {
    (0..WRITERS)
        .map(|writer| {
            let last = done.iter().filter(|n| (*n - first) % WRITERS == writer).max();
            last.map_or(first + writer, |last| last + WRITERS)
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    There,
    ThereOrNot,
}

/// The writes of piece `n` are made one after the other, so whichever is missing, those behind it are missing, too.
async fn assert_whole(store: &Sqlite, n: u64, expect: Expect) {
    let account = store.account(&sample::account_id(n)).await.unwrap();
    let token = store.token(&sample::hash(n)).await.unwrap();
    let meeting = store.meeting(&sample::meeting_id(n)).await.unwrap();
    let recipients = store.recipients(&sample::meeting_id(n)).await.unwrap();
    assert!(expect == Expect::ThereOrNot || !recipients.is_empty(), "{n} was acknowledged, and lost");
    assert!(account.as_ref().is_none_or(|account| *account == sample::account(n)), "{account:?}");
    assert!(token.as_ref().is_none_or(|token| *token == sample::login(n)), "{token:?}");
    if let Some(meeting) = &meeting {
        assert!(*meeting == sample::meeting(n, n) || *meeting == changed(n), "{meeting:?}");
    }
    assert!(recipients.is_empty() || (recipients == [sample::account_id(n)] && meeting == Some(changed(n))));
    assert!(meeting.is_none() || token.is_some());
    assert!(token.is_none() || account.is_some());
    // The meeting and the memory of the request that made it are one: whoever repeats it learns of it, or makes it.
    let again = store.add_meeting(&sample::meeting(n + ROUND / 2, n), Some(&once(n))).await.unwrap();
    let expected = if meeting.is_some() { Added::Before(sample::meeting_id(n)) } else { Added::New };
    assert_eq!(again, expected, "{n}");
}

/// Numbered without gaps over all kills, each batch together, and none missing that was acknowledged.
async fn assert_log_is_whole(store: &Sqlite, done: &[u64]) {
    let logged = store.events(Sequence(0), u32::MAX).await.unwrap().items;
    assert!(logged.iter().zip(1..).all(|(logged, n)| logged.sequence == Sequence(n)), "a gap");
    let pairs: Vec<&[_]> = logged.chunks(2).collect();
    let firsts: std::collections::HashMap<&str, usize> =
        pairs.iter().enumerate().map(|(at, pair)| (pair[0].happened.id.as_str(), at)).collect();
    assert!(pairs.iter().all(|pair| pair.len() == 2), "half a batch");
    for n in done {
        let [first, second] = events(*n);
        let at = *firsts.get(first.id.as_str()).unwrap_or_else(|| panic!("event of {n} was acknowledged, and lost"));
        assert_eq!((&pairs[at][0].happened, &pairs[at][1].happened), (&first, &second));
    }
}

fn events(n: u64) -> [Happened; 2] {
    [sample::happened(2 * n), sample::happened(2 * n + 1)]
}

fn once(n: u64) -> Once {
    sample::once(n, n)
}

fn changed(n: u64) -> Meeting {
    Meeting { server: "elsewhere".to_owned(), version: Version(2), ..sample::meeting(n, n) }
}

/// SQLite's own opinion of the file: pages, indexes, references.
async fn assert_sound(folder: &Path) {
    use sqlx::Connection;
    let url = format!("sqlite:{}", folder.join("weir.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let opinion: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await.unwrap();
    assert_eq!(opinion, ["ok"]);
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(dangling.is_empty());
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the test above starts it, and kills it"]
async fn the_program_that_writes() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let first = from_env(CHILD_FIRST, 0);
    let store = Sqlite::open(Path::new(&folder)).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for n in (first + writer..).step_by(WRITERS as usize) {
                write(&store, n).await;
                let mut out = std::io::stdout().lock();
                writeln!(out, "done {n}").and_then(|()| out.flush()).unwrap();
            }
        });
    }
    writers.join_all().await;
}

async fn write(store: &Sqlite, n: u64) {
    store.add_account(&sample::account(n), None).await.unwrap();
    store.add_token(&sample::login(n)).await.unwrap();
    store.add_meeting(&sample::meeting(n, n), Some(&once(n))).await.unwrap();
    store.replace_meeting(&Meeting { version: Version(1), ..changed(n) }).await.unwrap();
    store.add_recipient(&sample::meeting_id(n), &sample::account_id(n)).await.unwrap();
    store.append_events(&events(n)).await.unwrap();
}
