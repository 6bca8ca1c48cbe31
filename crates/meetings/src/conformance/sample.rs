//! Accounts, tokens and meetings by number: the same number makes the same one, so that what is read can be compared with what
//! must have been written.

use crate::events::{Happened, Progress, Sequence};
use crate::{
    Account, AccountId, AuditEntry, Grant, Mark, Meeting, MeetingId, Once, PasswordHash, PersonId, Purpose, Settings,
    Token, TokenHash, UnixTime, Version,
};

pub fn account_id(n: u64) -> AccountId {
    AccountId::from_random(u128::from(n))
}

pub fn account(n: u64) -> Account {
    Account {
        id: account_id(n),
        email: format!("person{n}@example.org").parse().expect("an address"),
        confirmed: n.is_multiple_of(2),
        name: format!("Zoë {n} 王").parse().expect("a name"),
        password: PasswordHash(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${n}")),
        grant: if n.is_multiple_of(3) { Grant::Admin } else { Grant::Person },
        created: UnixTime(1_700_000_000 + n),
        version: Version(1),
    }
}

pub fn hash(n: u64) -> TokenHash {
    TokenHash(bytes(n))
}

/// A login of account `n`, with a hash of the same number.
pub fn login(n: u64) -> Token {
    token(n, Purpose::Login(account_id(n)))
}

pub fn seat(n: u64, meeting: &MeetingId, person: &PersonId) -> Token {
    let name = format!("Gäst {n}").parse().expect("a name");
    token(n, Purpose::Seat { meeting: meeting.clone(), person: person.clone(), name, marks: marks(n) })
}

/// None of every third seat.
pub fn marks(n: u64) -> Vec<Mark> {
    (0..n % 3).map(|m| Mark(bytes(n + m)[..16].try_into().expect("half of a hash"))).collect()
}

pub fn token(n: u64, purpose: Purpose) -> Token {
    Token { hash: hash(n), purpose, created: UnixTime(n), expires: UnixTime(1_000_000 + n) }
}

pub fn guest(n: u64) -> PersonId {
    PersonId::guest_from_random(u128::from(n))
}

pub fn meeting_id(n: u64) -> MeetingId {
    MeetingId::from_random(u128::from(n))
}

/// A meeting that has not ended, of account `host`.
pub fn meeting(n: u64, host: u64) -> Meeting {
    Meeting {
        id: meeting_id(n),
        host: account_id(host),
        created: UnixTime(1_700_000_000 + n),
        ended: None,
        server: format!("node-{n}"),
        recording: n.is_multiple_of(2),
        settings: Settings {
            title: format!("Планёрка «{n}» 🎥"),
            guests: n.is_multiple_of(2),
            lobby: n.is_multiple_of(3),
            locked: n.is_multiple_of(5),
            chat: n.is_multiple_of(7),
            reactions: n.is_multiple_of(2),
            share: n.is_multiple_of(3),
            unmute: !n.is_multiple_of(2),
            passcode: None,
            co_hosts: (0..n % 3).map(account_id).collect(),
            banned: (0..n % 4).map(guest).collect(),
            marks: (0..n % 4).map(|m| (guest(m), marks(n + m).into_iter().collect())).collect(),
        },
        version: Version(1),
    }
}

/// Key `n`, asking for what `request` stands for.
pub fn once(n: u64, request: u64) -> Once {
    Once { key: bytes(n), request: bytes(request), until: UnixTime(2_000_000 + n) }
}

pub fn audit(n: u64) -> AuditEntry {
    AuditEntry {
        at: UnixTime(n),
        actor: account_id(n).to_string(),
        action: "meeting.end".to_owned(),
        object: meeting_id(n).to_string(),
        detail: format!("nr. {n}, «{}»", "ß".repeat(n as usize % 50)),
    }
}

/// Of an odd kind and with much in it, so that what a store does not know is in it.
pub fn happened(n: u64) -> Happened {
    Happened {
        id: format!("event-{n}"),
        time_ms: 1_700_000_000_000 + n,
        node: "knöt".to_owned(),
        kind: format!("kind.{}", n % 5),
        data: format!(r#"{{"n":{n},"text":"«{}»"}}"#, "ß".repeat(n as usize % 50)),
    }
}

pub fn progress(n: u64) -> Progress {
    Progress {
        receiver: format!("https://{n}.example.org/hook"),
        delivered: Sequence(n),
        delivered_at: n.is_multiple_of(2).then_some(UnixTime(n)),
        failing_since: n.is_multiple_of(3).then_some(UnixTime(n + 1)),
        stopped: n.is_multiple_of(5),
        last_error: n.is_multiple_of(3).then(|| "it answered 500 «ß»".to_owned()),
    }
}

/// Bytes as hashes have them: zeros and the highest ones are among them.
fn bytes(n: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    bytes[24..].copy_from_slice(&(!n).to_le_bytes());
    bytes
}
