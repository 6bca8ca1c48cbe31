//! Meetings while they happen on this node.
//!
//! ```text
//!   WebSocket ── socket ──Input──▶ hall (a task for each meeting) ──Order──▶ media ──Ask──▶ desk
//!             ◀──── Line ───────       ▲  │ Keep ──▶ keep ──▶ store          │
//!   HTTP ── live::Ask ── front ────────┘  └◀───────────── Report ────────────┘
//! ```
//!
//! Nothing is decided here: what a packet means is the business of `meetings::Hall`. Here are the tasks, the queues and the store.
//!
//! | queue | when it is full |
//! |---|---|
//! | a hall's inputs | its sockets are not read until there is room |
//! | a socket's lines | cannot be: the hall counts what is unread, and closes who does not read |
//! | a hall's orders to the media | they wait in the hall; who sends too many packets is told so |

mod front;
mod hall;
mod keep;
mod media;
mod metrics;
mod names;
mod places;
mod quality;
mod socket;
mod tale;

use meetings::hall::Rank;
use meetings::{Meeting, PersonId, UnixTime};
use tokio::sync::watch;

use crate::auth::unix_now;

pub use front::Front;
pub use names::{meeting_of, person_of, room};
pub use socket::open;

fn now() -> UnixTime {
    UnixTime(unix_now())
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// What somebody is in a meeting, as it is kept.
fn rank(meeting: &Meeting, person: &PersonId) -> Rank {
    match person.account() {
        Some(account) if account == meeting.host => Rank::Owner,
        Some(account) if meeting.settings.co_hosts.contains(&account) => Rank::CoHost,
        Some(_) | None => Rank::Person,
    }
}
