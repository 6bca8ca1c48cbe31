//! Somebody who receives: an endpoint, who looks at what comes to it, and what a light one has to say by itself.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use transport::client::Event;
use transport::{Datagram, demux};

use super::board::Board;
use super::crew::Member;
use super::endpoint::{Ears, Endpoint};
use super::light::Light;
use super::numbers::Numbers;
use super::track::Seen;
use crate::udp::{Arena, Socket, WallNs};

/// Who looks at what comes.
pub trait Eyes: Send + 'static {
    fn sight(&mut self) -> &mut Sight;
    fn look(&mut self, at: WallNs, now: Instant, packet: Seen<'_>);
    fn hear(&mut self, at: WallNs, event: Event);
    /// Whether it goes while the others stay.
    fn has_left(&self) -> bool {
        false
    }
}

/// What all eyes have.
pub struct Sight {
    pub board: Arc<Board>,
    /// From the connection on, if it is a light one.
    pub light: Option<Box<Light>>,
    pub numbers: Numbers,
    pub packets: u64,
}

impl Sight {
    pub fn new(board: Arc<Board>) -> Sight {
        Sight { board, light: None, numbers: Numbers::default(), packets: 0 }
    }
}

pub struct Receiver<E> {
    pub endpoint: Endpoint,
    /// Apart from the endpoint, so that events can go into it while the endpoint is read.
    pub eyes: E,
    /// The crew asks a thousand times a second.
    due: Instant,
}

impl<E: Eyes> Receiver<E> {
    pub fn new(endpoint: Endpoint, eyes: E) -> Receiver<E> {
        Receiver { due: endpoint.due(), endpoint, eyes }
    }

    fn speak(&mut self, now: Instant) {
        let light = &mut self.eyes.sight().light;
        if let Some(light) = light.as_mut().filter(|light| light.due() <= now) {
            light.speak(now, WallNs::now(), |bytes| self.endpoint.send(bytes));
        }
        let spoken = light.as_ref().map(|light| light.due());
        self.due = spoken.map_or(self.endpoint.due(), |due| due.min(self.endpoint.due()));
    }
}

impl<E: Eyes> Member for Receiver<E> {
    fn socket(&self) -> &Socket {
        &self.endpoint.socket
    }

    fn receive(&mut self, arena: &mut Arena) -> io::Result<()> {
        let (before, now) = (self.eyes.sight().packets, Instant::now());
        self.endpoint.receive(arena, &mut self.eyes)?;
        let sight = self.eyes.sight();
        sight.board.count_received(sight.packets - before);
        self.speak(now);
        Ok(())
    }

    fn due(&self) -> Instant {
        self.due
    }

    fn tick(&mut self, now: Instant) {
        if self.endpoint.due() <= now {
            self.endpoint.tick(now, &mut self.eyes);
        }
        self.speak(now);
    }

    fn has_left(&self) -> bool {
        self.eyes.has_left()
    }
}

impl<E: Eyes> Ears for E {
    fn takes(&mut self, at: WallNs, now: Instant, datagram: &[u8]) -> bool {
        let kind = demux(datagram);
        if kind == Datagram::Rtp {
            self.sight().numbers.note(datagram);
        }
        let is_media = matches!(kind, Datagram::Rtp | Datagram::Rtcp);
        let Some(mut light) = self.sight().light.take_if(|_| is_media) else { return false };
        if kind == Datagram::Rtcp {
            light.open_report(at, datagram);
        } else if let Some(packet) = light.open(at, now, datagram) {
            self.sight().packets += 1;
            self.look(at, now, packet);
        }
        self.sight().light = Some(light);
        true
    }

    fn hear(&mut self, at: WallNs, event: Event) {
        if let Event::Media(packet) = &event {
            self.sight().packets += 1;
            return self.look(at, Instant::now(), Seen::from(packet));
        }
        Eyes::hear(self, at, event);
    }
}
