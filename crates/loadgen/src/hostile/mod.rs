//! Datagrams nobody should send, for a media port of your own: mutated handshakes, requests and media, and noise. Repeatable
//! by its seed, but for the ciphertexts of the recorded handshake. Loopback only, because anywhere else this is an attack.

mod capture;
mod generate;
mod rng;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Error;
use crate::udp::{Arena, Coalesce, Sent, Socket};

pub use generate::{Generator, Kind};

#[derive(Debug, Clone)]
pub struct Options {
    pub target: SocketAddr,
    pub datagrams: u64,
    /// An upper bound: a slower machine sends slower.
    pub per_second: u32,
    pub seed: u64,
    /// A session's ICE user name, to get past the front door: the server's own fragment from its SDP answer.
    pub ufrag: Option<String>,
    /// From how many addresses.
    pub sockets: u16,
}

impl Options {
    pub fn new(target: SocketAddr, datagrams: u64) -> Options {
        Options { target, datagrams, per_second: 50_000, seed: 1, ufrag: None, sockets: 32 }
    }
}

/// What was sent, and how much the server said to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    pub sent: u64,
    /// The kernel did not take them: a full buffer, or nobody listens at the target.
    pub not_sent: u64,
    pub stun: u64,
    pub dtls: u64,
    pub rtp: u64,
    pub rtcp: u64,
    pub junk: u64,
    /// Datagrams that came back. Far fewer than were sent, or the server can be used to flood others.
    pub answers: u64,
    pub answer_bytes: u64,
    pub sent_bytes: u64,
    pub seconds: f64,
}

/// Sends them all; `progress` hears how many are out, some hundred times a second.
pub fn run(options: &Options, mut progress: impl FnMut(u64)) -> Result<Report, Error> {
    let Some(from) = loopback(options.target.ip()) else {
        return Err(Error::NotLoopback(options.target));
    };
    let bind = |_| Socket::bind(from, Coalesce::No).map_err(Error::Socket);
    let sockets: Vec<Socket> = (0..options.sockets.max(1)).map(bind).collect::<Result<_, _>>()?;
    let mut generator = Generator::new(options.seed, options.ufrag.as_deref())?;
    let mut arena = Arena::new();
    let mut report = Report::default();
    let start = Instant::now();

    let mut done = 0;
    while done < options.datagrams {
        let allowed = (start.elapsed().as_secs_f64() * f64::from(options.per_second.max(1))) as u64;
        if done >= allowed {
            drain(&sockets, &mut arena, &mut report)?;
            progress(done);
            std::thread::sleep(Duration::from_millis(2));
        }
        while done < allowed.min(options.datagrams) {
            let (kind, bytes) = generator.generate();
            // Several in a row from one address, as a peer would; the next address before long.
            let socket = &sockets[(done / 7 % sockets.len() as u64) as usize];
            report.count(kind, bytes.len(), socket.send(options.target, bytes));
            done += 1;
        }
    }
    // A handshake's retransmission timer is a second in the first round.
    std::thread::sleep(Duration::from_millis(200));
    drain(&sockets, &mut arena, &mut report)?;
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// The address to send from, if the target is this machine itself.
fn loopback(target: IpAddr) -> Option<IpAddr> {
    match target {
        IpAddr::V4(v4) if v4.is_loopback() => Some(std::net::Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(v6) if v6.is_loopback() => Some(std::net::Ipv6Addr::LOCALHOST.into()),
        _ => None,
    }
}

fn drain(sockets: &[Socket], arena: &mut Arena, report: &mut Report) -> Result<(), Error> {
    for socket in sockets {
        while let Some(datagrams) = socket.receive(arena).map_err(Error::Socket)? {
            for datagram in datagrams {
                report.answers += 1;
                report.answer_bytes += datagram.bytes.len() as u64;
            }
        }
    }
    Ok(())
}

impl Report {
    fn count(&mut self, kind: Kind, bytes: usize, sent: Sent) {
        if sent == Sent::No {
            self.not_sent += 1;
            return;
        }
        self.sent += 1;
        self.sent_bytes += bytes as u64;
        *match kind {
            Kind::Stun => &mut self.stun,
            Kind::Dtls => &mut self.dtls,
            Kind::Rtp => &mut self.rtp,
            Kind::Rtcp => &mut self.rtcp,
            Kind::Junk => &mut self.junk,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_address_than_this_machine_is_refused() {
        for target in ["192.0.2.1:5000", "0.0.0.0:5000", "[2001:db8::1]:5000", "[::ffff:192.0.2.1]:5000", "[::]:1"] {
            let error = run(&Options::new(target.parse().unwrap(), 1), |_| {}).unwrap_err();
            assert!(matches!(error, Error::NotLoopback(_)), "{target}: {error}");
            assert!(error.to_string().contains("127.0.0.1"), "{error}");
        }
    }

    #[test]
    fn all_of_them_leave_and_every_kind_is_among_them() {
        let target = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let options = Options { per_second: 1_000_000, ..Options::new(target.local_addr().unwrap(), 5000) };
        let report = run(&options, |_| {}).unwrap();
        assert_eq!((report.sent, report.not_sent), (5000, 0));
        let kinds = [report.stun, report.dtls, report.rtp, report.rtcp, report.junk];
        assert!(kinds.iter().all(|count| *count > 250), "{report:?}");
        assert_eq!(kinds.iter().sum::<u64>(), 5000);
    }
}
