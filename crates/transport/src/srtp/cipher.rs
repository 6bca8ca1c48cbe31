//! One direction of one session: the expanded keys for RTP and for RTCP, and the two ciphers behind one enum.

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::keys::{Label, Master, Profile, derive};
use crate::sys::{self, GcmKey};

pub(super) const GCM_TAG_LEN: usize = sys::TAG_LEN;
pub(super) const SHA1_TAG_LEN: usize = 10;
pub(super) const RTCP_INDEX_LEN: usize = 4;
/// The E bit in front of the 31-bit SRTCP index: the packet is encrypted.
pub(super) const RTCP_ENCRYPTED: u32 = 1 << 31;

/// A viewer's hot array carries pointers and salts, and not half a kilobyte of key schedule.
pub(super) enum Cipher {
    Gcm(Gcm),
    Cm(Box<Cm>),
}

pub(super) struct Gcm {
    rtp: Box<GcmKey>,
    rtp_salt: [u8; 12],
    rtcp: Box<GcmKey>,
    rtcp_salt: [u8; 12],
}

pub(super) struct Cm {
    rtp: EncryptingKey,
    rtp_salt: [u8; 14],
    rtp_auth: hmac::Key,
    rtcp: EncryptingKey,
    rtcp_salt: [u8; 14],
    rtcp_auth: hmac::Key,
}

impl Cipher {
    pub(super) fn new(profile: Profile, master: &Master) -> Cipher {
        match profile {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => Cipher::Gcm(Gcm::new(profile, master)),
            Profile::Aes128CmSha1_80 => Cipher::Cm(Box::new(Cm::new(profile, master))),
        }
    }

    pub(super) fn tag_len(&self) -> usize {
        match self {
            Cipher::Gcm(_) => GCM_TAG_LEN,
            Cipher::Cm(_) => SHA1_TAG_LEN,
        }
    }
}

impl Gcm {
    fn new(profile: Profile, master: &Master) -> Gcm {
        let key = |label| {
            let mut key = [0; 32];
            let key = &mut key[..profile.key_len()];
            derive(profile, master, label, key);
            GcmKey::new(key)
        };
        let salt = |label| {
            let mut salt = [0; 12];
            derive(profile, master, label, &mut salt);
            salt
        };
        Gcm {
            rtp: key(Label::RtpKey),
            rtp_salt: salt(Label::RtpSalt),
            rtcp: key(Label::RtcpKey),
            rtcp_salt: salt(Label::RtcpSalt),
        }
    }

    #[cfg(test)]
    pub(super) fn from_session_keys(key: &[u8], salt: [u8; 12]) -> Gcm {
        Gcm { rtp: GcmKey::new(key), rtp_salt: salt, rtcp: GcmKey::new(key), rtcp_salt: salt }
    }

    /// Has the key for media brought near.
    pub(super) fn prefetch(&self) {
        sys::prefetch(&*self.rtp);
    }

    /// Encrypts `payload` into `out`, which is `payload.len() + GCM_TAG_LEN` long, with `header` authenticated.
    pub(super) fn seal_rtp_gather(&self, header: &[u8], payload: &[u8], out: &mut [u8], ssrc: u32, index: u64) {
        let (text, tag) = out.split_at_mut(payload.len());
        self.rtp.seal(&self.rtp_nonce(ssrc, index), header, payload, text, tag_of(tag));
    }

    pub(super) fn seal_rtp(&self, header: &[u8], text: &mut [u8], tag: &mut [u8], ssrc: u32, index: u64) {
        self.rtp.seal_in_place(&self.rtp_nonce(ssrc, index), header, text, tag_of(tag));
    }

    pub(super) fn seal_rtcp(&self, aad: &[u8], text: &mut [u8], tag: &mut [u8], ssrc: u32, index: u32) {
        self.rtcp.seal_in_place(&self.rtcp_nonce(ssrc, index), aad, text, tag_of(tag));
    }

    /// Decrypts into `out`, which is as long as `text`. False when the tag is wrong; `out` is then meaningless.
    pub(super) fn open_rtp(
        &self,
        header: &[u8],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
        ssrc: u32,
        index: u64,
    ) -> bool {
        let tag = tag.try_into().expect("cut off at the length of a tag");
        self.rtp.open(&self.rtp_nonce(ssrc, index), header, text, tag, out)
    }

    pub(super) fn open_rtcp(&self, aad: &[u8], text: &[u8], tag: &[u8], out: &mut [u8], ssrc: u32, index: u32) -> bool {
        let tag = tag.try_into().expect("cut off at the length of a tag");
        self.rtcp.open(&self.rtcp_nonce(ssrc, index), aad, text, tag, out)
    }

