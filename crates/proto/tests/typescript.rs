//! The committed TypeScript says the same as the Rust it was made from.

#[path = "../examples/typescript.rs"]
mod typescript;

#[test]
fn committed_types_match_the_rust_they_were_generated_from() {
    for typescript::Module { path, text } in typescript::render() {
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "{} differs from the Rust it is made of; run: cargo run --release -p proto --example typescript",
            path.display(),
        );
    }
}

#[test]
fn every_type_of_the_api_reaches_the_client() {
    // The sources of each file, and how many types it borrows from the others.
    let files: [(&[&str], usize); 3] = [
        (
            &[
                include_str!("../src/api.rs"),
                include_str!("../src/api/admin.rs"),
                include_str!("../src/api/session.rs"),
                include_str!("../src/account.rs"),
                include_str!("../src/meeting_api.rs"),
            ],
            // Who is in a meeting: PersonView, Role, Quality, Level.
            4,
        ),
        (
            &[
                include_str!("../src/meeting.rs"),
                include_str!("../src/meeting/client.rs"),
                include_str!("../src/meeting/server.rs"),
            ],
            0,
        ),
        // AccountGrant.
        (&[include_str!("../src/event.rs")], 1),
    ];
    for ((sources, borrowed), module) in files.iter().zip(typescript::render()) {
        let derived: usize = sources.iter().map(|source| source.matches("TS)]").count()).sum();
        let written = module.text.matches("export type ").count();
        assert_eq!(
            written,
            derived + borrowed,
            "a type that no listed type mentions needs its line in examples/typescript.rs ({})",
            module.path.display()
        );
    }
}
