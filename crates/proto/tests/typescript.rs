//! The committed TypeScript says the same as the Rust it was made from.

#[path = "../examples/typescript.rs"]
mod typescript;

#[test]
fn committed_types_match_the_rust_they_were_generated_from() {
    let path = typescript::path();
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == typescript::render(),
        "{} differs from the types in crates/proto/src; run: cargo run --release -p proto --example typescript",
        path.display(),
    );
}

#[test]
fn every_type_of_the_api_reaches_the_client() {
    let sources = [
        include_str!("../src/api.rs"),
        include_str!("../src/api/session.rs"),
        include_str!("../src/account.rs"),
        include_str!("../src/meeting_api.rs"),
    ];
    let derived: usize = sources.iter().map(|source| source.matches("TS)]").count()).sum();
    let written = typescript::render().matches("export type ").count();
    assert_eq!(
        written, derived,
        "a type of api.rs that no listed type mentions needs its line in examples/typescript.rs"
    );
}
