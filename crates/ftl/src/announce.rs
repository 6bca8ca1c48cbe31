//! What a client says about the stream it is going to send: attributes, one a line.

use crate::code::Code;

/// Clients send about fifteen.
const ATTRIBUTES_MAX: usize = 64;

const VIDEO_PAYLOAD_TYPE: u8 = 96;
const AUDIO_PAYLOAD_TYPE: u8 = 97;

/// A stream as it was announced. At least one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The program and its version, for the log.
    pub vendor: String,
    /// H.264.
    pub video: Option<Track>,
    /// Opus.
    pub audio: Option<Track>,
    /// As the client says; the stream itself knows better.
    pub size: Option<(u16, u16)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track {
    pub ssrc: u32,
    pub payload_type: u8,
}

/// Attributes so far.
#[derive(Debug, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Takes `Name: value`. Names are of any case, and ones we do not know are welcome.
    pub fn add(&mut self, line: &str) -> Result<(), Code> {
        let (name, value) = line.split_once(':').ok_or(Code::BadRequest)?;
        if self.0.len() == ATTRIBUTES_MAX {
            return Err(Code::BadRequest);
        }
        self.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    /// All have come. `channel` decides what is not said: clients use it as the SSRC of audio, and the next number for video.
    pub fn finish(&self, channel: u32) -> Result<Announcement, Code> {
        if self.get("protocolversion").is_some_and(|version| is_old(version) != Some(false)) {
            return Err(Code::OldVersion);
        }
        let video = self.track("video", "h264", VIDEO_PAYLOAD_TYPE, channel.wrapping_add(1))?;
        let audio = self.track("audio", "opus", AUDIO_PAYLOAD_TYPE, channel)?;
        match (&video, &audio) {
            (None, None) => return Err(Code::BadRequest),
            (Some(video), Some(audio)) if video.ssrc == audio.ssrc => return Err(Code::AudioSsrcTaken),
            (Some(video), Some(audio)) if video.payload_type == audio.payload_type => return Err(Code::BadRequest),
            _ => {}
        }
        let number = |name| self.get(name).and_then(|value| value.parse().ok());
        let words = [self.get("vendorname"), self.get("vendorversion")];
        let vendor = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Ok(Announcement { vendor, video, audio, size: number("videowidth").zip(number("videoheight")) })
    }

    fn track(&self, name: &str, codec: &str, payload_type: u8, ssrc: u32) -> Result<Option<Track>, Code> {
        let said_codec = self.get(&format!("{name}codec"));
        let there = self.get(name).map_or(said_codec.is_some(), |value| value.eq_ignore_ascii_case("true"));
        if !there {
            return Ok(None);
        }
        if !said_codec.unwrap_or(codec).eq_ignore_ascii_case(codec) {
            return Err(Code::BadRequest);
        }
        let ssrc = self.number(&format!("{name}ingestssrc"), ssrc)?;
        let payload_type = self.number(&format!("{name}payloadtype"), payload_type)?;
        // RFC 3551 §6: the dynamic ones. 72 to 76 would look like RTCP.
        if !(96..=127).contains(&payload_type) {
            return Err(Code::BadRequest);
        }
        Ok(Some(Track { ssrc, payload_type }))
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, Code> {
        self.get(name).map_or(Ok(default), |value| value.parse().map_err(|_| Code::BadRequest))
    }

    /// Of two with one name the later counts.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Whether a version is older than 0.9, the only one that was ever in wide use; `None` for what is no version.
fn is_old(version: &str) -> Option<bool> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?) < (0, 9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announce(lines: &[&str]) -> Result<Announcement, Code> {
        let mut attributes = Attributes::default();
        lines.iter().try_for_each(|line| attributes.add(line))?;
        attributes.finish(77)
    }

    #[test]
    fn what_a_client_says_is_read_and_what_it_does_not_say_follows_from_the_channel() {
        let said = announce(&[
            "ProtocolVersion: 0.9",
            "VendorName: OBS Studio",
            "VendorVersion: 29.1",
            "Video: true",
            "VideoCodec: H264",
            "VideoHeight: 720",
            "VideoWidth: 1280",
            "VideoPayloadType: 100",
            "VideoIngestSSRC: 5",
            "Audio: true",
            "AudioCodec: OPUS",
            "Unheard: of",
        ])
        .unwrap();
        assert_eq!(said.vendor, "OBS Studio 29.1");
        assert_eq!(said.video, Some(Track { ssrc: 5, payload_type: 100 }));
        assert_eq!(said.audio, Some(Track { ssrc: 77, payload_type: 97 }));
        assert_eq!(said.size, Some((1280, 720)));
        let audio_only = announce(&["Video: false", "VideoCodec: H264", "AudioCodec: OPUS"]).unwrap();
        assert_eq!((audio_only.video, audio_only.audio.is_some()), (None, true));
        assert_eq!(announce(&["Video:true"]).unwrap().video, Some(Track { ssrc: 78, payload_type: 96 }));
    }

    #[test]
    fn what_cannot_be_carried_is_refused_by_its_code() {
        for (lines, code) in [
            (&["Video: true", "VideoCodec: VP8"][..], Code::BadRequest),
            (&[], Code::BadRequest),
            (&["Video: true", "VideoPayloadType: 72"], Code::BadRequest),
            (&["Video: true", "VideoPayloadType: 300"], Code::BadRequest),
            (&["Video: true", "Audio: true", "AudioPayloadType: 96"], Code::BadRequest),
            (&["Video: true", "Audio: true", "AudioIngestSSRC: 78"], Code::AudioSsrcTaken),
            (&["Video: true", "VideoIngestSSRC: -1"], Code::BadRequest),
            (&["Video: true", "ProtocolVersion: 0.8"], Code::OldVersion),
            (&["Video: true", "ProtocolVersion: new"], Code::OldVersion),
            (&["Video"], Code::BadRequest),
        ] {
            assert_eq!(announce(lines), Err(code), "{lines:?}");
        }
        assert!(announce(&["Video: true", "ProtocolVersion: 1.0"]).is_ok());
        assert_eq!(announce(&["a: b"; 65]), Err(Code::BadRequest));
    }
}
