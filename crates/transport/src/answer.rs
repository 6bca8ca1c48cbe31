//! The SDP answer, written here and not by str0m: WHIP and WHEP ask for lines that str0m does not write, and an answer
//! that mirrors the offer's payload types and extension ids leaves nothing to be renumbered on the way.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use media::codec::{Codec, Kind};
use media::ext;

use crate::choice::{self, CodecChoice};
use crate::label::{Mid, Rid};
use crate::offer::{DtlsRole, Format, Offer, Section, SectionKind};
use crate::{Creds, Error, Identity};

/// What [`crate::Peer::accept`] gives to the signalling side.
#[derive(Debug, Clone)]
pub struct Answer {
    pub sdp: String,
    /// For a viewer: one per section that is sent.
    pub senders: Vec<SendTrack>,
    /// For a publisher: one per section that is received.
    pub receivers: Vec<RecvTrack>,
}

/// One stream to a viewer, as negotiated. It keeps its SSRCs, payload types and extension ids for life.
#[derive(Debug, Clone)]
pub struct SendTrack {
    pub kind: Kind,
    pub mid: Mid,
    pub codec: Codec,
    pub pt: u8,
    /// Payload type and SSRC of retransmissions. Without it nothing is ever sent twice: see the safety rule in `srtp`.
    pub rtx: Option<(u8, u32)>,
    /// Payload type under which the viewer takes Opus with redundancy (RFC 2198), if it offered to.
    pub red: Option<u8>,
    pub ssrc: u32,
    pub clock_rate: u32,
    /// Header extensions and their ids.
    pub ext: ext::Map,
    /// Two-byte header extensions may be mixed in, which a long dependency descriptor needs.
    pub ext_mixed: bool,
    pub cname: String,
    pub nack: bool,
    pub pli: bool,
    pub transport_cc: bool,
}

/// One section of a publisher.
#[derive(Debug, Clone)]
pub struct RecvTrack {
    pub kind: Kind,
    pub mid: Mid,
    /// Simulcast layers in the order of the offer; empty for a single stream.
    pub rids: Vec<Rid>,
    /// What the publisher may send, by payload type, in its order of preference.
    pub codecs: Vec<(u8, CodecChoice)>,
    /// Under which payload type it may send one of them with redundancy, and which.
    pub red: Option<(u8, u8)>,
}

/// What a section of the offer becomes.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    Receive {
        section: &'a Section,
        formats: Vec<&'a Format>,
        extensions: Vec<(u8, ext::Kind)>,
    },
    Send {
        section: &'a Section,
        format: &'a Format,
        extensions: Vec<(u8, ext::Kind)>,
        track: Box<SendTrack>,
        fmtp: String,
    },
    Data {
        section: &'a Section,
    },
    /// Not accepted: port zero, outside the bundle.
    Reject {
        section: &'a Section,
    },
}

/// Everything that goes into the text besides the plans.
pub(crate) struct Facts<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) creds: &'a Creds,
    pub(crate) candidates: &'a [SocketAddr],
    pub(crate) dtls_role: DtlsRole,
    /// Of this description (RFC 8866 §5.2).
    pub(crate) session: u64,
    /// Names the one MediaStream that all sections belong to.
    pub(crate) stream: &'a str,
}

/// Extensions a publisher may use; the first section to claim an id wins, since in a bundle an id means one thing.
pub(crate) fn publisher_extension(kind: ext::Kind, section: Kind) -> bool {
    use ext::Kind::*;
    match kind {
        Mid | Rid | RepairedRid | AbsSendTime | TransportSeq => true,
        AudioLevel => section == Kind::Audio,
        DependencyDescriptor | Orientation => section == Kind::Video,
        _ => false,
    }
}

/// Extensions a viewer gets.
pub(crate) fn viewer_extension(kind: ext::Kind, section: Kind) -> bool {
    use ext::Kind::*;
    match kind {
        Mid | AbsSendTime | TransportSeq => true,
        AudioLevel => section == Kind::Audio,
        DependencyDescriptor | Orientation | PlayoutDelay => section == Kind::Video,
        _ => false,
    }
}

/// Longest message on a data channel that we say we take.
pub(crate) const MESSAGE_LEN_MAX: usize = 64 * 1024;