    /// RFC 7714 §8.1: zero, SSRC, rollover counter, sequence number; mixed with the salt.
    fn rtp_nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut nonce = self.rtp_salt;
        mix(&mut nonce[2..6], &ssrc.to_be_bytes());
        mix(&mut nonce[6..12], &index.to_be_bytes()[2..]);
        nonce
    }

    /// RFC 7714 §9.1: zero, SSRC, zero, index; mixed with the salt.
    fn rtcp_nonce(&self, ssrc: u32, index: u32) -> [u8; 12] {
        let mut nonce = self.rtcp_salt;
        mix(&mut nonce[2..6], &ssrc.to_be_bytes());
        mix(&mut nonce[8..12], &index.to_be_bytes());
        nonce
    }
}

fn tag_of(bytes: &mut [u8]) -> &mut [u8; GCM_TAG_LEN] {
    bytes.try_into().expect("callers leave room for exactly one tag")
}

impl Cm {
    fn new(profile: Profile, master: &Master) -> Cm {
        let key = |label| {
            let mut key = [0; 16];
            derive(profile, master, label, &mut key);
            UnboundCipherKey::new(&AES_128, &key)
                .and_then(EncryptingKey::ctr)
                .expect("the key length belongs to the algorithm")
        };
        let salt = |label| {
            let mut salt = [0; 14];
            derive(profile, master, label, &mut salt);
            salt
        };
        let auth = |label| {
            let mut key = [0; 20];
            derive(profile, master, label, &mut key);
            hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key)
        };
        Cm {
            rtp: key(Label::RtpKey),
            rtp_salt: salt(Label::RtpSalt),
            rtp_auth: auth(Label::RtpAuth),
            rtcp: key(Label::RtcpKey),
            rtcp_salt: salt(Label::RtcpSalt),
            rtcp_auth: auth(Label::RtcpAuth),
        }
    }

    pub(super) fn seal_rtp(&self, packet: &mut [u8], header_len: usize, tag: &mut [u8], ssrc: u32, index: u64) {
        self.crypt_rtp(&mut packet[header_len..], ssrc, index);
        tag.copy_from_slice(&self.rtp_tag(packet, index));
    }

    /// Encrypts or decrypts, which is the same in counter mode.
    pub(super) fn crypt_rtp(&self, text: &mut [u8], ssrc: u32, index: u64) {
        crypt(&self.rtp, &self.rtp_salt, text, ssrc, index);
    }

    pub(super) fn crypt_rtcp(&self, text: &mut [u8], ssrc: u32, index: u32) {
        crypt(&self.rtcp, &self.rtcp_salt, text, ssrc, u64::from(index));
    }

    /// The tag covers the packet and the rollover counter, which is not sent (RFC 3711 §4.2).
    pub(super) fn rtp_tag(&self, packet: &[u8], index: u64) -> [u8; SHA1_TAG_LEN] {
        let mut context = hmac::Context::with_key(&self.rtp_auth);
        context.update(packet);
        context.update(&((index >> 16) as u32).to_be_bytes());
        truncate(&context.sign())
    }

    /// The tag covers the packet with its index.
    pub(super) fn rtcp_tag(&self, packet: &[u8]) -> [u8; SHA1_TAG_LEN] {
        truncate(&hmac::sign(&self.rtcp_auth, packet))
    }
}

/// RFC 3711 §4.1.1: salt, SSRC and index mixed into the upper 112 bits, blocks counted in the lower 16.
fn crypt(key: &EncryptingKey, salt: &[u8; 14], text: &mut [u8], ssrc: u32, index: u64) {
    let mut counter = [0u8; 16];
    counter[..14].copy_from_slice(salt);
    mix(&mut counter[4..8], &ssrc.to_be_bytes());
    mix(&mut counter[8..14], &index.to_be_bytes()[2..]);
    key.less_safe_encrypt(text, EncryptionContext::Iv128(FixedLength::from(counter)))
        .expect("counter mode takes any length");
}

fn truncate(tag: &hmac::Tag) -> [u8; SHA1_TAG_LEN] {
    tag.as_ref()[..SHA1_TAG_LEN].try_into().expect("SHA-1 is 20 bytes")
}

fn mix(into: &mut [u8], with: &[u8]) {
    for (a, b) in into.iter_mut().zip(with) {
        *a ^= b;
    }
}
