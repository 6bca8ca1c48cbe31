//! A peer that calls: the offer to another server, its answer, and whom to believe on the way.
//!
//! The roles of ICE are the other way round. This end is a full agent and the controlling one; the server is usually
//! ICE-lite and answers checks, or a full agent that sends its own. A datagram is believed when it is a check under our
//! password, or an answer to ours under the server's; DTLS is taken from addresses that the answer named or such a check
//! came from. The rest, from the handshake on, is the same as for a publisher.

use str0m::Candidate;
use str0m::format::FormatParams;
use str0m::media::Frequency;

use media::codec::Kind;
use media::ext;

use super::setup::{self, Random};
use super::*;
use crate::offer::{DtlsRole, Feedback, Format, SectionKind, Setup};
use crate::{answer, stun};

/// Checks of a connected pair are so far apart: they are what tells a server without a picture from one that is gone.
const CONSENT_INTERVAL: Duration = Duration::from_millis(500);

/// Beyond what the answer may name: a server behind a NAT that is seen at other addresses.
const ADDRESSES_MAX: usize = 32;

/// Payload type, retransmission type, name and parameters of what we can take, the likeliest first.
const FORMATS: [(u8, Option<u8>, Codec, &str, &str); 9] = [
    (111, None, Codec::Opus, "opus/48000/2", "minptime=10;useinbandfec=1;stereo=1"),
    (
        102,
        Some(103),
        Codec::H264,
        "H264/90000",
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    ),
    (
        104,
        Some(105),
        Codec::H264,
        "H264/90000",
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640032",
    ),
    (
        106,
        Some(107),
        Codec::H264,
        "H264/90000",
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
    ),
    (
        108,
        Some(109),
        Codec::H264,
        "H264/90000",
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    ),
    (96, Some(97), Codec::Vp8, "VP8/90000", ""),
    (98, Some(99), Codec::Vp9, "VP9/90000", "profile-id=0"),
    (45, Some(46), Codec::Av1, "AV1/90000", "level-idx=5;profile=0;tier=0"),
    (49, Some(50), Codec::H265, "H265/90000", "profile-id=1;tier-flag=0;level-id=93"),
];

/// Ids as Chrome numbers them; the same in both sections.
const EXTENSIONS: [(u8, ext::Kind); 5] = [
    (1, ext::Kind::AudioLevel),
    (3, ext::Kind::TransportSeq),
    (4, ext::Kind::Mid),
    (8, ext::Kind::DependencyDescriptor),
    (13, ext::Kind::Orientation),
];

/// What the sections of our offer are called.
const SECTIONS: [(Kind, &str); 2] = [(Kind::Audio, "0"), (Kind::Video, "1")];

/// What a dialling peer knows of the other end.
#[derive(Debug, Default)]
pub(super) struct Line {
    answered: bool,
    /// Addresses that the answer named or an authentic check came from.
    addresses: Vec<SocketAddr>,
    /// Where the agent sends DTLS and media.
    remote: Option<SocketAddr>,
}

