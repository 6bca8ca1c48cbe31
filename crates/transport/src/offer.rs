//! An SDP offer, read within fixed bounds before anything else sees it, and held against the rules of WHIP and WHEP.
//!
//! Only what an answer depends on is kept. Nothing here knows which codec a room carries or what a server can do beyond
//! the list in [`crate::choice`]; lines that mean nothing to us are skipped, lines that mean something and are broken
//! are errors with their number.

mod parse;
#[cfg(test)]
mod tests;
pub(crate) use parse::ice_text;

use media::codec::{Codec, Kind};
use media::ext;

use crate::choice::{self, CodecChoice};
use crate::label::{Label, Mid, Rid};
use crate::{Creds, Error};

/// A browser's offer is 5 to 8 KiB, with every codec and simulcast, and 6 KiB more for each further section of video; RFC 9725 asks for a
/// limit.
pub const LEN_MAX: usize = 384 * 1024;
/// A browser writes 130 lines for a section of video with every codec.
pub const LINES_MAX: usize = 10_000;
pub const LINE_LEN_MAX: usize = 4096;
/// Voices, pictures, data; some clients add rejected sections.
pub const SECTIONS_MAX: usize = 72;
/// Voices that a viewer may ask to hear at a time, an audio section for each.
pub const VOICES_MAX: usize = 16;
/// Pictures that a viewer may ask to see at a time, a video section for each.
pub const PICTURES_MAX: usize = 50;
pub const FORMATS_MAX: usize = 96;
pub const EXTENSIONS_MAX: usize = 32;
/// Three layers are customary, AV1 experiments use more.
pub const RIDS_MAX: usize = 6;
pub const SSRCS_MAX: usize = 32;
pub const CANDIDATES_MAX: usize = 64;

/// Which side of a stream an offer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// WHIP: the offerer sends.
    Publish,
    /// WHEP: the offerer receives.
    Watch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub(crate) sections: Vec<Section>,
    /// The mids of the BUNDLE group; `None` when the offer has none.
    pub(crate) bundle: Option<Vec<Mid>>,
    /// Username fragment and password of the offerer.
    pub(crate) ice: Creds,
    pub(crate) ice_lite: bool,
    /// SHA-256 of the offerer's certificate.
    pub(crate) fingerprint: [u8; 32],
    pub(crate) setup: Option<Setup>,
    /// One-byte and two-byte header extensions may be mixed.
    pub(crate) extmap_allow_mixed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    Active,
    Passive,
    ActPass,
    HoldConn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DtlsRole {
    Server,
    Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Media(Kind),
    /// Data channels.
    Data,
    /// Anything else, or a transport we do not speak.
    Unknown,
}

/// One m-line with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: SectionKind,
    /// The media and protocol words of the m-line, to write them back.
    pub(crate) media: String,
    pub(crate) protocol: String,
    pub(crate) port: u16,
    pub(crate) mid: Option<Mid>,
    pub(crate) direction: Direction,
    pub(crate) rtcp_mux: bool,
    /// In order of preference.
    pub(crate) formats: Vec<Format>,
    pub(crate) extensions: Vec<(u8, ext::Kind)>,
    /// Layers that the offerer wants to send, in the order of its a=simulcast line.
    pub(crate) rids: Vec<Rid>,
    pub(crate) ssrcs: Vec<u32>,
    /// Pairs of (media, retransmission) SSRCs.
    pub(crate) repair: Vec<(u32, u32)>,
    pub(crate) sctp_port: bool,
    pub(crate) setup: Option<Setup>,
}

/// One payload type of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) pt: u8,
    /// "VP8/90000" as offered; empty without an rtpmap.
    pub(crate) name: String,
    pub(crate) codec: Option<Codec>,
    /// Set when this is retransmission for another payload type.
    pub(crate) apt: Option<u8>,
    /// Set when this carries, in each packet, earlier packets of another payload type beside the one that is due.
    pub(crate) red: Option<u8>,
    pub(crate) fmtp: String,
    pub(crate) feedback: Feedback,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Feedback {
    pub(crate) nack: bool,
    pub(crate) pli: bool,
    pub(crate) fir: bool,
    pub(crate) transport_cc: bool,
    pub(crate) remb: bool,
}

