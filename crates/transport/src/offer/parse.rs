//! Text to [`Offer`]: one pass over the lines, every count bounded before it grows.

use media::codec::{Codec, Kind};
use media::ext;

use super::*;

pub(super) fn offer(sdp: &str) -> Result<Offer, Error> {
    if sdp.len() > LEN_MAX {
        return Err(Error::TooLong { len: sdp.len(), max: LEN_MAX });
    }
    let mut reader = Reader::default();
    for (i, line) in sdp.split('\n').enumerate() {
        if i >= LINES_MAX {
            return Err(Error::TooMany { what: "lines", max: LINES_MAX });
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        reader.line(line).map_err(|problem| match problem {
            Problem::Text(problem) => Error::Malformed { line: i + 1, problem },
            Problem::TooMany(what, max) => Error::TooMany { what, max },
        })?;
    }
    reader.finish()
}

enum Problem {
    Text(&'static str),
    TooMany(&'static str, usize),
}

impl From<&'static str> for Problem {
    fn from(text: &'static str) -> Problem {
        Problem::Text(text)
    }
}

/// Attributes that may stand at session level or in a section.
#[derive(Default)]
struct Transport {
    ufrag: Option<String>,
    pwd: Option<String>,
    fingerprint: Option<[u8; 32]>,
    /// A fingerprint was there, with a hash that we do not check.
    other_fingerprint: bool,
    setup: Option<Setup>,
}

#[derive(Default)]
struct Reader {
    started: bool,
    session: Transport,
    sections: Vec<(Section, Transport)>,
    bundle: Option<Vec<Mid>>,
    ice_lite: bool,
    extmap_allow_mixed: bool,
    direction: Option<Direction>,
    candidates: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Problem> {
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > LINE_LEN_MAX {
            return Err("is too long".into());
        }
        if line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return Err("has control characters".into());
        }
        let Some((kind, value)) = line.split_once('=') else {
            return Err("is not of the form x=value".into());
        };
        if !self.started {
            if line != "v=0" {
                return Err("is not v=0, with which SDP begins".into());
            }
            self.started = true;
            return Ok(());
        }
        match kind {
            "m" => self.media(value),
            "a" => self.attribute(value),
            _ if kind.len() == 1 => Ok(()),
            _ => Err("is not of the form x=value".into()),
        }
    }

    fn media(&mut self, value: &str) -> Result<(), Problem> {
        if self.sections.len() == SECTIONS_MAX {
            return Err(Problem::TooMany("media sections", SECTIONS_MAX));
        }
        let mut words = value.split_ascii_whitespace();
        let (Some(media), Some(port), Some(protocol)) = (words.next(), words.next(), words.next()) else {
            return Err("is not of the form m=media port protocol formats".into());
        };
        let port = port.split('/').next().and_then(|p| p.parse().ok()).ok_or("has a port that is not a number")?;
        let rtp = matches!(protocol, "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP" | "RTP/SAVPF");
        let kind = match media {
            "audio" if rtp => SectionKind::Media(Kind::Audio),
            "video" if rtp => SectionKind::Media(Kind::Video),
            "application" if protocol == "UDP/DTLS/SCTP" => SectionKind::Data,
            _ => SectionKind::Unknown,
        };
        let mut formats = Vec::new();
        if let SectionKind::Media(_) = kind {
            for word in words {
                if formats.len() == FORMATS_MAX {
                    return Err(Problem::TooMany("payload types in a section", FORMATS_MAX));
                }
                let pt = word.parse().ok().filter(|pt| *pt < 128).ok_or("has a payload type that is not 0 to 127")?;
                formats.push(Format {
                    pt,
                    name: String::new(),
                    codec: None,
                    apt: None,
                    red: None,
                    fmtp: String::new(),
                    feedback: Feedback::default(),
                });
            }
        }
        let section = Section {
            kind,
            media: bounded(media, 16),
            protocol: bounded(protocol, 32),
            port,
            mid: None,
            direction: self.direction.unwrap_or(Direction::SendRecv),
            rtcp_mux: false,
            formats,
            extensions: Vec::new(),
            rids: Vec::new(),
            ssrcs: Vec::new(),
            repair: Vec::new(),
            sctp_port: false,
            setup: None,
        };
        self.sections.push((section, Transport::default()));
        Ok(())
    }

    fn attribute(&mut self, attribute: &str) -> Result<(), Problem> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let value = value.trim();
        let (section, transport) = match self.sections.last_mut() {
            Some((section, transport)) => (Some(section), transport),
            None => (None, &mut self.session),
        };
        match name {
            "ice-ufrag" => transport.ufrag = Some(ice_text(value, 4).ok_or("has no valid username fragment")?),
            "ice-pwd" => transport.pwd = Some(ice_text(value, 22).ok_or("has no valid ICE password")?),
            "ice-lite" => self.ice_lite = true,
            "fingerprint" => match fingerprint(value).ok_or("has no valid fingerprint")? {
                Some(sha_256) => transport.fingerprint = Some(sha_256),
                None => transport.other_fingerprint = true,
            },
            "setup" => {
                transport.setup = Some(match value {
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    "actpass" => Setup::ActPass,
                    "holdconn" => Setup::HoldConn,
                    _ => return Err("has an unknown a=setup".into()),
                });
            }
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "group" => {
                if let Some(mids) = value.strip_prefix("BUNDLE").filter(|_| section.is_none() && self.bundle.is_none())
                {
                    let mids: Option<Vec<Mid>> =
                        mids.split_ascii_whitespace().take(SECTIONS_MAX + 1).map(Label::new).collect();
                    self.bundle = Some(mids.ok_or("names a mid that is longer than 16 characters")?);
                }
            }
            // Counted, not kept: an ICE-lite server sends no checks, so it needs nobody's candidates.
            "candidate" => {
                self.candidates += 1;
                if self.candidates > CANDIDATES_MAX {
                    return Err(Problem::TooMany("candidates", CANDIDATES_MAX));
                }
            }
            "sendrecv" | "sendonly" | "recvonly" | "inactive" => {
                let direction = match name {
                    "sendrecv" => Direction::SendRecv,
                    "sendonly" => Direction::SendOnly,
                    "recvonly" => Direction::RecvOnly,
                    _ => Direction::Inactive,
                };
                match section {
                    Some(section) => section.direction = direction,
                    None => self.direction = Some(direction),
                }
            }
            _ => {
                if let Some(section) = section {
                    section_attribute(section, name, value)?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Offer, Error> {
        if !self.started {
            return Err(Error::Malformed { line: 1, problem: "is not v=0, with which SDP begins" });
        }
        // The first bundled section carries the transport of all; session level is the fallback.
        let tagged = self.sections.iter().find(|(section, _)| match (&self.bundle, section.mid) {
            (Some(mids), Some(mid)) => mids.contains(&mid),
            _ => true,
        });
        let first = tagged.map(|(_, transport)| transport);
        let pick = |get: fn(&Transport) -> Option<&String>| first.and_then(get).or_else(|| get(&self.session)).cloned();
        let ufrag = pick(|t| t.ufrag.as_ref()).ok_or(Error::Missing { what: "a=ice-ufrag" })?;
        let pwd = pick(|t| t.pwd.as_ref()).ok_or(Error::Missing { what: "a=ice-pwd" })?;
        let fingerprint = first.and_then(|t| t.fingerprint).or(self.session.fingerprint).ok_or({
            let other = first.is_some_and(|t| t.other_fingerprint) || self.session.other_fingerprint;
            Error::Missing { what: if other { "an a=fingerprint with sha-256" } else { "a=fingerprint" } }
        })?;
        let setup = self.session.setup;
        let sections = self.sections.into_iter().map(|(mut section, transport)| {
            section.setup = transport.setup;
            link_formats(&mut section);
            section
        });
        Ok(Offer {
            sections: sections.collect(),
            bundle: self.bundle,
            ice: Creds { ufrag, pwd },
            ice_lite: self.ice_lite,
            fingerprint,
            setup,
            extmap_allow_mixed: self.extmap_allow_mixed,
        })
    }
}

fn section_attribute(section: &mut Section, name: &str, value: &str) -> Result<(), Problem> {
    match name {
        "mid" => section.mid = Some(Label::new(value).ok_or("has an a=mid that is not 1 to 16 characters")?),
        "rtcp-mux" | "rtcp-mux-only" => section.rtcp_mux = true,
        "sctp-port" => section.sctp_port = true,
        "rtpmap" => {
            let (pt, name) = numbered(value).ok_or("is not of the form a=rtpmap:pt name/rate")?;
            if let Some(format) = section.formats.iter_mut().find(|format| format.pt == pt) {
                format.name = bounded(name, 64);
            }
        }
        "fmtp" => {
            let (pt, parameters) = numbered(value).ok_or("is not of the form a=fmtp:pt parameters")?;
            if let Some(format) = section.formats.iter_mut().find(|format| format.pt == pt) {
                format.fmtp = parameters.to_owned();
            }
        }
        "rtcp-fb" => {
            let (pt, feedback) = value.split_once(' ').ok_or("is not of the form a=rtcp-fb:pt feedback")?;
            let pt = if pt == "*" { None } else { Some(pt.parse::<u8>().map_err(|_| "has no payload type")?) };
            for format in section.formats.iter_mut().filter(|format| pt.is_none_or(|pt| pt == format.pt)) {
                match feedback.trim() {
                    "nack" => format.feedback.nack = true,
                    "nack pli" => format.feedback.pli = true,
                    "ccm fir" => format.feedback.fir = true,
                    "transport-cc" => format.feedback.transport_cc = true,
                    "goog-remb" => format.feedback.remb = true,
                    _ => {}
                }
            }
        }
        "extmap" => {
            let (id, rest) = value.split_once(' ').ok_or("is not of the form a=extmap:id uri")?;
            let id: u16 = id.split('/').next().and_then(|id| id.parse().ok()).ok_or("has no extension id")?;
            let uri = rest.split_ascii_whitespace().next().unwrap_or_default();
            // Ids above 14 need two-byte headers everywhere; nobody offers them for what we use.
            if let (Some(kind), 1..=14) = (ext::Kind::from_uri(uri), id) {
                if section.extensions.len() == EXTENSIONS_MAX {
                    return Err(Problem::TooMany("header extensions in a section", EXTENSIONS_MAX));
                }
                if !section.extensions.iter().any(|(known, k)| *known == id as u8 || *k == kind) {
                    section.extensions.push((id as u8, kind));
                }
            }
        }
        "simulcast" => section.rids = simulcast(value)?,
        "ssrc" => {
            let ssrc = value.split_ascii_whitespace().next().and_then(|s| s.parse().ok()).ok_or("has no SSRC")?;
            if !section.ssrcs.contains(&ssrc) {
                if section.ssrcs.len() == SSRCS_MAX {
                    return Err(Problem::TooMany("SSRCs in a section", SSRCS_MAX));
                }
                section.ssrcs.push(ssrc);
            }
        }
        "ssrc-group" => {
            if let Some(pair) = value.strip_prefix("FID ") {
                let mut numbers = pair.split_ascii_whitespace().map(str::parse);
                let (Some(Ok(media)), Some(Ok(repair))) = (numbers.next(), numbers.next()) else {
                    return Err("is not of the form a=ssrc-group:FID media retransmission".into());
                };
                if section.repair.len() == SSRCS_MAX {
                    return Err(Problem::TooMany("SSRC groups in a section", SSRCS_MAX));
                }
                section.repair.push((media, repair));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The layers after "send" in `send a;b;~c,d`: the first of each list of alternatives, "~" (paused) taken off.
fn simulcast(value: &str) -> Result<Vec<Rid>, Problem> {
    let mut words = value.split_ascii_whitespace();
    let mut rids = Vec::new();
    while let (Some(direction), Some(list)) = (words.next(), words.next()) {
        if direction != "send" {
            continue;
        }
        for layer in list.trim_start_matches("rid=").split(';') {
            let rid = layer.split(',').next().unwrap_or_default().trim_start_matches('~');
            // str0m keeps 8 characters; a rid is alphanumeric (RFC 8852 §3.2).
            let valid = rid.len() <= 8 && rid.bytes().all(|b| b.is_ascii_alphanumeric());
            let rid = Label::new(rid).filter(|_| valid).ok_or("names a rid that is not 1 to 8 letters and digits")?;
            if rids.contains(&rid) {
                return Err("names a rid twice".into());
            }
            if rids.len() == RIDS_MAX {
                return Err(Problem::TooMany("simulcast layers", RIDS_MAX));
            }
            rids.push(rid);
        }
    }
    Ok(rids)
}

/// Names become codecs once all lines of the section are read: their order is free.
fn link_formats(section: &mut Section) {
    let SectionKind::Media(kind) = section.kind else {
        return;
    };
    for format in &mut section.formats {
        let mut parts = format.name.split('/');
        let (name, rate, channels) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        if name.eq_ignore_ascii_case("rtx") {
            format.apt = choice::parameter(&format.fmtp, "apt").and_then(|apt| apt.parse().ok());
            continue;
        }
        if name.eq_ignore_ascii_case("red") && kind == Kind::Audio && rate == Some("48000") && channels == Some("2") {
            format.red = red_of(&format.fmtp);
            continue;
        }
        let codec = match name.to_ascii_uppercase().as_str() {
            "VP8" => Codec::Vp8,
            "VP9" => Codec::Vp9,
            "H264" => Codec::H264,
            "H265" => Codec::H265,
            "AV1" => Codec::Av1,
            "OPUS" => Codec::Opus,
            _ => continue,
        };
        let plain = match codec {
            Codec::Opus => rate == Some("48000") && channels == Some("2"),
            _ => rate == Some("90000") && channels.is_none(),
        };
        if plain && codec.kind() == kind {
            format.codec = Some(codec);
        }
    }
    // Redundancy of anything but Opus is nothing we can take apart.
    let opus: Vec<u8> = section.formats.iter().filter(|f| f.codec == Some(Codec::Opus)).map(|f| f.pt).collect();
    for format in &mut section.formats {
        format.red = format.red.filter(|pt| opus.contains(pt));
    }
    // Packetization-mode 0 is the same stream with one NAL unit per packet. Where both are offered, only mode 1 is taken.
    let mode = |format: &Format| format.codec == Some(Codec::H264) && !choice::is_single_nal(&format.fmtp);
    if section.formats.iter().any(mode) {
        for format in &mut section.formats {
            if format.codec == Some(Codec::H264) && choice::is_single_nal(&format.fmtp) {
                format.codec = None;
            }
        }
    }
}

/// The payload type in `111/111`: of the packet that is due and of all earlier ones.
fn red_of(fmtp: &str) -> Option<u8> {
    let mut types = fmtp.split('/').map(|pt| pt.trim().parse::<u8>().ok());
    let first = types.next()??;
    types.all(|pt| pt == Some(first)).then_some(first)
}

/// "pt rest".
fn numbered(value: &str) -> Option<(u8, &str)> {
    let (pt, rest) = value.split_once(' ')?;
    Some((pt.parse().ok()?, rest.trim()))
}

/// RFC 8839 §5.4: ice-chars, a minimum length, 256 at most.
pub(crate) fn ice_text(value: &str, len_min: usize) -> Option<String> {
    let valid = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/' || b == b'-' || b == b'_');
    (valid && (len_min..=256).contains(&value.len())).then(|| value.to_owned())
}

/// `Some(None)` for a well-formed fingerprint with a hash other than SHA-256.
fn fingerprint(value: &str) -> Option<Option<[u8; 32]>> {
    let (hash, hex) = value.split_once(' ')?;
    let mut bytes = [0u8; 32];
    let mut count = 0;
    for pair in hex.trim().split(':') {
        let byte = u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2 && !pair.starts_with('+'))?;
        if let Some(place) = bytes.get_mut(count) {
            *place = byte;
        }
        count += 1;
    }
    match hash.eq_ignore_ascii_case("sha-256") {
        true if count == bytes.len() => Some(Some(bytes)),
        true => None,
        false => Some(None),
    }
}

fn bounded(s: &str, len_max: usize) -> String {
    s.chars().take(len_max).collect()
}
