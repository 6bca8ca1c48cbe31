//! Writes the web client's types: `cargo run --release -p proto --example typescript`.
//!
//! The JSON of the API is declared once, in `proto::{api, account, event, meeting_api}`, and that of meetings in `proto::meeting`; the files written here are committed, so
//! that the client builds without a Rust toolchain, and `tests/typescript.rs` fails when they differ. It knows nothing of HTTP or of who
//! uses a type.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::PathBuf;

use proto::{account, api, event, meeting, meeting_api};
use ts_rs::{Config, TS, TypeVisitor};

#[allow(dead_code, reason = "the test includes this file for `render` and `path` only")]
fn main() -> std::io::Result<()> {
    for Module { path, text } in render() {
        std::fs::create_dir_all(path.parent().expect("the path ends in a file name"))?;
        std::fs::write(&path, text)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// One file of the client.
pub struct Module {
    pub path: PathBuf,
    pub text: String,
}

/// Of each file: these types and those that they mention, each once, by name. The derive macro visits what a type mentions
/// in an order of its own that changes from compilation to compilation.
pub fn render() -> Vec<Module> {
    let mut api = File::default();
    api.visit::<api::RoomsView>();
    api.visit::<api::NodeView>();
    api.visit::<api::Problem>();
    api.visit::<api::UpstreamOrder>();
    api.visit::<api::UpstreamView>();
    api.visit::<api::SessionView>();
    api.visit::<api::AdminOverview>();
    api.visit::<api::AdminRooms>();
    api.visit::<api::AdminSessions>();
    api.visit::<api::AdminSessionView>();
    api.visit::<api::RemoveOrder>();
    api.visit::<account::SignUp>();
    api.visit::<account::SignedUp>();
    api.visit::<account::LogIn>();
    api.visit::<account::LoginView>();
    api.visit::<account::AccountView>();
    api.visit::<account::AccountChange>();
    api.visit::<account::AccountEnd>();
    api.visit::<account::PasswordChange>();
    api.visit::<account::ResetOrder>();
    api.visit::<account::ResetUse>();
    api.visit::<account::ConfirmUse>();
    api.visit::<meeting_api::MeetingOrder>();
    api.visit::<meeting_api::MeetingsView>();
    api.visit::<meeting_api::MeetingDoor>();
    api.visit::<meeting_api::MeetingChange>();
    api.visit::<meeting_api::JoinOrder>();
    api.visit::<meeting_api::JoinView>();
    api.visit::<meeting_api::LeaveOrder>();
    let mut events = File::default();
    events.visit::<event::Event>();
    events.visit::<event::What>();
    // Flattened into kinds of events.
    events.visit::<event::Stream>();
    events.visit::<event::Presence>();
    events.visit::<event::SessionEnd>();
    events.visit::<event::EventsView>();
    events.visit::<event::WebhooksView>();
    events.visit::<event::ReplayOrder>();
    let mut meeting = File::default();
    // What is flattened into another type is written out there, and does not come along by itself.
    meeting.visit::<meeting::ClientPacket>();
    meeting.visit::<meeting::ClientBody>();
    meeting.visit::<meeting::ServerPacket>();
    meeting.visit::<meeting::ServerBody>();
    meeting.visit::<meeting::CloseCode>();
    vec![api.module("api"), meeting.module("meeting"), events.module("events")]
}

const HEADER: &str = "\
// Generated from crates/proto/src. Change it there, then run: cargo run --release -p proto --example typescript
";

#[derive(Default)]
struct File {
    config: Config,
    seen: Vec<TypeId>,
    types: BTreeMap<String, String>,
}

impl File {
    fn module(self, name: &str) -> Module {
        let text = self.types.into_values().fold(HEADER.to_owned(), |text, declaration| text + "\n" + &declaration);
        // The generator leaves spaces before a documented field's line break.
        let text = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/src/protocol/generated");
        Module { path: folder.join(format!("{name}.ts")), text }
    }
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