impl Line {
    pub(super) fn knows(&self, from: SocketAddr) -> bool {
        self.addresses.contains(&from)
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    fn learn(&mut self, from: SocketAddr) -> bool {
        if !self.knows(from) {
            if self.addresses.len() >= ADDRESSES_MAX {
                return false;
            }
            self.addresses.push(from);
        }
        true
    }
}

pub(super) fn dial(dial: Dial<'_>) -> Result<(Peer, String), Error> {
    let Dial { now, identity, creds, candidates, seed } = dial;
    let (mut rtc, keys) = identity.tapped(|| configure(identity, &creds).build(now));
    let mut usable = Vec::new();
    for &address in candidates {
        if let Ok(candidate) = Candidate::host(address, "udp")
            && rtc.add_local_candidate(candidate).is_some()
        {
            usable.push(address);
        }
    }
    let offer = write(identity, &creds, &usable, seed)?;
    rtc.direct_api().set_ice_controlling(true);
    let mut extensions = ext::Map::new();
    for (id, kind) in EXTENSIONS {
        extensions.set(kind, id);
    }
    let beginning = Beginning {
        rtc,
        keys,
        role: Role::Publish,
        local: creds,
        remote: Creds { ufrag: String::new(), pwd: String::new() },
        candidates: usable,
        tagged_mid: Mid::new(SECTIONS[0].1).expect("a short name"),
        line: Some(Line::default()),
        sections: Sections::with_extensions(extensions),
    };
    Ok((Peer::begin(now, beginning), offer))
}

impl Peer {
    pub(super) fn take_reply(&mut self, reply: &Reply) -> Result<Vec<RecvTrack>, Error> {
        let wrong = |problem: &str| Error::Answer(problem.to_owned());
        if self.state != State::Open {
            return Err(Error::Closed);
        }
        let line = self.line.as_mut().filter(|line| !line.answered).ok_or_else(|| wrong("nothing was asked"))?;
        let description = &reply.description;
        line.answered = true;
        line.addresses.clone_from(&reply.addresses);
        for &address in &reply.addresses {
            if let Ok(candidate) = Candidate::host(address, "udp") {
                self.rtc.add_remote_candidate(candidate);
            }
        }
        self.remote = description.ice.clone();
        let mut api = self.rtc.direct_api();
        api.set_remote_ice_credentials(wire::ice_creds(&self.remote));
        api.set_remote_fingerprint(str0m::config::Fingerprint {
            hash_func: "sha-256".to_owned(),
            bytes: description.fingerprint.to_vec(),
        });
        let mut receivers = Vec::new();
        for section in reply.sections() {
            let SectionKind::Media(kind) = section.kind else { continue };
            let ours = SECTIONS.iter().find(|(ours, _)| *ours == kind).and_then(|(_, mid)| Mid::new(mid));
            if section.mid != ours || receivers.iter().any(|track: &RecvTrack| track.kind == kind) {
                return Err(wrong("a section is none of ours; an answer has the sections of its offer"));
            }
            if !section.rtcp_mux {
                return Err(wrong("RTCP is not multiplexed with RTP"));
            }
            // In an answer a payload type means what it meant in the offer (RFC 3264 §6.1).
            let is_ours = |format: &&Format| FORMATS.iter().any(|f| f.0 == format.pt && Some(f.2) == format.codec);
            let formats: Vec<&Format> = section.usable().filter(is_ours).collect();
            if formats.is_empty() {
                return Err(Error::NoUsableCodec {
                    kind,
                    offered: section.describe(),
                    supported: crate::choice::supported(kind),
                });
            }
            // WHEP gives one stream; layers by rid were not offered.
            let mut section = section.clone();
            section.rids.clear();
            let track = setup::declare(&mut api, &section, &formats);
            self.sections.push(&track, |pt| section.rtx(pt));
            if formats.iter().any(|format| format.feedback.transport_cc)
                && section.extensions.contains(&(3, ext::Kind::TransportSeq))
            {
                api.enable_twcc_feedback();
            }
            receivers.push(track);
        }
        if receivers.is_empty() {
            return Err(wrong("it accepts neither audio nor video"));
        }
        api.start_dtls(dtls_role(reply) == DtlsRole::Client).map_err(|e| Error::Identity(e.to_string()))?;
        // The first check leaves now, not with the next timer.
        if let Err(error) = self.rtc.handle_input(Input::Timeout(self.now)) {
            self.fail(error);
        }
        Ok(receivers)
    }

    /// A server answers checks, and may send some of its own.
    pub(super) fn handle_stun_of_server(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(line) = self.line.as_mut().filter(|line| line.answered) else {
            self.counters.stun_refused += 1;
            return;
        };
        let believed = match Request::parse(bytes) {
            Some(request) => {
                request.local_ufrag == self.local.ufrag
                    && request.remote_ufrag == self.remote.ufrag
                    && request.controlled
                    && request.verify(&self.local.pwd)
                    && line.learn(from)
            }
            None => line.knows(from) && stun::verify_response(bytes, &self.remote.pwd),
        };
        if !believed {
            self.counters.stun_refused += 1;
            return;
        }
        self.heard_at = Some(self.now);
        self.feed(from, to, bytes);
    }

