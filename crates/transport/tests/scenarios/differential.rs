//! Our SRTP and RTCP against str0m's, both ways and in every profile. A DTLS that hands out keys instead of negotiating
//! them makes that possible: two real ends would always agree on AES-256-GCM.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use media::ext;
use media::packet::Header;
use media::{RtpTime, Seq};
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, KeyingMaterial, ProtocolVersion, SrtpProfile,
};
use str0m::crypto::{CryptoError, from_feature_flags};
use str0m::media::{KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::rtcp::Rtcp;
use str0m::rtp::{RawPacket, RtpWrite};
use str0m::{Candidate, Event, IceCreds, Input, Output, Rtc, RtcConfig};
use transport::srtp::{Keys, Opener, Profile, Sealer};
use transport::{Datagram, demux, rtcp};

use crate::pair::ms;

const PROFILES: [Profile; 3] = [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80];
const PAYLOAD_LEN_MAX: usize = 1400;
const OUR_SSRC: u32 = 0x0102_0304;
const THEIR_SSRC: u32 = 0xa1a2_a3a4;
/// VP8 as str0m has it by default.
const VP8: u8 = 96;
/// Seconds from 1900 to 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

#[test]
fn what_we_seal_str0m_opens() {
    for profile in PROFILES {
        let mut lab = Lab::new(profile);
        let mut map = ext::Map::new();
        map.set(ext::Kind::TransportSeq, 3);
        map.set(ext::Kind::Mid, 4);
        let is_received = |raw: &RawPacket| matches!(raw, RawPacket::RtpRx(..));
        for (i, len) in (1..=PAYLOAD_LEN_MAX).chain([0]).enumerate() {
            // Far apart, so that the rollover counter is beyond 100 in the end.
            let index = 60_000 + 7001 * i as u64;
            let mut extensions = ext::Writer::new();
            if len % 3 > 0 {
                extensions.transport_seq(&map, len as u16);
            }
            if len % 3 > 1 {
                extensions.push_kind(&map, ext::Kind::Mid, b"vid");
            }
            let seq = Seq(index as u16);
            let header =
                Header { marker: len % 2 == 0, payload_type: VP8, seq, time: RtpTime(len as u32), ssrc: OUR_SSRC };
            let mut packet = vec![0; 1600];
            let bare_len = header.write(&extensions, &mut packet).unwrap();
            let csrcs: Vec<u32> = (0..len as u32 % 16).map(|i| i << 24 | len as u32).collect();
            let header_len = insert_csrcs(&mut packet, bare_len, &csrcs);
            let payload = noise(len);

            // The two ways to seal make the same packet.
            let mut copied = packet.clone();
            copied[header_len..][..len].copy_from_slice(&payload);
            let sealed = lab.sealer.seal_rtp_gather(&mut packet, header_len, &payload, OUR_SSRC, index).unwrap();
            let mut other = Sealer::new(&keys(profile, true));
            assert_eq!(other.seal_rtp(&mut copied, header_len, len, OUR_SSRC, index), Some(sealed));
            assert_eq!(packet[..sealed], copied[..sealed]);

            lab.give(&packet[..sealed]);
            let context = format!("{profile:?}, {len} bytes, {} CSRCs", csrcs.len());
            let Some(RawPacket::RtpRx(seen, data)) = lab.take_raw(is_received) else { panic!("not opened: {context}") };
            assert_eq!(data, payload, "{context}");
            assert_eq!((seen.sequence_number, seen.timestamp, *seen.ssrc), (seq.0, len as u32, OUR_SSRC), "{context}");
            assert_eq!(
                (seen.marker, *seen.payload_type, seen.header_len),
                (header.marker, VP8, header_len),
                "{context}"
            );
            assert_eq!(seen.csrc[..seen.csrc_count], csrcs, "{context}");
            assert_eq!(seen.ext_vals.transport_cc, (len % 3 > 0).then_some(len as u16), "{context}");
            assert_eq!(seen.ext_vals.mid, (len % 3 > 1).then(mid), "{context}");

            // And not with a byte changed. An SSRC that nobody knows is taken by str0m for a new one of the track before
            // it has shown to be authentic, which is why `peer` opens everything first.
            let at = if (8..12).contains(&(len % sealed)) { 12 } else { len % sealed };
            packet[at] ^= 0x10;
            lab.give(&packet[..sealed]);
            assert!(lab.take_raw(is_received).is_none(), "opened with byte {at} changed: {context}");
        }
    }
}

#[test]
fn what_str0m_seals_we_open() {
    for profile in PROFILES {
        let mut lab = Lab::new(profile);
        let mut clear = Vec::new();
        for len in 0..=PAYLOAD_LEN_MAX {
            // Over a rollover.
            let index = 65_000 + len as u64;
            lab.write(index, len as u32 * 3000, &noise(len));
            let (sealed, _) = lab.take_sent();
            let [datagram] = &sealed[..] else { panic!("{profile:?}: {} datagrams", sealed.len()) };
            let Some(RawPacket::RtpTx(_, plain)) = lab.take_raw(|raw| matches!(raw, RawPacket::RtpTx(..))) else {
                panic!("{profile:?}: str0m says that it sent nothing")
            };
            let opened = lab.opener.open_rtp(datagram, &mut clear).unwrap_or_else(|e| panic!("{profile:?} {len}: {e}"));
            assert_eq!(clear, plain, "{profile:?}, {len} bytes");
            assert_eq!((opened.ssrc, opened.index), (THEIR_SSRC, index));
            assert_eq!(clear[opened.header_len..], noise(len));

            let mut changed = datagram.clone();
            changed[len % datagram.len()] ^= 0x10;
            let mut fresh = Opener::new(&keys(profile, true));
            assert!(fresh.open_rtp(&changed, &mut clear).is_err(), "{profile:?}: changed at {}", len % datagram.len());
        }
    }
}

#[test]
fn our_rtcp_means_to_str0m_what_we_meant() {
    for profile in PROFILES {
        let mut lab = Lab::new(profile);
        for round in 0..300u32 {
            let info = rtcp::SenderInfo {
                ntp: (NTP_EPOCH + 1_700_000_000 + u64::from(round)) << 32 | u64::from(round) << 24,
                rtp_time: round.wrapping_mul(0x0101_0101),
                packets: round,
                bytes: round * 1000,
            };
            let block = rtcp::ReportBlock {
                ssrc: THEIR_SSRC,
                fraction_lost: round as u8,
                lost: round as i32,
                highest_seq: round << 16 | 7,
                jitter: 3 * round,
                last_sr: 5 * round,
                delay: 7 * round,
            };
            let blocks = vec![block; round as usize % 4];
            let lost: Vec<u16> =
                (0..1 + round as u16 % 40).map(|i| 65_500u16.wrapping_add(round as u16).wrapping_add(3 * i)).collect();
            let arrivals: Vec<Option<i64>> = (0..1 + i64::from(round % 50))
                .map(|i| {
                    (i == 0 || i % 3 != i64::from(round) % 3).then_some(i64::from(round) * 4096 + i * (i % 7) * 40)
                })
                .collect();
            let cname = "c".repeat(round as usize % 30 + 1);
            let mut compound = Vec::new();
            rtcp::sender_report(&mut compound, OUR_SSRC, &info, &blocks, &cname);
            rtcp::nack(&mut compound, OUR_SSRC, THEIR_SSRC, &lost);
            rtcp::pli(&mut compound, OUR_SSRC, THEIR_SSRC);
            let base = 65_530u16.wrapping_add(round as u16);
            let written =
                rtcp::transport_feedback(&mut compound, (OUR_SSRC, THEIR_SSRC), (base, round as u8), &arrivals);
            assert_eq!(written, arrivals.len());
            rtcp::bye(&mut compound, &[OUR_SSRC + 1, OUR_SSRC + 2]);
            let expected = compound.clone();
            assert!(lab.sealer.seal_rtcp(&mut compound));
            lab.give(&compound);

            let theirs: Vec<Rtcp> = lab.raw.drain(..).filter_map(received_rtcp).collect();
            let ours: Vec<_> = rtcp::read(&expected).collect();
            assert_eq!(ours.len(), 6);
            assert_same(&ours, &theirs);
            // Our reader leaves names as they are, and str0m's times are of another kind: both are spelled out here.
            let Rtcp::SourceDescription(names) = &theirs[1] else { panic!("{theirs:?}") };
            let name = names.reports.iter().next().and_then(|sdes| sdes.values.iter().next());
            assert_eq!(name.map(|(_, name)| name.as_str()), Some(&cname[..]));
            let Rtcp::Twcc(twcc) = theirs[4].clone() else { panic!("{theirs:?}") };
            assert_eq!(times_of(twcc), arrivals, "round {round}");
        }
    }
}

#[test]
fn what_str0m_reports_we_read_as_it_was_meant() {
    for profile in PROFILES {
        let mut lab = Lab::new(profile);
        let mut map = ext::Map::new();
        map.set(ext::Kind::TransportSeq, 3);
        let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
        let mut transport_seq = 65_000u16;
        for i in 0..1500u64 {
            // Single losses and runs of them, over a rollover; now and then a report to answer and a wish for a picture.
            if i % 17 != 3 && i % 90 > 4 {
                let index = 65_000 + i;
                let mut extensions = ext::Writer::new();
                extensions.transport_seq(&map, transport_seq);
                let seq = Seq(index as u16);
                let header =
                    Header { marker: true, payload_type: VP8, seq, time: RtpTime(i as u32 * 900), ssrc: OUR_SSRC };
                let mut packet = vec![0; 200];
                let header_len = header.write(&extensions, &mut packet).unwrap();
                let len = lab.sealer.seal_rtp_gather(&mut packet, header_len, &noise(50), OUR_SSRC, index).unwrap();
                lab.give(&packet[..len]);
            }
            transport_seq = transport_seq.wrapping_add(1);
            if i % 100 == 50 {
                let mut report = Vec::new();
                let info = rtcp::SenderInfo { ntp: (NTP_EPOCH + i) << 32, rtp_time: i as u32, packets: 1, bytes: 2 };
                rtcp::sender_report(&mut report, OUR_SSRC, &info, &[], "us");
                assert!(lab.sealer.seal_rtcp(&mut report));
                lab.give(&report);
                let kind = if i % 200 == 50 { KeyframeRequestKind::Pli } else { KeyframeRequestKind::Fir };
                let mut api = lab.theirs.direct_api();
                api.stream_rx(&OUR_SSRC.into()).expect("declared").request_keyframe(kind);
            }
            // A receiver's reports become a sender's once it sends itself.
            if i > 700 {
                lab.write(i, i as u32 * 900, b"something to report on");
            }
            lab.run(ms(10));
            let said: Vec<Rtcp> = lab.raw.drain(..).filter_map(sent_rtcp).collect();
            let (_, reports) = lab.take_sent();
            let mut understood = Vec::new();
            for datagram in &reports {
                let mut clear = Vec::new();
                lab.opener.open_rtcp(datagram, &mut clear).unwrap_or_else(|e| panic!("{profile:?}: {e}"));
                understood.push(clear);
            }
            let ours: Vec<_> = understood.iter().flat_map(|clear| rtcp::read(clear)).collect();
            assert_same(&ours, &said);
            for (ours, theirs) in ours.iter().zip(said) {
                if let (rtcp::Packet::Twcc(twcc), Rtcp::Twcc(theirs)) = (ours, theirs) {
                    assert_eq!(twcc.arrivals().map(|(_, at)| at).collect::<Vec<_>>(), times_of(theirs));
                }
                *kinds.entry(name_of(ours)).or_default() += 1;
            }
        }
        for kind in ["SR", "RR", "NACK", "PLI", "FIR", "TWCC"] {
            assert!(kinds.get(kind).is_some_and(|count| *count > 3), "{profile:?}: {kinds:?}");
        }
    }
}

/// One packet after the other says the same.
fn assert_same(ours: &[rtcp::Packet<'_>], theirs: &[Rtcp]) {
    assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    for pair in ours.iter().zip(theirs) {
        match pair {
            (rtcp::Packet::SenderReport { ssrc, info, blocks }, Rtcp::SenderReport(report)) => {
                let theirs = &report.sender_info;
                let seen = (*theirs.ssrc, theirs.rtp_time.numer() as u32, theirs.sender_packet_count);
                assert_eq!((*ssrc, info.rtp_time, info.packets), seen);
                assert_eq!(info.bytes, theirs.sender_octet_count);
                let since_1970 =
                    theirs.ntp_time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64();
                let ours = info.ntp as f64 / (1u64 << 32) as f64 - NTP_EPOCH as f64;
                assert!((ours - since_1970).abs() < 1e-3, "{ours} {since_1970}");
                assert_blocks(*blocks, report.reports.iter());
            }
            (rtcp::Packet::ReceiverReport { ssrc, blocks }, Rtcp::ReceiverReport(report)) => {
                assert_eq!(*ssrc, *report.sender_ssrc);
                assert_blocks(*blocks, report.reports.iter());
            }
            (rtcp::Packet::Sdes(_), Rtcp::SourceDescription(_)) => {}
            (rtcp::Packet::Bye(ssrcs), Rtcp::Goodbye(bye)) => {
                assert_eq!(ssrcs.collect::<Vec<_>>(), bye.reports.iter().map(|ssrc| **ssrc).collect::<Vec<_>>());
            }
            (rtcp::Packet::Nack { sender, media, lost }, Rtcp::Nack(nack)) => {
                assert_eq!((*sender, *media), (*nack.sender_ssrc, *nack.ssrc));
                let named = nack.reports.iter().flat_map(|entry| {
                    let later =
                        (0..16).filter(|bit| entry.blp >> bit & 1 == 1).map(|bit| entry.pid.wrapping_add(bit + 1));
                    std::iter::once(entry.pid).chain(later)
                });
                assert_eq!(lost.collect::<Vec<_>>(), named.collect::<Vec<_>>());
            }
            (rtcp::Packet::Pli { sender, media }, Rtcp::Pli(pli)) => {
                assert_eq!((*sender, *media), (*pli.sender_ssrc, *pli.ssrc));
            }
            (rtcp::Packet::Fir { sender, requests }, Rtcp::Fir(fir)) => {
                assert_eq!(*sender, *fir.sender_ssrc);
                let theirs: Vec<_> = fir.reports.iter().map(|entry| (*entry.ssrc, entry.seq_no)).collect();
                assert_eq!(requests.collect::<Vec<_>>(), theirs);
            }
            (rtcp::Packet::Twcc(ours), Rtcp::Twcc(theirs)) => {
                let seen = (*theirs.sender_ssrc, *theirs.ssrc, theirs.base_seq, theirs.status_count);
                assert_eq!((ours.sender, ours.media, ours.base_seq, ours.status_count), seen);
                let seen = (theirs.reference_time as i32, theirs.feedback_count);
                assert_eq!((ours.reference_time, ours.feedback_count), seen);
            }
            (rtcp::Packet::Other { kind: 207 }, Rtcp::ExtendedReport(_)) => {}
            (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
        }
    }
}

fn assert_blocks<'a>(
    ours: impl Iterator<Item = rtcp::ReportBlock>,
    theirs: impl Iterator<Item = &'a str0m::rtp::rtcp::ReceptionReport>,
) {
    let theirs: Vec<_> = theirs
        .map(|block| rtcp::ReportBlock {
            ssrc: *block.ssrc,
            fraction_lost: block.fraction_lost,
            lost: block.packets_lost as i32,
            highest_seq: block.max_seq,
            jitter: block.jitter,
            last_sr: block.last_sr_time,
            delay: block.last_sr_delay,
        })
        .collect();
    assert_eq!(ours.collect::<Vec<_>>(), theirs);
}

/// In quarter milliseconds, as ours are.
fn times_of(twcc: str0m::rtp::rtcp::Twcc) -> Vec<Option<i64>> {
    let zero = Instant::now();
    let quarters = |at: Instant| at.duration_since(zero).as_micros() as i64 / 250;
    let from = u64::from(twcc.base_seq);
    twcc.into_iter(zero, from.into()).map(|(_, _, at)| at.map(quarters)).collect()
}

fn name_of(packet: &rtcp::Packet<'_>) -> &'static str {
    match packet {
        rtcp::Packet::SenderReport { .. } => "SR",
        rtcp::Packet::ReceiverReport { .. } => "RR",
        rtcp::Packet::Nack { .. } => "NACK",
        rtcp::Packet::Pli { .. } => "PLI",
        rtcp::Packet::Fir { .. } => "FIR",
        rtcp::Packet::Twcc(_) => "TWCC",
        _ => "other",
    }
}

fn received_rtcp(raw: RawPacket) -> Option<Rtcp> {
    if let RawPacket::RtcpRx(packet) = raw { Some(packet) } else { None }
}

fn sent_rtcp(raw: RawPacket) -> Option<Rtcp> {
    if let RawPacket::RtcpTx(packet) = raw { Some(packet) } else { None }
}

/// Makes room behind the fixed header; the new length of the header.
fn insert_csrcs(packet: &mut [u8], header_len: usize, csrcs: &[u32]) -> usize {
    packet.copy_within(12..header_len, 12 + 4 * csrcs.len());
    packet[0] |= csrcs.len() as u8;
    for (i, csrc) in csrcs.iter().enumerate() {
        packet[12 + 4 * i..][..4].copy_from_slice(&csrc.to_be_bytes());
    }
    header_len + 4 * csrcs.len()
}

fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 131 + len * 7 + 1) as u8).collect()
}

