//! What the media calls a meeting and those in it. A meeting is a room, whose name nobody can ask for over WHIP or WHEP; somebody's
//! camera with their microphone is one publisher in it, and their screen with its sound another.

use meetings::{MeetingId, PersonId};
use proto::data::Member;
use proto::meeting::{Source, What};
use proto::{PublisherName, RoomName};

pub fn room(meeting: &MeetingId) -> RoomName {
    let name = format!("{}{meeting}", RoomName::RESERVED);
    name.parse().expect("letters, hyphens and what is reserved are allowed in names")
}

pub fn publisher(person: &PersonId, source: Source) -> PublisherName {
    let suffix = match source {
        Source::Camera => "cam",
        Source::Screen => "screen",
    };
    format!("{person}.{suffix}").parse().expect("an id has 27 letters and digits")
}

/// The meeting that a room of this name is.
pub fn meeting_of(room: &str) -> Option<MeetingId> {
    room.strip_prefix(RoomName::RESERVED)?.parse().ok()
}

pub fn person_of(publisher: &str) -> Option<PersonId> {
    read(publisher).map(|(person, _)| person)
}

/// By which the others of a meeting know who sent them a message.
pub fn member(person: &PersonId) -> Member {
    person.as_str().parse().expect("an id has 27 letters and digits")
}

/// Whose publication that is.
pub fn read(name: &str) -> Option<(PersonId, Source)> {
    let (person, suffix) = name.split_once('.')?;
    let source = match suffix {
        "cam" => Source::Camera,
        "screen" => Source::Screen,
        _ => return None,
    };
    Some((person.parse().ok()?, source))
}

/// What somebody sends over a connection of this kind; nothing over one that receives.
pub fn source(what: What) -> Option<Source> {
    match what {
        What::Camera => Some(Source::Camera),
        What::Screen => Some(Source::Screen),
        What::Receive => None,
    }
}

pub fn what(source: Source) -> What {
    match source {
        Source::Camera => What::Camera,
        Source::Screen => What::Screen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_somebodys() {
        let person = PersonId::guest_from_random(7);
        for source in [Source::Camera, Source::Screen] {
            assert_eq!(read(publisher(&person, source).as_str()), Some((person.clone(), source)));
        }
        assert_eq!(read("ann"), None);
        assert_eq!(read("ann.cam"), None);
        assert!(room(&MeetingId::from_random(7)).is_reserved());
    }
}
