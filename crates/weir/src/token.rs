//! `weir token`: tokens for this node, signed with the key in its data directory.

use std::process::ExitCode;

use anyhow::{Result, bail};
use signal::auth::{Grant, Key, Rooms, mint};

use crate::cli::{CreateToken, Room};
use crate::output::print;

pub fn create(args: &CreateToken) -> Result<ExitCode> {
    if !(args.publish || args.subscribe || args.admin) {
        bail!("a token that allows nothing serves nobody: add --publish, --subscribe or --admin");
    }
    let config = args.setup.load()?.config;
    let key = Key::load_or_create(&config.data.dir)?;
    let rooms = match &args.room {
        None => Rooms::None,
        Some(Room::All) => Rooms::All,
        Some(Room::One(name)) => Rooms::One(name.clone()),
    };
    let grant = Grant { rooms, publish: args.publish, subscribe: args.subscribe, admin: args.admin };
    print(&format!("{}\n", mint(&key, grant, args.subject.as_deref(), args.ttl)))
}