impl Offer {
    pub fn parse(sdp: &str) -> Result<Offer, Error> {
        parse::offer(sdp)
    }

    /// Holds the offer against the rules of WHIP (RFC 9725) or WHEP. Passing means that an answer exists for a
    /// publisher; for a viewer it still depends on what the room carries.
    pub fn validate(&self, role: Role) -> Result<(), Error> {
        if self.ice_lite {
            return Err(Error::BothIceLite);
        }
        let mut seen = Vec::new();
        for section in &self.sections {
            let Some(mid) = section.mid else {
                return Err(Error::Section {
                    mid: section.media.clone(),
                    problem: "has no a=mid; give each section one",
                });
            };
            self.validate_transport(section, mid)?;
            let SectionKind::Media(kind) = section.kind else {
                continue;
            };
            seen.push(kind);
            let most = match (role, kind) {
                (Role::Publish, _) => 1,
                (Role::Watch, Kind::Audio) => VOICES_MAX,
                (Role::Watch, Kind::Video) => PICTURES_MAX,
            };
            if seen.iter().filter(|known| **known == kind).count() > most {
                return Err(Error::TooManyTracks { kind, most });
            }
            validate_direction(section, mid, role)?;
            if section.usable().next().is_none() {
                return Err(Error::NoUsableCodec {
                    kind,
                    offered: section.describe(),
                    supported: choice::supported(kind),
                });
            }
        }
        if seen.is_empty() {
            return Err(Error::NoTrack);
        }
        self.validate_payload_types()
    }

    /// Whether the offerer can play `source`.
    pub fn supports(&self, source: &CodecChoice) -> bool {
        self.media(source.codec.kind()).is_some_and(|section| section.best_for(source).is_some())
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.media(kind).is_some()
    }

    /// The codecs of one kind in the offerer's order of preference, retransmission and the like left out.
    pub fn codecs(&self, kind: Kind) -> impl Iterator<Item = CodecChoice> {
        self.media(kind).into_iter().flat_map(|section| section.usable()).map(|format| format.choice())
    }

    /// The mids of the sections that can carry a picture, in order.
    pub fn picture_mids(&self) -> impl Iterator<Item = &str> {
        let pictures = self.sections.iter().filter(|section| section.kind == SectionKind::Media(Kind::Video));
        pictures.filter_map(|section| section.mid.as_ref().map(Mid::as_str))
    }

    /// The username fragment and password of the offerer.
    pub fn ice(&self) -> &Creds {
        &self.ice
    }

    pub(crate) fn media(&self, kind: Kind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == SectionKind::Media(kind))
    }

    fn validate_transport(&self, section: &Section, mid: Mid) -> Result<(), Error> {
        let wrong = |problem| Err(Error::Section { mid: mid.to_string(), problem });
        if self.sections.iter().filter(|other| other.mid == Some(mid)).count() > 1 {
            return wrong("shares its a=mid with another section; make mids unique");
        }
        if section.kind == SectionKind::Unknown {
            return wrong("is neither audio nor video over UDP/TLS/RTP/SAVPF nor a data channel; leave it out");
        }
        let bundled = match &self.bundle {
            Some(mids) => mids.contains(&mid),
            None => self.sections.len() == 1,
        };
        if !bundled {
            return wrong("is not in the BUNDLE group; bundle all sections (max-bundle)");
        }
        if section.kind == SectionKind::Data {
            if !section.sctp_port {
                return wrong("has no a=sctp-port; offer data channels as in RFC 8841");
            }
        } else if !section.rtcp_mux {
            return wrong("has no a=rtcp-mux; multiplex RTCP with RTP");
        }
        match section.setup.or(self.setup) {
            Some(Setup::HoldConn) => wrong("is a=setup:holdconn, so that nobody would begin; offer actpass"),
            // Without the attribute somebody expects to be answered: RFC 4145 §4 makes that one active.
            Some(Setup::ActPass | Setup::Active | Setup::Passive) | None => Ok(()),
        }
    }

    /// Our side of the DTLS handshake. We are the server whenever we may: then AES-GCM is chosen when there is a choice,
    /// and nothing is sent before the peer has shown itself. ffmpeg insists on being the server unless told otherwise.
    pub(crate) fn dtls_role(&self) -> DtlsRole {
        let setup = self.sections.iter().find_map(|section| section.setup).or(self.setup);
        if setup == Some(Setup::Passive) { DtlsRole::Client } else { DtlsRole::Server }
    }

    /// In a bundle a payload type means one thing (RFC 9143 §9.1); several sections may mean the same by it.
    fn validate_payload_types(&self) -> Result<(), Error> {
        let mut owners: [Option<(usize, &Format)>; 128] = [None; 128];
        for (at, section) in self.sections.iter().enumerate() {
            for format in &section.formats {
                let owner = owners[format.pt as usize].replace((at, format));
                if owner.is_some_and(|(before, known)| before == at || !known.means_the_same(format)) {
                    return Err(Error::Section {
                        mid: section.mid.map(|m| m.to_string()).unwrap_or_default(),
                        problem: "uses a payload type twice, or one of another section; number them apart",
                    });
                }
            }
        }
        Ok(())
    }
}