fn mid() -> Mid {
    "vid".into()
}

fn material(profile: Profile) -> Vec<u8> {
    (0..2 * (profile.key_len() + profile.salt_len())).map(|i| (i * 37 + 11) as u8).collect()
}

fn keys(profile: Profile, client: bool) -> Keys {
    Keys::from_dtls(profile, &material(profile), client).expect("as long as the profile says")
}

/// A str0m session that believes to have negotiated known keys, and our two halves of the other end.
struct Lab {
    theirs: Rtc,
    /// Answers connectivity checks, and nothing else.
    companion: Rtc,
    sealer: Sealer,
    opener: Opener,
    now: Instant,
    /// What str0m opened, and what it is about to seal.
    raw: VecDeque<RawPacket>,
    sent_rtp: Vec<Vec<u8>>,
    sent_rtcp: Vec<Vec<u8>>,
    connected: bool,
}

impl Lab {
    fn new(profile: Profile) -> Lab {
        let now = Instant::now();
        let addresses: [SocketAddr; 2] = [address(1), address(2)];
        let creds = [IceCreds::new(), IceCreds::new()];
        let [theirs, companion] = [0, 1].map(|own| {
            let mut rtc = RtcConfig::new()
                .set_rtp_mode(true)
                .enable_raw_packets(true)
                .set_crypto_provider(provider(profile))
                .set_local_ice_credentials(creds[own].clone())
                .set_fingerprint_verification(false)
                .build(now);
            rtc.add_local_candidate(Candidate::host(addresses[own], "udp").unwrap()).unwrap();
            rtc.add_remote_candidate(Candidate::host(addresses[1 - own], "udp").unwrap());
            let mut api = rtc.direct_api();
            api.set_remote_ice_credentials(creds[1 - own].clone());
            api.set_ice_controlling(own == 0);
            // They are the server, so that we seal with the client's keys.
            api.start_dtls(own == 1).unwrap();
            rtc
        });
        let mut lab = Lab {
            theirs,
            companion,
            sealer: Sealer::new(&keys(profile, true)),
            opener: Opener::new(&keys(profile, true)),
            now,
            raw: VecDeque::new(),
            sent_rtp: Vec::new(),
            sent_rtcp: Vec::new(),
            connected: false,
        };
        let mut api = lab.theirs.direct_api();
        api.declare_media(mid(), MediaKind::Video);
        api.expect_stream_rx(OUR_SSRC.into(), Some((OUR_SSRC + 9).into()), mid(), None);
        api.enable_twcc_feedback();
        for _ in 0..100 {
            lab.run(ms(20));
            if lab.connected {
                return lab;
            }
        }
        panic!("not connected");
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + ms(5));
            for rtc in [&mut self.theirs, &mut self.companion] {
                rtc.handle_input(Input::Timeout(self.now)).unwrap();
            }
            self.settle();
        }
    }

    /// A datagram from us.
    fn give(&mut self, datagram: &[u8]) {
        receive(&mut self.theirs, self.now, address(2), address(1), datagram);
        self.settle();
    }

    /// str0m sends a packet.
    fn write(&mut self, index: u64, time: u32, payload: &[u8]) {
        let mut api = self.theirs.direct_api();
        let stream = api.declare_stream_tx(THEIR_SSRC.into(), Some((THEIR_SSRC + 9).into()), mid(), None);
        stream.write_rtp(RtpWrite::new(VP8.into(), index.into(), time, self.now, payload));
        self.theirs.handle_input(Input::Timeout(self.now)).unwrap();
        self.settle();
    }

    /// RTP and RTCP that str0m sent since the last time.
    fn take_sent(&mut self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        (std::mem::take(&mut self.sent_rtp), std::mem::take(&mut self.sent_rtcp))
    }

    fn take_raw(&mut self, wanted: impl Fn(&RawPacket) -> bool) -> Option<RawPacket> {
        let at = self.raw.iter().position(wanted)?;
        let found = self.raw.remove(at);
        self.raw.clear();
        found
    }

    fn settle(&mut self) {
        loop {
            let mut to_companion = Vec::new();
            loop {
                match self.theirs.poll_output().unwrap() {
                    Output::Transmit(transmit) => {
                        let bytes: Vec<u8> = transmit.contents.into();
                        match demux(&bytes) {
                            Datagram::Rtp => self.sent_rtp.push(bytes),
                            Datagram::Rtcp => self.sent_rtcp.push(bytes),
                            _ => to_companion.push(bytes),
                        }
                    }
                    Output::Event(Event::RawPacket(raw)) => self.raw.push_back(*raw),
                    Output::Event(Event::Connected) => self.connected = true,
                    Output::Event(_) => {}
                    Output::Timeout(_) => break,
                }
            }
            for bytes in &to_companion {
                receive(&mut self.companion, self.now, address(1), address(2), bytes);
            }
            let mut answers = Vec::new();
            loop {
                match self.companion.poll_output().unwrap() {
                    Output::Transmit(transmit) => answers.push(Vec::from(transmit.contents)),
                    Output::Event(_) => {}
                    Output::Timeout(_) => break,
                }
            }
            answers.retain(|bytes| demux(bytes) == Datagram::Stun);
            if answers.is_empty() {
                return;
            }
            for bytes in &answers {
                receive(&mut self.theirs, self.now, address(2), address(1), bytes);
            }
        }
    }
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], 5000))
}

