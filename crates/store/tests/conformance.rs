//! Every store of this crate keeps every promise of the trait.

use store::Sqlite;

mod folder;

use folder::Folder;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_every_promise_of_a_store() {
    let folder = Folder::new("conformance");
    let mut made = 0;
    meetings::conformance::all(|| {
        made += 1;
        let path = folder.path().join(made.to_string());
        async move { Sqlite::open(&path).await.unwrap() }
    })
    .await;
}

/// The numbers are committed; WEIR_STORE_SEEDS=FROM..TO looks for others.
#[tokio::test]
async fn sqlite_answers_as_memory_does() {
    let seeds = std::env::var("WEIR_STORE_SEEDS").unwrap_or_else(|_| "100..104".to_owned());
    let (from, to) = seeds.split_once("..").expect("written as FROM..TO");
    for seed in from.parse().unwrap()..to.parse().unwrap() {
        let folder = Folder::new("model");
        let store = Sqlite::open(folder.path()).await.unwrap();
        meetings::conformance::agrees_with_memory(&store, seed, 1_000).await;
    }
}
