//! Writes the web client's types: `cargo run --release -p proto --example typescript`.
//!
//! The JSON of the API is declared once, in `proto::api`, `proto::account` and `proto::meeting_api`; the file written here is committed, so that the client builds
//! without a Rust toolchain, and `tests/typescript.rs` fails when the two differ. It knows nothing of HTTP or of who uses a type.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::PathBuf;

use proto::{account, api, meeting_api};
use ts_rs::{Config, TS, TypeVisitor};

#[allow(dead_code, reason = "the test includes this file for `render` and `path` only")]
fn main() -> std::io::Result<()> {
    let path = path();
    std::fs::create_dir_all(path.parent().expect("the path ends in a file name"))?;
    std::fs::write(&path, render())?;
    println!("wrote {}", path.display());
    Ok(())
}

pub fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/src/protocol/generated/api.ts")
}

/// The whole file: these types and those that they mention, each once, by name. The derive macro visits what a type mentions
/// in an order of its own that changes from compilation to compilation.
pub fn render() -> String {
    let mut file = File { config: Config::new(), seen: Vec::new(), types: BTreeMap::new() };
    file.visit::<api::RoomsView>();
    file.visit::<api::NodeView>();
    file.visit::<api::Problem>();
    file.visit::<api::UpstreamOrder>();
    file.visit::<api::UpstreamView>();
    file.visit::<api::SessionView>();
    file.visit::<account::SignUp>();
    file.visit::<account::SignedUp>();
    file.visit::<account::LogIn>();
    file.visit::<account::LoginView>();
    file.visit::<account::AccountView>();
    file.visit::<account::AccountChange>();
    file.visit::<account::AccountEnd>();
    file.visit::<account::PasswordChange>();
    file.visit::<account::ResetOrder>();
    file.visit::<account::ResetUse>();
    file.visit::<account::ConfirmUse>();
    file.visit::<meeting_api::MeetingOrder>();
    file.visit::<meeting_api::MeetingsView>();
    file.visit::<meeting_api::MeetingDoor>();
    file.visit::<meeting_api::MeetingChange>();
    file.visit::<meeting_api::JoinOrder>();
    file.visit::<meeting_api::JoinView>();
    file.visit::<meeting_api::LeaveOrder>();
    // The generator leaves spaces before a documented field's line break.
    let text = file.types.into_values().fold(HEADER.to_owned(), |text, declaration| text + "\n" + &declaration);
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

const HEADER: &str = "\
// Generated from crates/proto/src/{api,account,meeting_api}.rs. Change it there, then run: cargo run --release -p proto --example typescript
";

struct File {
    config: Config,
    seen: Vec<TypeId>,
    types: BTreeMap<String, String>,
}

impl TypeVisitor for File {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of our own have a file to go to; `String` and `Vec<_>` are TypeScript's.
        if T::output_path().is_some() && !self.seen.contains(&TypeId::of::<T>()) {
            self.seen.push(TypeId::of::<T>());
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}\n", T::decl(&self.config));
            self.types.insert(T::name(&self.config), declaration);
        }
        T::visit_dependencies(self);
    }
}