fn validate_direction(section: &Section, mid: Mid, role: Role) -> Result<(), Error> {
    let (who, want, wanted) = match role {
        Role::Publish => ("publisher", "sendonly or sendrecv", Direction::SendOnly),
        Role::Watch => ("viewer", "recvonly or sendrecv", Direction::RecvOnly),
    };
    if section.direction == wanted || section.direction == Direction::SendRecv {
        return Ok(());
    }
    Err(Error::Direction { mid: mid.to_string(), found: section.direction.as_str(), who, want })
}

impl Direction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

impl Section {
    /// Whether media flows from whoever wrote this.
    pub(crate) fn sends(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::SendOnly)
    }

    /// Formats that carry media we understand, in the offered order.
    pub(crate) fn usable(&self) -> impl Iterator<Item = &Format> {
        self.formats.iter().filter(|format| format.codec.is_some())
    }

    /// The retransmission payload type of a format.
    pub(crate) fn rtx(&self, pt: u8) -> Option<u8> {
        self.formats.iter().find(|format| format.apt == Some(pt)).map(|format| format.pt)
    }

    /// The payload type that carries a format with redundancy (RFC 2198).
    pub(crate) fn red(&self, pt: u8) -> Option<u8> {
        self.formats.iter().find(|format| format.red == Some(pt)).map(|format| format.pt)
    }

    /// The offered format that plays `source` best.
    pub(crate) fn best_for(&self, source: &CodecChoice) -> Option<&Format> {
        self.usable()
            .filter_map(|format| Some((choice::distance(source, &format.choice())?, format)))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, format)| format)
    }

    /// What is offered, for an error message: short, without retransmission and duplicates.
    pub(crate) fn describe(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for format in self.formats.iter().filter(|format| format.apt.is_none()) {
            let word = match format.codec {
                Some(_) => format.choice().to_string(),
                None if format.name.is_empty() => format!("payload type {}", format.pt),
                None => format.name.clone(),
            };
            if !words.contains(&word) && words.len() < 12 {
                words.push(word);
            }
        }
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }

    /// The SSRC of the media itself, retransmission left out.
    pub(crate) fn media_ssrc(&self) -> Option<u32> {
        let is_repair = |ssrc: &u32| self.repair.iter().any(|(_, rtx)| rtx == ssrc);
        self.ssrcs.iter().copied().find(|ssrc| *ssrc != 0 && !is_repair(ssrc))
    }

    pub(crate) fn label(&self) -> Label {
        self.mid.expect("Offer::validate refuses sections without a mid")
    }
}

impl Format {
    fn means_the_same(&self, other: &Format) -> bool {
        let meaning = |format: &Format| (format.codec, format.apt, format.red);
        meaning(self) == meaning(other) && self.name == other.name && self.fmtp == other.fmtp
    }

    pub(crate) fn choice(&self) -> CodecChoice {
        CodecChoice { codec: self.codec.unwrap_or(Codec::Opus), fmtp: self.fmtp.clone() }
    }
}
