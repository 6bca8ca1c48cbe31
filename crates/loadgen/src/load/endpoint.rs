//! A client, its socket, and the loop between them: whatever goes in, everything that comes out is sent or handed up.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use transport::client::{Event, Output};
use transport::{Client, Datagram, demux};

use crate::udp::{Arena, Sent, Socket, WallNs};

/// Who listens to an endpoint.
pub trait Ears {
    /// Whether this datagram is theirs and the client must not see it.
    fn takes(&mut self, _at: WallNs, _now: Instant, _datagram: &[u8]) -> bool {
        false
    }

    fn hear(&mut self, at: WallNs, event: Event);
}

pub struct Endpoint {
    pub client: Client,
    pub socket: Socket,
    due: Instant,
    sent: Outcome,
}

/// Where to and how well we send.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    /// Where the last datagram went that was no ICE check: the pair that ICE has chosen.
    remote: Option<SocketAddr>,
    not_sent: u64,
}

/// Wakes at least this often, though no timer asks for it: an hour from now is as good as never.
const IDLE: std::time::Duration = std::time::Duration::from_secs(3600);

impl Endpoint {
    pub fn new(client: Client, socket: Socket) -> Endpoint {
        Endpoint { client, socket, due: Instant::now(), sent: Outcome::default() }
    }

    pub fn due(&self) -> Instant {
        self.due
    }

    pub fn not_sent(&self) -> u64 {
        self.sent.not_sent
    }

    /// Sends something that is not the client's to where the client sends.
    pub fn send(&self, bytes: &[u8]) {
        if let Some(remote) = self.sent.remote {
            self.socket.send(remote, bytes);
        }
    }

    /// Reads the socket empty; every event is heard with the arrival of the datagram that caused it.
    pub fn receive(&mut self, arena: &mut Arena, ears: &mut impl Ears) -> io::Result<()> {
        // One clock read per call: only timers look at it, arrivals have the kernel's time.
        let now = Instant::now();
        while let Some(datagrams) = self.socket.receive(arena)? {
            for datagram in datagrams {
                if ears.takes(datagram.at, now, datagram.bytes) {
                    continue;
                }
                self.client.handle_datagram(now, datagram.from, datagram.bytes);
                pump(&mut self.client, &self.socket, &mut self.sent, |event| ears.hear(datagram.at, event));
            }
        }
        self.due = self.client.next_timeout().min(now + IDLE);
        Ok(())
    }

    /// Lets the client do what is due, and sends what it has to say.
    pub fn tick(&mut self, now: Instant, ears: &mut impl Ears) {
        self.client.handle_timeout(now);
        pump(&mut self.client, &self.socket, &mut self.sent, |event| ears.hear(WallNs::now(), event));
        self.due = self.client.next_timeout().min(now + IDLE);
    }
}

fn pump(client: &mut Client, socket: &Socket, sent: &mut Outcome, mut on: impl FnMut(Event)) {
    while let Some(output) = client.poll() {
        match output {
            Output::Datagram { to, bytes } => {
                if demux(&bytes) != Datagram::Stun {
                    sent.remote = Some(to);
                }
                sent.not_sent += u64::from(socket.send(to, &bytes) == Sent::No);
            }
            Output::Event(event) => on(event),
        }
    }
}
