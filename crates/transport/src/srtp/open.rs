//! Opening: a datagram becomes cleartext, when it is authentic and new.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::cipher::{Cipher, RTCP_ENCRYPTED, RTCP_INDEX_LEN, SHA1_TAG_LEN};
use super::keys::Keys;
use super::replay::Window;

/// Longest datagram that is looked at. Longer ones do not cross the Internet in one piece.
const DATAGRAM_LEN_MAX: usize = 2048;

/// SSRCs tracked per direction and session. A peer with three simulcast layers, their RTX, audio and probes has nine;
/// one that keeps changing them ends up here, and is then only heard on the ones it began with.
const SSRCS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("not a packet")]
    Malformed,
    #[error("received before, or too old to tell")]
    Replayed,
    #[error("not sealed with this session's key")]
    NotAuthentic,
    #[error("too many SSRCs in one session")]
    TooManySsrcs,
}

/// The receiving half of one session's keys.
pub struct Opener {
    cipher: Cipher,
    rtp: Vec<(u32, Window)>,
    rtcp: Vec<(u32, Window)>,
}

/// An opened RTP packet, its bytes in the buffer that was passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedRtp {
    /// Length of the cleartext packet.
    pub len: usize,
    pub header_len: usize,
    pub ssrc: u32,
    /// Extended sequence number.
    pub index: u64,
    /// The first packet of its SSRC in this session.
    pub first: bool,
}

impl Opener {
    pub fn new(keys: &Keys) -> Opener {
        Opener { cipher: Cipher::new(keys.profile, &keys.remote), rtp: Vec::new(), rtcp: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn with_cipher(cipher: Cipher) -> Opener {
        Opener { cipher, rtp: Vec::new(), rtcp: Vec::new() }
    }

    /// Opens an SRTP datagram into `out`, whose old contents are lost.
    pub fn open_rtp(&mut self, datagram: &[u8], out: &mut Vec<u8>) -> Result<OpenedRtp, OpenError> {
        let header_len = rtp_header_len(datagram).ok_or(OpenError::Malformed)?;
        let tag_len = self.cipher.tag_len();
        if datagram.len() < header_len + tag_len || datagram.len() > DATAGRAM_LEN_MAX {
            return Err(OpenError::Malformed);
        }
        let seq = u16::from_be_bytes([datagram[2], datagram[3]]);
        let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        let (at, window) = find(&self.rtp, ssrc)?;
        let index = window.guess(seq).ok_or(OpenError::Replayed)?;
        if !window.admits(index) {
            return Err(OpenError::Replayed);
        }

        let (body, tag) = datagram.split_at(datagram.len() - tag_len);
        let (header, text) = body.split_at(header_len);
        out.clear();
        match &self.cipher {
            Cipher::Gcm(gcm) => {
                out.resize(body.len(), 0);
                let (out_header, out_text) = out.split_at_mut(header_len);
                out_header.copy_from_slice(header);
                if !gcm.open_rtp(header, text, tag, out_text, ssrc, index) {
                    return Err(OpenError::NotAuthentic);
                }
            }
            Cipher::Cm(cm) => {
                verify_slices_are_equal(&cm.rtp_tag(body, index), tag).map_err(|_| OpenError::NotAuthentic)?;
                out.extend_from_slice(body);
                cm.crypt_rtp(&mut out[header_len..], ssrc, index);
            }
        }
        accept(&mut self.rtp, at, ssrc, index);
        Ok(OpenedRtp { len: out.len(), header_len, ssrc, index, first: at.is_none() })
    }

    /// Opens an SRTCP datagram into `out`, whose old contents are lost: a compound packet in the clear.
    pub fn open_rtcp(&mut self, datagram: &[u8], out: &mut Vec<u8>) -> Result<(), OpenError> {
        if datagram.len() < 8 + self.cipher.tag_len() + RTCP_INDEX_LEN
            || datagram.len() > DATAGRAM_LEN_MAX
            || datagram[0] >> 6 != 2
        {
            return Err(OpenError::Malformed);
        }
        let ssrc = u32::from_be_bytes([datagram[4], datagram[5], datagram[6], datagram[7]]);
        let index_at = match &self.cipher {
            Cipher::Gcm(_) => datagram.len() - RTCP_INDEX_LEN,
            Cipher::Cm(_) => datagram.len() - SHA1_TAG_LEN - RTCP_INDEX_LEN,
        };
        let word: [u8; 4] = datagram[index_at..index_at + 4].try_into().expect("four bytes");
        let value = u32::from_be_bytes(word);
        // Nothing here ever negotiates SRTCP without encryption, so a clear E bit is a forgery or a mistake.
        if value & RTCP_ENCRYPTED == 0 {
            return Err(OpenError::NotAuthentic);
        }
        let index = value & !RTCP_ENCRYPTED;
        let (at, window) = find(&self.rtcp, ssrc)?;
        if !window.admits(u64::from(index)) {
            return Err(OpenError::Replayed);
        }

        out.clear();
        match &self.cipher {
            Cipher::Gcm(gcm) => {
                let (body, tag) = datagram[..index_at].split_at(index_at - self.cipher.tag_len());
                let mut aad = [0u8; 12];
                aad[..8].copy_from_slice(&body[..8]);
                aad[8..].copy_from_slice(&word);
                out.resize(body.len(), 0);
                out[..8].copy_from_slice(&body[..8]);
                if !gcm.open_rtcp(&aad, &body[8..], tag, &mut out[8..], ssrc, index) {
                    return Err(OpenError::NotAuthentic);
                }
            }
            Cipher::Cm(cm) => {
                let (authenticated, tag) = datagram.split_at(index_at + RTCP_INDEX_LEN);
                verify_slices_are_equal(&cm.rtcp_tag(authenticated), tag).map_err(|_| OpenError::NotAuthentic)?;
                out.extend_from_slice(&datagram[..index_at]);
                cm.crypt_rtcp(&mut out[8..], ssrc, index);
            }
        }
        accept(&mut self.rtcp, at, ssrc, u64::from(index));
        Ok(())
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// Where the SSRC is kept, and its window; a new SSRC has no place yet: it gets one with its first authentic packet.
fn find(windows: &[(u32, Window)], ssrc: u32) -> Result<(Option<usize>, Window), OpenError> {
    match windows.iter().position(|(known, _)| *known == ssrc) {
        Some(at) => Ok((Some(at), windows[at].1)),
        None if windows.len() < SSRCS_MAX => Ok((None, Window::default())),
        None => Err(OpenError::TooManySsrcs),
    }
}

fn accept(windows: &mut Vec<(u32, Window)>, at: Option<usize>, ssrc: u32, index: u64) {
    let at = at.unwrap_or_else(|| {
        windows.push((ssrc, Window::default()));
        windows.len() - 1
    });
    windows[at].1.accept(index);
}

/// Length of an RTP header with CSRCs and extension, without reading beyond the datagram.
fn rtp_header_len(datagram: &[u8]) -> Option<usize> {
    let first = *datagram.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let fixed = 12 + 4 * (first & 0x0f) as usize;
    let len = if first & 0x10 == 0 {
        fixed
    } else {
        let words = datagram.get(fixed + 2..fixed + 4)?;
        fixed + 4 + 4 * u16::from_be_bytes([words[0], words[1]]) as usize
    };
    (len <= datagram.len()).then_some(len)
}
