//! The other end: a client that streams a clip, for tests and for people who want to try the ingest without OBS.

mod clip;
mod play;

use std::net::SocketAddr;
use std::time::Duration;

use media::codec::Kind;
use media::{Header, RtpTime, Seq, ext};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::Error;
use crate::handshake::{hex, unhex};
use crate::keys::{Key, prove};
use crate::lines::Lines;

pub use clip::Clip;
pub use play::{Loop, Played, play};

/// The port that clients have built in.
pub const PORT: u16 = 8084;

const ANSWER_MAX: Duration = Duration::from_secs(10);
const VIDEO_PAYLOAD_TYPE: u8 = 96;
const AUDIO_PAYLOAD_TYPE: u8 = 97;

/// What is going to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracks {
    pub video: bool,
    pub audio: bool,
}

/// A session that the server has taken in.
#[derive(Debug)]
pub struct Client {
    control: TcpStream,
    lines: Lines,
    udp: UdpSocket,
    video: Sender,
    audio: Sender,
}

#[derive(Debug)]
struct Sender {
    ssrc: u32,
    payload_type: u8,
    seq: Seq,
    packets: u32,
    bytes: u32,
}

impl Client {
    /// Proves the key and announces the tracks.
    pub async fn connect(server: SocketAddr, key: &Key, tracks: Tracks) -> Result<Client, Error> {
        let fails = |source| Error::Connect(server.to_string(), source);
        let control = timeout(ANSWER_MAX, TcpStream::connect(server)).await;
        let control = control.map_err(|_| Error::Silent(ANSWER_MAX))?.map_err(fails)?;
        let udp = UdpSocket::bind((control.local_addr()?.ip(), 0)).await?;
        let channel = key.channel;
        let sender = |ssrc, payload_type| Sender { ssrc, payload_type, seq: Seq(0), packets: 0, bytes: 0 };
        let mut client = Client {
            control,
            lines: Lines::default(),
            udp,
            video: sender(channel.wrapping_add(1), VIDEO_PAYLOAD_TYPE),
            audio: sender(channel, AUDIO_PAYLOAD_TYPE),
        };
        client.say("HMAC").await?;
        let challenge = client.expect(200).await?;
        let challenge = unhex(challenge.trim()).ok_or(Error::NotFtl(challenge))?;
        client.say(&format!("CONNECT {channel} ${}", hex(&prove(&key.secret, &challenge)))).await?;
        client.expect(200).await?;
        client.announce(tracks).await?;
        let text = client.expect(200).await?;
        let port = text.strip_prefix(". Use UDP port ").and_then(|port| port.trim().parse().ok());
        let port: u16 = port.ok_or(Error::NotFtl(text))?;
        client.udp.connect(SocketAddr::new(server.ip(), port)).await?;
        Ok(client)
    }

    /// One packet. `time` is in ticks of the codec's clock.
    pub async fn send(&mut self, kind: Kind, payload: &[u8], marker: bool, time: u32) -> Result<(), Error> {
        let sender = self.sender(kind);
        let (payload_type, seq, ssrc) = (sender.payload_type, sender.seq, sender.ssrc);
        sender.seq = sender.seq.next();
        sender.packets = sender.packets.wrapping_add(1);
        sender.bytes = sender.bytes.wrapping_add(payload.len() as u32);
        let header = Header { marker, payload_type, seq, time: RtpTime(time), ssrc };
        let mut packet = vec![0; 12];
        header.write(&ext::Writer::new(), &mut packet).expect("a header without extensions is 12 bytes");
        packet.extend_from_slice(payload);
        self.send_datagram(&packet).await
    }

    /// What wall-clock time (NTP, 32.32) a timestamp is: the server keeps sound and picture together by it.
    pub async fn report(&mut self, kind: Kind, ntp: u64, time: u32) -> Result<(), Error> {
        let sender = self.sender(kind);
        let mut report = vec![0x80, 200, 0, 6];
        for word in [sender.ssrc, (ntp >> 32) as u32, ntp as u32, time, sender.packets, sender.bytes] {
            report.extend_from_slice(&word.to_be_bytes());
        }
        self.send_datagram(&report).await
    }

    /// Keeps the session up; due every five seconds.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.say("PING").await
    }

    /// Waits for the server's next line, and returns only when that ends the session.
    pub async fn hear(&mut self) -> Error {
        loop {
            match self.next_line().await {
                Ok(line) => match code_of(&line) {
                    Some((200..=299, _)) => {}
                    Some((code, _)) => return Error::Refused(code),
                    None => return Error::NotFtl(line),
                },
                Err(error) => return error,
            }
        }
    }

    /// Says goodbye.
    pub async fn leave(mut self) -> Result<(), Error> {
        self.say("DISCONNECT").await?;
        self.expect(200).await.map(|_| ())
    }

    /// Where media is sent to.
    pub fn media_server(&self) -> Result<SocketAddr, Error> {
        Ok(self.udp.peer_addr()?)
    }

    async fn announce(&mut self, tracks: Tracks) -> Result<(), Error> {
        let version = env!("CARGO_PKG_VERSION");
        let mut attributes = vec![
            "ProtocolVersion: 0.9".to_owned(),
            "VendorName: weir".to_owned(),
            format!("VendorVersion: {version}"),
            format!("Video: {}", tracks.video),
            format!("Audio: {}", tracks.audio),
        ];
        for (there, name, codec, sender) in
            [(tracks.video, "Video", "H264", &self.video), (tracks.audio, "Audio", "OPUS", &self.audio)]
        {
            if there {
                attributes.push(format!("{name}Codec: {codec}"));
                attributes.push(format!("{name}PayloadType: {}", sender.payload_type));
                attributes.push(format!("{name}IngestSSRC: {}", sender.ssrc));
            }
        }
        attributes.push(".".to_owned());
        for attribute in attributes {
            self.say(&attribute).await?;
        }
        Ok(())
    }

    /// The rest of a line with this code. Pongs may come at any time.
    async fn expect(&mut self, wanted: u16) -> Result<String, Error> {
        loop {
            let line = timeout(ANSWER_MAX, self.next_line()).await.map_err(|_| Error::Silent(ANSWER_MAX))??;
            match code_of(&line) {
                Some((code, rest)) if code == wanted => return Ok(rest.to_owned()),
                Some((201, _)) => {}
                Some((code, _)) => return Err(Error::Refused(code)),
                None => return Err(Error::NotFtl(line)),
            }
        }
    }

    async fn next_line(&mut self) -> Result<String, Error> {
        loop {
            match self.lines.next() {
                Some(Ok(line)) => return Ok(line),
                Some(Err(_)) => return Err(Error::NotFtl("a line without end".into())),
                None => {}
            }
            let mut bytes = [0; 1024];
            let len = self.control.read(&mut bytes).await?;
            if len == 0 {
                return Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into()));
            }
            self.lines.push(&bytes[..len]);
        }
    }

    async fn say(&mut self, line: &str) -> Result<(), Error> {
        Ok(self.control.write_all(format!("{line}\r\n\r\n").as_bytes()).await?)
    }

    /// A full buffer or a port that nobody listens on: the server says by TCP when it misses media.
    async fn send_datagram(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self.udp.send(bytes).await {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionRefused => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn sender(&mut self, kind: Kind) -> &mut Sender {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

/// The three digits in front of a line, and the rest.
fn code_of(line: &str) -> Option<(u16, &str)> {
    let (digits, rest) = line.split_at_checked(3)?;
    Some((digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?, rest))
}
