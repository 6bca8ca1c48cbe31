//! Sealing: cleartext RTP or RTCP becomes the datagram that goes out.

use super::cipher::{Cipher, RTCP_ENCRYPTED, RTCP_INDEX_LEN};
use super::keys::Keys;
use super::replay::Window;

/// The most that sealing adds to a packet: an AES-GCM tag and, for RTCP, the index.
pub const OVERHEAD_MAX: usize = 16 + RTCP_INDEX_LEN;

/// The sending half of one session's keys. There is exactly one per session: see the safety rule in [`super`].
pub struct Sealer {
    cipher: Cipher,
    rtcp_index: u32,
    /// What has been sealed, per SSRC: media and retransmissions of one or two tracks.
    sealed: Vec<(u32, Window)>,
}

impl Sealer {
    pub fn new(keys: &Keys) -> Sealer {
        Sealer { cipher: Cipher::new(keys.profile, &keys.local), rtcp_index: 0, sealed: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn with_cipher(cipher: Cipher) -> Sealer {
        Sealer { cipher, rtcp_index: 0, sealed: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn set_rtcp_index(&mut self, index: u32) {
        self.rtcp_index = index;
    }

    /// Has brought near what sealing the next packet will touch.
    #[inline]
    pub fn prefetch(&self) {
        if let Cipher::Gcm(gcm) = &self.cipher {
            gcm.prefetch();
        }
        if let Some(first) = self.sealed.first() {
            crate::sys::prefetch(first);
        }
    }

    /// Bytes that [`Sealer::seal_rtp`] appends.
    pub fn tag_len(&self) -> usize {
        self.cipher.tag_len()
    }

    /// Seals the packet in `packet[..header_len + payload_len]`, header included, and writes the tag behind it.
    /// Returns the length of the datagram. `index` is the extended sequence number: 2^16 times the rollover counter plus
    /// the number in the header.
    ///
    /// `None`, with `packet` untouched, when this index of the SSRC was sealed before, or lies so far back that nobody
    /// remembers. Whatever a caller does wrong, no nonce is used twice.
    ///
    /// # Panics
    /// When `packet` has no room for the tag.
    #[must_use = "None says that there is nothing to send"]
    pub fn seal_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        payload_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        self.claim(ssrc, index)?;
        let end = header_len + payload_len;
        let sealed = end + self.cipher.tag_len();
        let (body, tag) = packet[..sealed].split_at_mut(end);
        match &self.cipher {
            Cipher::Gcm(gcm) => {
                let (header, text) = body.split_at_mut(header_len);
                gcm.seal_rtp(header, text, tag, ssrc, index);
            }
            Cipher::Cm(cm) => cm.seal_rtp(body, header_len, tag, ssrc, index),
        }
        Some(sealed)
    }

    /// Like [`Sealer::seal_rtp`] with the payload taken from elsewhere: `out` starts with the header, the payload is
    /// encrypted straight from the buffer that all viewers share, which saves a copy of it per viewer.
    ///
    /// # Panics
    /// When `out` has no room for payload and tag.
    #[must_use = "None says that there is nothing to send"]
    pub fn seal_rtp_gather(
        &mut self,
        out: &mut [u8],
        header_len: usize,
        payload: &[u8],
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        self.claim(ssrc, index)?;
        let end = header_len + payload.len();
        let sealed = end + self.cipher.tag_len();
        match &self.cipher {
            Cipher::Gcm(gcm) => {
                let (header, rest) = out[..sealed].split_at_mut(header_len);
                gcm.seal_rtp_gather(header, payload, rest, ssrc, index);
            }
            Cipher::Cm(cm) => {
                out[header_len..end].copy_from_slice(payload);
                let (body, tag) = out[..sealed].split_at_mut(end);
                cm.seal_rtp(body, header_len, tag, ssrc, index);
            }
        }
        Some(sealed)
    }

    /// Seals the compound RTCP packet that `packet` holds and appends what belongs behind it. The index counts up by
    /// itself. False, with `packet` untouched, when it is too short to be RTCP or all 2^31 indices are used up, after
    /// which this session may send no more RTCP (RFC 3711 §9.2).
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> bool {
        if packet.len() < 8 || self.rtcp_index >= RTCP_ENCRYPTED {
            return false;
        }
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let word = (index | RTCP_ENCRYPTED).to_be_bytes();
        let end = packet.len();
        match &self.cipher {
            Cipher::Gcm(gcm) => {
                // The tag comes before the index, unlike under AES-CM (RFC 7714 §9.2).
                let mut aad = [0u8; 12];
                aad[..8].copy_from_slice(&packet[..8]);
                aad[8..].copy_from_slice(&word);
                packet.resize(end + self.cipher.tag_len(), 0);
                let (body, tag) = packet.split_at_mut(end);
                gcm.seal_rtcp(&aad, &mut body[8..], tag, ssrc, index);
                packet.extend_from_slice(&word);
            }
            Cipher::Cm(cm) => {
                cm.crypt_rtcp(&mut packet[8..], ssrc, index);
                packet.extend_from_slice(&word);
                let tag = cm.rtcp_tag(packet);
                packet.extend_from_slice(&tag);
            }
        }
        true
    }

    /// Marks an index as used; `None` when it was, or may have been.
    fn claim(&mut self, ssrc: u32, index: u64) -> Option<()> {
        let at = self.sealed.iter().position(|(known, _)| *known == ssrc).unwrap_or_else(|| {
            self.sealed.push((ssrc, Window::default()));
            self.sealed.len() - 1
        });
        let window = &mut self.sealed[at].1;
        window.admits(index).then(|| window.accept(index))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}