    /// The agent knows best where things go; where DTLS goes is where the server is.
    pub(super) fn note_destination(&mut self, kind: Datagram, to: SocketAddr) -> SocketAddr {
        if let (Some(line), Datagram::Dtls) = (&mut self.line, kind) {
            line.remote = Some(to);
        }
        to
    }
}

/// Our side of the handshake: an answer says active or passive, and one that says nothing waits for us (RFC 4145 §4.1
/// would have it begin, but servers that leave the line out are passive ones).
fn dtls_role(reply: &Reply) -> DtlsRole {
    let description = &reply.description;
    let setup = description.sections.iter().find_map(|section| section.setup).or(description.setup);
    if setup == Some(Setup::Active) { DtlsRole::Server } else { DtlsRole::Client }
}

fn configure(identity: &Identity, creds: &Creds) -> str0m::RtcConfig {
    let mut config = wire::config(identity).set_local_ice_credentials(wire::ice_creds(creds));
    config.set_max_stun_rto(CONSENT_INTERVAL);
    for (pt, rtx, codec, _, _) in FORMATS {
        let (rate, channels) = match codec.kind() {
            Kind::Audio => (Frequency::FORTY_EIGHT_KHZ, Some(2)),
            Kind::Video => (Frequency::NINETY_KHZ, None),
        };
        let (rtx, codec) = (rtx.map(Into::into), wire::codec(codec));
        config.codec_config().add_config(pt.into(), rtx, codec, rate, channels, FormatParams::default());
    }
    for (id, extension) in EXTENSIONS.into_iter().filter_map(|(id, kind)| Some((id, wire::extension(kind)?))) {
        config.extension_map().set(id, extension);
    }
    config
}

/// The offer: one section for each kind, both receiving, every candidate in it.
fn write(identity: &Identity, creds: &Creds, candidates: &[SocketAddr], seed: u64) -> Result<String, Error> {
    let default = *candidates.first().ok_or(Error::NoCandidate)?;
    let family = if default.is_ipv4() { "IP4" } else { "IP6" };
    let session = Random(seed).next() >> 2;
    let mut sdp = String::with_capacity(4096);
    let mut line = |text: std::fmt::Arguments<'_>| answer::line(&mut sdp, text);
    line(format_args!("v=0"));
    line(format_args!("o=- {session} 1 IN {family} {}", default.ip()));
    line(format_args!("s=-"));
    line(format_args!("t=0 0"));
    line(format_args!("a=group:BUNDLE {} {}", SECTIONS[0].1, SECTIONS[1].1));
    line(format_args!("a=extmap-allow-mixed"));
    for (kind, mid) in SECTIONS {
        section(&mut sdp, kind, mid, identity, creds, candidates);
    }
    Ok(sdp)
}

fn section(sdp: &mut String, kind: Kind, mid: &str, identity: &Identity, creds: &Creds, candidates: &[SocketAddr]) {
    let default = candidates[0];
    let family = if default.is_ipv4() { "IP4" } else { "IP6" };
    let formats = || FORMATS.iter().filter(|format| format.2.kind() == kind);
    let pts: Vec<String> = formats().flat_map(|f| [Some(f.0), f.1]).flatten().map(|pt| pt.to_string()).collect();
    let media = if kind == Kind::Audio { "audio" } else { "video" };
    answer::line(sdp, format_args!("m={media} {} UDP/TLS/RTP/SAVPF {}", default.port(), pts.join(" ")));
    answer::line(sdp, format_args!("c=IN {family} {}", default.ip()));
    for (i, candidate) in candidates.iter().enumerate() {
        answer::line(sdp, format_args!("a={}", answer::candidate_line(*candidate, i)));
    }
    answer::line(sdp, format_args!("a=end-of-candidates"));
    answer::line(sdp, format_args!("a=ice-ufrag:{}", creds.ufrag));
    answer::line(sdp, format_args!("a=ice-pwd:{}", creds.pwd));
    answer::line(sdp, format_args!("a=fingerprint:sha-256 {}", identity.fingerprint()));
    answer::line(sdp, format_args!("a=setup:actpass"));
    answer::line(sdp, format_args!("a=mid:{mid}"));
    let extensions: Vec<_> = EXTENSIONS.into_iter().filter(|(_, ext)| answer::viewer_extension(*ext, kind)).collect();
    answer::header_extensions(sdp, &extensions);
    answer::line(sdp, format_args!("a=recvonly"));
    answer::multiplexing(sdp);
    for &(pt, rtx, codec, name, fmtp) in formats() {
        let video = kind == Kind::Video;
        let feedback = Feedback { nack: video, pli: video, fir: false, transport_cc: true, remb: false };
        let format = Format {
            pt,
            name: name.to_owned(),
            codec: Some(codec),
            apt: None,
            fmtp: fmtp.to_owned(),
            feedback,
            red: None,
        };
        answer::codec(sdp, &format, fmtp, rtx, true, false);
    }
}
