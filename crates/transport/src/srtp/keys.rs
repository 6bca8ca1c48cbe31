//! Master keys as DTLS hands them over (RFC 5764 §4.2), and the session keys derived from them (RFC 3711 §4.3).

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, UnboundCipherKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    AeadAes128Gcm,
    AeadAes256Gcm,
    Aes128CmSha1_80,
}

impl Profile {
    pub fn key_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::Aes128CmSha1_80 => 16,
            Profile::AeadAes256Gcm => 32,
        }
    }

    pub fn salt_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 12,
            Profile::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes that sealing adds to an RTP packet; an RTCP packet grows by four more, its index.
    pub fn tag_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 16,
            Profile::Aes128CmSha1_80 => 10,
        }
    }
}

/// The keys of one session. Not `Clone`: each direction is turned into its one [`super::Sealer`] and its one
/// [`super::Opener`], and a second copy of a sealing key is the accident this crate is built to avoid.
pub struct Keys {
    pub(crate) profile: Profile,
    pub(crate) local: Master,
    pub(crate) remote: Master,
}

pub(crate) struct Master {
    pub(crate) key: [u8; 32],
    pub(crate) salt: [u8; 14],
}

impl Keys {
    /// `material` is client key, server key, client salt, server salt; `client` says which side of DTLS we are.
    pub fn from_dtls(profile: Profile, material: &[u8], client: bool) -> Option<Keys> {
        let (key_len, salt_len) = (profile.key_len(), profile.salt_len());
        if material.len() != 2 * (key_len + salt_len) {
            return None;
        }
        let (client_key, rest) = material.split_at(key_len);
        let (server_key, rest) = rest.split_at(key_len);
        let (client_salt, server_salt) = rest.split_at(salt_len);
        let client_side = Master::new(client_key, client_salt);
        let server_side = Master::new(server_key, server_salt);
        let (local, remote) = if client { (client_side, server_side) } else { (server_side, client_side) };
        Some(Keys { profile, local, remote })
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    #[cfg(test)]
    pub(crate) fn both(profile: Profile, key: &[u8], salt: &[u8]) -> Keys {
        Keys { profile, local: Master::new(key, salt), remote: Master::new(key, salt) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?}, ..)", self.profile)
    }
}

impl Master {
    fn new(key: &[u8], salt: &[u8]) -> Master {
        let mut master = Master { key: [0; 32], salt: [0; 14] };
        master.key[..key.len()].copy_from_slice(key);
        master.salt[..salt.len()].copy_from_slice(salt);
        master
    }
}

/// What a session key is for (RFC 3711 §4.3.2).
#[derive(Clone, Copy)]
pub(crate) enum Label {
    RtpKey = 0,
    RtpAuth = 1,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpAuth = 4,
    RtcpSalt = 5,
}

/// Fills `out` with the session key for `label`: AES in counter mode over the salt with the label mixed in. The key
/// derivation rate is zero, as DTLS-SRTP has it, so a session key lives as long as its session.
pub(crate) fn derive(profile: Profile, master: &Master, label: Label, out: &mut [u8]) {
    let key = &master.key[..profile.key_len()];
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let block_cipher = UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ecb)
        .expect("the key length belongs to the algorithm");
    // A 12-byte salt is padded on the right to 14 bytes (RFC 7714 §11).
    let mut counter = [0u8; 16];
    counter[..14].copy_from_slice(&master.salt);
    counter[7] ^= label as u8;
    for (i, chunk) in out.chunks_mut(16).enumerate() {
        counter[14..].copy_from_slice(&(i as u16).to_be_bytes());
        let mut block = counter;
        block_cipher.encrypt(&mut block).expect("one whole block");
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
}