pub(crate) fn write(offer: &Offer, plans: &[Plan<'_>], facts: &Facts<'_>) -> Result<String, Error> {
    let default = *facts.candidates.first().ok_or(Error::NoCandidate)?;
    let mut sdp = String::with_capacity(4096);
    let family = if default.is_ipv4() { "IP4" } else { "IP6" };
    line(&mut sdp, format_args!("v=0"));
    line(&mut sdp, format_args!("o=- {} 1 IN {family} {}", facts.session, default.ip()));
    line(&mut sdp, format_args!("s=-"));
    line(&mut sdp, format_args!("t=0 0"));
    let mids: Vec<&str> = plans.iter().filter(|p| !p.is_rejected()).filter_map(|p| p.section().mid_str()).collect();
    line(&mut sdp, format_args!("a=group:BUNDLE {}", mids.join(" ")));
    if offer.extmap_allow_mixed {
        line(&mut sdp, format_args!("a=extmap-allow-mixed"));
    }
    line(&mut sdp, format_args!("a=msid-semantic: WMS {}", facts.stream));
    line(&mut sdp, format_args!("a=ice-lite"));

    let tagged = plans.iter().position(|plan| !plan.is_rejected());
    for (i, plan) in plans.iter().enumerate() {
        section(&mut sdp, plan, facts, default, Some(i) == tagged);
    }
    Ok(sdp)
}

fn section(sdp: &mut String, plan: &Plan<'_>, facts: &Facts<'_>, default: SocketAddr, tagged: bool) {
    let s = plan.section();
    let formats: Vec<String> = match plan {
        Plan::Receive { formats, .. } => {
            formats.iter().flat_map(|f| payload_types(s, f)).map(|pt| pt.to_string()).collect()
        }
        Plan::Send { format, .. } => payload_types(s, format).map(|pt| pt.to_string()).collect(),
        Plan::Data { .. } => vec!["webrtc-datachannel".to_owned()],
        // A rejected m-line still needs a format, of which RFC 3264 §6 says that it means nothing. 0 needs no rtpmap.
        Plan::Reject { section } if section.kind == SectionKind::Data => vec!["webrtc-datachannel".to_owned()],
        Plan::Reject { .. } => vec!["0".to_owned()],
    };
    let formats = formats.join(" ");
    if plan.is_rejected() {
        line(sdp, format_args!("m={} 0 {} {formats}", s.media, s.protocol));
        line(sdp, format_args!("c=IN IP4 0.0.0.0"));
        if let Some(mid) = s.mid_str() {
            line(sdp, format_args!("a=mid:{mid}"));
        }
        line(sdp, format_args!("a=inactive"));
        return;
    }

    line(sdp, format_args!("m={} {} {} {formats}", s.media, default.port(), s.protocol));
    let family = if default.is_ipv4() { "IP4" } else { "IP6" };
    line(sdp, format_args!("c=IN {family} {}", default.ip()));
    if tagged {
        // The server has all its candidates from the start and can never trickle (RFC 9725 §4.3.1).
        for (i, candidate) in facts.candidates.iter().enumerate() {
            line(sdp, format_args!("a={}", candidate_line(*candidate, i)));
        }
        line(sdp, format_args!("a=end-of-candidates"));
    }
    line(sdp, format_args!("a=ice-ufrag:{}", facts.creds.ufrag));
    line(sdp, format_args!("a=ice-pwd:{}", facts.creds.pwd));
    line(sdp, format_args!("a=ice-options:trickle"));
    line(sdp, format_args!("a=fingerprint:sha-256 {}", facts.identity.fingerprint()));
    let setup = if facts.dtls_role == DtlsRole::Client { "active" } else { "passive" };
    line(sdp, format_args!("a=setup:{setup}"));
    if let Some(mid) = s.mid_str() {
        line(sdp, format_args!("a=mid:{mid}"));
    }
    match plan {
        Plan::Receive { formats, extensions, .. } => receive(sdp, s, formats, extensions),
        Plan::Send { format, extensions, track, fmtp, .. } => {
            send(sdp, s, format, extensions, track, fmtp, facts.stream);
        }
        Plan::Data { .. } => {
            line(sdp, format_args!("a=sctp-port:5000"));
            line(sdp, format_args!("a=max-message-size:{MESSAGE_LEN_MAX}"));
        }
        Plan::Reject { .. } => {}
    }
}

/// What belongs to a format, in the offerer's order: whoever puts redundancy first means to send it.
fn payload_types(s: &Section, format: &Format) -> impl Iterator<Item = u8> {
    let red = s.red(format.pt);
    let at = |pt: u8| s.formats.iter().position(|known| known.pt == pt);
    let (before, after) = if red.and_then(at) < at(format.pt) { (red, None) } else { (None, red) };
    [before, Some(format.pt), s.rtx(format.pt), after].into_iter().flatten()
}

fn receive(sdp: &mut String, s: &Section, formats: &[&Format], extensions: &[(u8, ext::Kind)]) {
    header_extensions(sdp, extensions);
    line(sdp, format_args!("a=recvonly"));
    multiplexing(sdp);
    let with_cc = extensions.iter().any(|(_, kind)| *kind == ext::Kind::TransportSeq);
    for format in formats {
        let mut fmtp = format.fmtp.clone();
        if format.codec == Some(Codec::Opus) {
            // Encoders send stereo when the answer asks for it; ask when the offer mentions that there may be some.
            // The same goes for not sending silence, though only those who mention it do that.
            let stereo = if format.choice().is_stereo() { ";stereo=1" } else { "" };
            let dtx = if choice::parameter(&format.fmtp, "usedtx") == Some("1") { ";usedtx=1" } else { "" };
            fmtp = format!("minptime=10;useinbandfec=1{stereo}{dtx}");
        }
        codec(sdp, format, &fmtp, s.rtx(format.pt), with_cc, false);
        redundancy(sdp, s.red(format.pt), format.pt);
    }
    for rid in &s.rids {
        line(sdp, format_args!("a=rid:{rid} recv"));
    }
    if !s.rids.is_empty() {
        let rids: Vec<&str> = s.rids.iter().map(|rid| rid.as_str()).collect();
        line(sdp, format_args!("a=simulcast:recv {}", rids.join(";")));
    }
}

fn send(
    sdp: &mut String,
    s: &Section,
    format: &Format,
    extensions: &[(u8, ext::Kind)],
    track: &SendTrack,
    fmtp: &str,
    stream: &str,
) {
    header_extensions(sdp, extensions);
    line(sdp, format_args!("a=sendonly"));
    // A browser refuses two tracks of one name.
    let name = track.mid;
    line(sdp, format_args!("a=msid:{stream} {stream}-{name}"));
    multiplexing(sdp);
    let with_cc = extensions.iter().any(|(_, kind)| *kind == ext::Kind::TransportSeq);
    codec(sdp, format, fmtp, s.rtx(format.pt), with_cc, !track.transport_cc);
    redundancy(sdp, track.red, format.pt);
    let cname = &track.cname;
    if let Some((_, rtx)) = track.rtx {
        line(sdp, format_args!("a=ssrc-group:FID {} {rtx}", track.ssrc));
    }
    for ssrc in [Some(track.ssrc), track.rtx.map(|(_, ssrc)| ssrc)].into_iter().flatten() {
        line(sdp, format_args!("a=ssrc:{ssrc} cname:{cname}"));
        line(sdp, format_args!("a=ssrc:{ssrc} msid:{stream} {stream}-{name}"));
    }
}

pub(crate) fn header_extensions(sdp: &mut String, extensions: &[(u8, ext::Kind)]) {
    for (id, kind) in extensions {
        line(sdp, format_args!("a=extmap:{id} {}", kind.uri()));
    }
}

pub(crate) fn multiplexing(sdp: &mut String) {
    line(sdp, format_args!("a=rtcp-mux"));
    // In every bundled section (RFC 9725 §4.4.2).
    line(sdp, format_args!("a=rtcp-mux-only"));
    line(sdp, format_args!("a=rtcp-rsize"));
}

pub(crate) fn codec(sdp: &mut String, format: &Format, fmtp: &str, rtx: Option<u8>, with_cc: bool, with_remb: bool) {
    let pt = format.pt;
    line(sdp, format_args!("a=rtpmap:{pt} {}", format.name));
    if !fmtp.is_empty() {
        line(sdp, format_args!("a=fmtp:{pt} {fmtp}"));
    }
    let feedback = format.feedback;
    let lines = [
        (feedback.transport_cc && with_cc, "transport-cc"),
        (feedback.remb && with_remb, "goog-remb"),
        (feedback.nack && rtx.is_some(), "nack"),
        (feedback.pli, "nack pli"),
        (feedback.fir, "ccm fir"),
    ];
    for (_, text) in lines.iter().filter(|(wanted, _)| *wanted) {
        line(sdp, format_args!("a=rtcp-fb:{pt} {text}"));
    }
    if let Some(rtx) = rtx {
        let rate = format.name.split('/').nth(1).unwrap_or("90000");
        line(sdp, format_args!("a=rtpmap:{rtx} rtx/{rate}"));
        line(sdp, format_args!("a=fmtp:{rtx} apt={pt}"));
    }
}

fn redundancy(sdp: &mut String, red: Option<u8>, of: u8) {
    if let Some(red) = red {
        line(sdp, format_args!("a=rtpmap:{red} red/48000/2"));
        line(sdp, format_args!("a=fmtp:{red} {of}/{of}"));
    }
}

/// The text after "a=" for one of the server's host candidates, the first preferred (RFC 8839 §5.1).
pub(crate) fn candidate_line(address: SocketAddr, order: usize) -> String {
    // RFC 8445 §5.1.2.1: type preference 126 for host, then local preference, then component.
    let priority = (126 << 24) + ((65_535 - order.min(65_535) as u32) << 8) + 255;
    let ip = address.ip();
    // Candidates with the same base and type share a foundation; here every address is a base of its own.
    let foundation = order + 1;
    let ip = match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string(),
    };
    format!("candidate:{foundation} 1 udp {priority} {ip} {} typ host", address.port())
}

