//! Everything that comes to one person from the others: opened by a light viewer's parts, and judged tile by tile and voice
//! by voice.

use std::sync::Arc;
use std::time::Instant;

use media::check::{self, Checker, View};
use media::codec::Kind;
use media::testing::read_tag;
use media::{RtpTime, Seq};
use tokio::sync::mpsc::UnboundedSender;
use transport::client::Event;

use super::report;
use super::rota::Rota;
use super::tiles::{Counts, Shown, Tile, person_of};
use super::voices::Voices;
use crate::load::board::Board;
use crate::load::crew::Exit;
use crate::load::endpoint::Endpoint;
use crate::load::light::{Light, Terms};
use crate::load::receiver::{self, Receiver, Sight};
use crate::load::track::Seen;
use crate::udp::WallNs;

/// To the person whose eyes and ears these are. Bounded by the key frames that come, of which a publisher makes three a second.
#[derive(Debug)]
pub enum Noted {
    Connected,
    /// A slot shows this person now; of `None`, if it is nobody of ours.
    Shown {
        mid: Option<String>,
        person: Option<u32>,
        at: Instant,
    },
    Closed(String),
    /// The last of it.
    Found(Box<Found>),
}

/// What one person received.
#[derive(Debug, Default)]
pub struct Found {
    pub checks: Vec<check::Report>,
    pub counts: Counts,
    pub voices: report::Voices,
    pub numbers_used_twice: u64,
    pub overflowed: u64,
    pub packets: u64,
    /// By the page's decoders, so to speak.
    pub keyframes_asked: u64,
}

pub type Listener = Receiver<Eyes>;

pub struct Eyes {
    exit: Exit,
    answer: String,
    sight: Sight,
    to: UnboundedSender<Noted>,
    began: WallNs,
    terms: Terms,
    tiles: Vec<Tile>,
    heard: Vec<(u32, Checker)>,
    voices: Voices,
}

/// Where a person's eyes and ears come from.
pub struct Place {
    pub person: u32,
    pub answer: String,
    pub to: UnboundedSender<Noted>,
    pub exit: Exit,
}

impl Receiver<Eyes> {
    pub fn attending(endpoint: Endpoint, place: Place, rota: Arc<Rota>, board: Arc<Board>) -> Listener {
        let Place { person, answer, to, exit } = place;
        let eyes = Eyes {
            terms: Terms::read(&answer),
            answer,
            exit,
            sight: Sight::new(board),
            to,
            began: WallNs::now(),
            tiles: Vec::new(),
            heard: Vec::new(),
            voices: Voices::new(rota, person, Instant::now()),
        };
        Receiver::new(endpoint, eyes)
    }

    /// Says what was found. What comes after that is not looked at.
    pub fn close_book(&mut self) {
        let eyes = &mut self.eyes;
        let (tiles, heard) = (std::mem::take(&mut eyes.tiles), std::mem::take(&mut eyes.heard));
        let mut found = Found {
            voices: eyes.voices.judge(Instant::now()),
            numbers_used_twice: eyes.sight.numbers.used_twice(),
            overflowed: self.endpoint.socket.overflowed().into(),
            packets: eyes.sight.packets,
            keyframes_asked: eyes.sight.light.as_ref().map_or(0, |light| light.said().keyframes_asked),
            ..Found::default()
        };
        for tile in tiles {
            let Counts { mixed, corrupt } = tile.counts();
            found.counts.mixed += mixed;
            found.counts.corrupt += corrupt;
            found.checks.push(tile.finish());
        }
        found.checks.extend(heard.into_iter().map(|(_, checker)| checker.finish()));
        eyes.sight.light = None;
        let _ = eyes.to.send(Noted::Found(Box::new(found)));
        self.eyes.exit.open();
    }
}

impl receiver::Eyes for Eyes {
    fn sight(&mut self) -> &mut Sight {
        &mut self.sight
    }

    fn hear(&mut self, _at: WallNs, event: Event) {
        match event {
            Event::Connected { keys } => {
                self.sight.light = Some(Box::new(Light::new(Instant::now(), &keys, Terms::read(&self.answer))));
                let _ = self.to.send(Noted::Connected);
            }
            Event::Closed(reason) => drop(self.to.send(Noted::Closed(reason.to_string()))),
            _ => {}
        }
    }

    fn look(&mut self, at: WallNs, now: Instant, packet: Seen<'_>) {
        match packet.codec.kind() {
            Kind::Video => self.watch(at, now, packet),
            Kind::Audio => self.listen(at, now, packet),
        }
    }

    fn has_left(&self) -> bool {
        self.exit.is_open()
    }
}

impl Eyes {
    fn watch(&mut self, at: WallNs, now: Instant, packet: Seen<'_>) {
        let place = self.tiles.iter().position(|tile| tile.ssrc() == packet.ssrc).unwrap_or_else(|| {
            self.tiles.push(Tile::new(&packet));
            self.tiles.len() - 1
        });
        if let Some(Shown(person)) = self.tiles[place].look(at.since(self.began), packet) {
            let mid = self.terms.mid_of(packet.ssrc).map(str::to_owned);
            let _ = self.to.send(Noted::Shown { mid, person, at: now });
        }
    }

    fn listen(&mut self, at: WallNs, now: Instant, packet: Seen<'_>) {
        let Seen { ssrc, seq, time, marker, payload, dd, codec } = packet;
        let place = self.heard.iter().position(|(heard, _)| *heard == ssrc).unwrap_or_else(|| {
            self.heard.push((ssrc, Checker::new(codec)));
            self.heard.len() - 1
        });
        let view = View { seq: Seq(seq as u16), time: RtpTime(time), marker, payload, dd };
        self.heard[place].1.push(at.since(self.began), &view);
        let whose = read_tag(codec, payload).and_then(|tag| person_of(tag.stream));
        self.voices.hear(now, whose);
    }
}