fn receive(rtc: &mut Rtc, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
    // A datagram that no longer looks like one of its kind is refused here, which is as good as not opening it.
    if let Ok(receive) = Receive::new(Protocol::Udp, from, to, bytes) {
        let _ = rtc.handle_input(Input::Receive(now, receive));
    }
}

fn provider(profile: Profile) -> Arc<CryptoProvider> {
    static KNOWN: [KnownKeys; 3] = [KnownKeys(PROFILES[0]), KnownKeys(PROFILES[1]), KnownKeys(PROFILES[2])];
    let known = KNOWN.iter().find(|known| known.0 == profile).expect("all profiles are there");
    Arc::new(CryptoProvider { dtls_provider: known, ..from_feature_flags() })
}

/// A DTLS that has finished before it began.
#[derive(Debug)]
struct KnownKeys(Profile);

impl DtlsProvider for KnownKeys {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        _: &DtlsCert,
        now: Instant,
        _: DtlsVersion,
        _: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        Ok(Box::new(Finished { profile: self.0, now, active: false, told: 0 }))
    }
}

#[derive(Debug)]
struct Finished {
    profile: Profile,
    now: Instant,
    active: bool,
    told: u8,
}

impl DtlsInstance for Finished {
    fn set_active(&mut self, active: bool) {
        self.active = active;
    }

    fn handle_packet(&mut self, _: &[u8]) -> Result<(), DtlsImplError> {
        Ok(())
    }

    fn poll_output<'a>(&mut self, _: &'a mut [u8]) -> DtlsOutput<'a> {
        self.told += u8::from(self.told < 3);
        match self.told {
            1 => DtlsOutput::Connected,
            2 => DtlsOutput::KeyingMaterial(
                KeyingMaterial::new(&material(self.profile)),
                match self.profile {
                    Profile::AeadAes128Gcm => SrtpProfile::AEAD_AES_128_GCM,
                    Profile::AeadAes256Gcm => SrtpProfile::AEAD_AES_256_GCM,
                    Profile::Aes128CmSha1_80 => SrtpProfile::AES128_CM_SHA1_80,
                },
            ),
            _ => DtlsOutput::Timeout(self.now + Duration::from_secs(24 * 3600)),
        }
    }

    fn handle_timeout(&mut self, _: Instant) -> Result<(), DtlsImplError> {
        Ok(())
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        Ok(data.len())
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        Some(ProtocolVersion::DTLS1_2)
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        Ok(())
    }
}