pub(crate) fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    sdp.write_fmt(text).expect("a String takes any text");
    sdp.push_str("\r\n");
}

impl<'a> Plan<'a> {
    fn section(&self) -> &'a Section {
        match self {
            Plan::Receive { section, .. } | Plan::Send { section, .. } => section,
            Plan::Data { section } | Plan::Reject { section } => section,
        }
    }

    pub(crate) fn mid(&self) -> Mid {
        self.section().label()
    }

    pub(crate) fn extensions(&self) -> &[(u8, ext::Kind)] {
        match self {
            Plan::Receive { extensions, .. } | Plan::Send { extensions, .. } => extensions,
            Plan::Data { .. } | Plan::Reject { .. } => &[],
        }
    }

    pub(crate) fn is_rejected(&self) -> bool {
        matches!(self, Plan::Reject { .. })
    }
}

impl Section {
    fn mid_str(&self) -> Option<&str> {
        self.mid.as_ref().map(|mid| mid.as_str())
    }
}

/// Chooses what each section of a validated offer becomes.
pub(crate) fn plan<'a>(
    offer: &'a Offer,
    side: &crate::Side<'_>,
    mut next_ssrc: impl FnMut() -> u32,
    cname: &str,
) -> Result<Vec<Plan<'a>>, Error> {
    let mut claimed: Vec<(u8, ext::Kind)> = Vec::new();
    let mut plans = Vec::new();
    for section in &offer.sections {
        let kind = match section.kind {
            SectionKind::Media(kind) => kind,
            SectionKind::Data => {
                plans.push(Plan::Data { section });
                continue;
            }
            SectionKind::Unknown => {
                plans.push(Plan::Reject { section });
                continue;
            }
        };
        let mut extensions = |wanted: fn(ext::Kind, Kind) -> bool| {
            let mut kept = Vec::new();
            for &(id, ext) in section.extensions.iter().filter(|(_, ext)| wanted(*ext, kind)) {
                // In a bundle an id means the same everywhere; whoever claims it first decides.
                if claimed.iter().all(|&(i, e)| (i == id) == (e == ext)) {
                    kept.push((id, ext));
                    claimed.push((id, ext));
                }
            }
            kept
        };
        match side {
            crate::Side::Publish => plans.push(Plan::Receive {
                section,
                formats: section.usable().collect(),
                extensions: extensions(publisher_extension),
            }),
            crate::Side::Watch { audio, video } => {
                let source = if kind == Kind::Audio { audio } else { video };
                let Some(source) = source else {
                    plans.push(Plan::Reject { section });
                    continue;
                };
                let format = section.best_for(source).ok_or_else(|| Error::CodecMismatch {
                    kind,
                    offered: section.describe(),
                    source_codec: source.to_string(),
                })?;
                let mut extensions = extensions(viewer_extension);
                let has_cc = extensions.iter().any(|(_, ext)| *ext == ext::Kind::TransportSeq);
                let transport_cc = format.feedback.transport_cc && has_cc;
                if transport_cc {
                    // Send times are for receivers that estimate by themselves; four bytes in every packet.
                    extensions.retain(|(_, ext)| *ext != ext::Kind::AbsSendTime);
                }
                let mut map = ext::Map::new();
                for &(id, ext) in &extensions {
                    map.set(ext, id);
                }
                let ssrc = next_ssrc();
                let rtx = section.rtx(format.pt).map(|pt| (pt, next_ssrc()));
                let track = SendTrack {
                    kind,
                    mid: section.label(),
                    codec: source.codec,
                    pt: format.pt,
                    rtx,
                    red: section.red(format.pt),
                    ssrc,
                    clock_rate: source.codec.clock_rate(),
                    ext: map,
                    ext_mixed: offer.extmap_allow_mixed,
                    cname: cname.to_owned(),
                    nack: format.feedback.nack && rtx.is_some(),
                    pli: format.feedback.pli,
                    transport_cc,
                };
                let fmtp = choice::answered(source, &format.fmtp);
                plans.push(Plan::Send { section, format, extensions, track: Box::new(track), fmtp });
            }
        }
    }
    if plans.iter().all(|plan| matches!(plan, Plan::Reject { .. } | Plan::Data { .. })) {
        return Err(Error::NothingToSend);
    }
    Ok(plans)
}
