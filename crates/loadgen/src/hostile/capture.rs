//! Real datagrams to damage: what a publisher sends from its first check to its first second of media, recorded from
//! an honest session in memory.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind as MediaKind};
use transport::client::{Output as ClientOutput, Packet, Publish, Setup};
use transport::{Accept, Client, CodecChoice, Creds, Datagram, Identity, Offer, Output, Peer, Side, demux};

use super::Kind;
use crate::Error;

/// More would be the same again.
const DATAGRAMS_MAX: usize = 400;

/// `ufrag` is whom the checks name, so that they get past a server's front door.
pub fn session(ufrag: Option<&str>) -> Result<Vec<(Kind, Vec<u8>)>, Error> {
    let (client_at, server_at) = addresses();
    let identity = Identity::generate()?;
    let start = Instant::now();
    let publish = Publish { video: Some(CodecChoice { codec: Codec::Vp8, fmtp: String::new() }), ..Publish::default() };
    let mut client = Client::publisher(Setup { now: start, identity: &identity, address: client_at }, &publish)?;
    let offer = Offer::parse(client.offer())?;
    let (mut server, answer) = Peer::accept(Accept {
        now: start,
        identity: &identity,
        creds: Creds { ufrag: ufrag.unwrap_or("abcd").to_owned(), pwd: "0123456789abcdef01234567".to_owned() },
        candidates: &[server_at],
        offer: &offer,
        side: Side::Publish,
        ssrc_seed: 1,
    })?;
    client.accept_answer(&answer.sdp)?;

    let mut recorded = Vec::new();
    // A second and a half in steps of 10 ms of virtual time, both ends polled dry in each.
    for step in 0..150u32 {
        let now = start + Duration::from_millis(10) * step;
        client.handle_timeout(now);
        server.handle_timeout(now);
        let payload = [0x90, 0x80, 0x00, 0x9D, 0x01, 0x2A, step as u8];
        client.send_rtp(
            now,
            &Packet {
                kind: MediaKind::Video,
                rid: None,
                seq: u64::from(step) + 1,
                time: step * 900,
                marker: true,
                payload: &payload,
                audio_level: None,
                dd: None,
            },
        );
        client.handle_timeout(now);
        // Each round delivers what the last one caused; a handshake flight takes a few.
        for _ in 0..8 {
            while let Some(output) = client.poll() {
                let ClientOutput::Datagram { bytes, .. } = output else { continue };
                server.handle_datagram(now, client_at, server_at, &bytes);
                if recorded.len() < DATAGRAMS_MAX {
                    recorded.push((kind(&bytes), bytes));
                }
            }
            while let Some(output) = server.poll() {
                if let Output::Datagram { bytes, .. } = output {
                    client.handle_datagram(now, server_at, &bytes);
                }
            }
        }
    }
    Ok(recorded)
}

/// Documentation addresses: nothing is sent to them.
fn addresses() -> (SocketAddr, SocketAddr) {
    (SocketAddr::from(([192, 0, 2, 1], 40_000)), SocketAddr::from(([192, 0, 2, 2], 5000)))
}

fn kind(datagram: &[u8]) -> Kind {
    match demux(datagram) {
        Datagram::Stun => Kind::Stun,
        Datagram::Dtls => Kind::Dtls,
        Datagram::Rtp => Kind::Rtp,
        Datagram::Rtcp => Kind::Rtcp,
        Datagram::Other => Kind::Junk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_session_holds_checks_a_handshake_and_media() {
        let recorded = session(Some("w0abc")).unwrap();
        let count = |wanted: Kind| recorded.iter().filter(|(kind, _)| *kind == wanted).count();
        // The handshake's two flights towards the server are a datagram each.
        let counts = [count(Kind::Stun), count(Kind::Dtls), count(Kind::Rtp)];
        assert!(counts[0] >= 1 && counts[1] >= 2 && counts[2] >= 50, "{counts:?}");
        let check = recorded.iter().find(|(kind, _)| *kind == Kind::Stun).unwrap();
        assert!(check.1.windows(6).any(|window| window == b"w0abc:"), "the check names the session");
    }
}
