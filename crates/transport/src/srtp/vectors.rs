//! The test vectors of RFC 3711 appendix B and RFC 7714 §§16, 17.

use super::cipher::{Cipher, Gcm};
use super::keys::{Keys, Label, Profile, derive};
use super::{Opener, Sealer};

fn hex(s: &str) -> Vec<u8> {
    let digits: Vec<u8> = s.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn session_keys_are_derived_as_in_rfc_3711_b_3() {
    let keys = Keys::both(
        Profile::Aes128CmSha1_80,
        &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        &hex("0EC675AD498AFEEBB6960B3AABE6"),
    );
    let derived = |label, len| {
        let mut out = vec![0; len];
        derive(keys.profile, &keys.local, label, &mut out);
        out
    };
    assert_eq!(derived(Label::RtpKey, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(Label::RtpSalt, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let auth = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4";
    assert_eq!(derived(Label::RtpAuth, 20), hex(auth));
}

/// RFC 7714 gives session keys, not master keys, so the ciphers are made from them directly.
fn rfc_7714(key: &str) -> Cipher {
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    Cipher::Gcm(Gcm::from_session_keys(&hex(key), salt))
}

const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn rtp_is_sealed_and_opened_as_in_rfc_7714_16() {
    let clear = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573",
    );
    let sealed = [
        (
            KEY_128,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf \
             8833 899d7f27 beb16a91 52cf765e e4390cce",
        ),
        (
            KEY_256,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 \
             b87b 7aa3db36 dfffd6b0 f9bb7878 d7a76c13",
        ),
    ];
    for (key, expected) in sealed {
        let mut sealer = Sealer::with_cipher(rfc_7714(key));
        let mut packet = clear.clone();
        packet.resize(clear.len() + 16, 0);
        let len = sealer.seal_rtp(&mut packet, 12, clear.len() - 12, 0x5501_a0b2, 0xf17b).unwrap();
        assert_eq!(packet[..len], hex(expected));
        let mut gathered = clear[..12].to_vec();
        gathered.resize(clear.len() + 16, 0);
        let again = sealer.seal_rtp_gather(&mut gathered, 12, &clear[12..], 0x5501_a0b2, 0xf17b);
        assert_eq!(again, None, "the same nonce a second time");
        let mut sealer = Sealer::with_cipher(rfc_7714(key));
        sealer.seal_rtp_gather(&mut gathered, 12, &clear[12..], 0x5501_a0b2, 0xf17b).unwrap();
        assert_eq!(gathered, packet);
        let mut opener = Opener::with_cipher(rfc_7714(key));
        let mut out = Vec::new();
        let opened = opener.open_rtp(&packet, &mut out).unwrap();
        assert_eq!((opened.ssrc, opened.index, opened.header_len), (0x5501_a0b2, 0xf17b, 12));
        assert_eq!(out, clear);
    }
}

#[test]
fn rtcp_is_sealed_and_opened_as_in_rfc_7714_17() {
    let clear = hex(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef \
         deadbeef",
    );
    let sealed = [
        (
            KEY_128,
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded \
             0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            KEY_256,
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047 \
             6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
    ];
    for (key, expected) in sealed {
        let mut sealer = Sealer::with_cipher(rfc_7714(key));
        sealer.set_rtcp_index(0x5d4);
        let mut packet = clear.clone();
        assert!(sealer.seal_rtcp(&mut packet));
        assert_eq!(packet, hex(expected));
        let mut out = Vec::new();
        Opener::with_cipher(rfc_7714(key)).open_rtcp(&packet, &mut out).unwrap();
        assert_eq!(out, clear);
    }
}

/// RFC 3711 gives no whole AES-CM packet; this is the one that SRTP implementations exchange, under the keys of its
/// appendix B.3: payload 16 bytes of 0xab, RTCP index 1.
#[test]
fn aes_cm_packets_are_sealed_and_opened_as_everybody_does() {
    let keys = || {
        Keys::both(
            Profile::Aes128CmSha1_80,
            &hex("e1f97a0d3e018be0d64fa32c06de4139"),
            &hex("0ec675ad498afeebb6960b3aabe6"),
        )
    };
    let clear = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let sealed = hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    let mut sealer = Sealer::new(&keys());
    let mut opener = Opener::new(&keys());
    let mut out = Vec::new();
    let mut packet = clear[..12].to_vec();
    packet.resize(sealed.len(), 0);
    assert_eq!(sealer.seal_rtp_gather(&mut packet, 12, &clear[12..], 0xcafe_babe, 0x1234), Some(sealed.len()));
    assert_eq!(packet, sealed);
    opener.open_rtp(&sealed, &mut out).unwrap();
    assert_eq!(out, clear);

    let clear = hex("81c8000bcafebabe abababababababababababababababab");
    let sealed = hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798");
    sealer.set_rtcp_index(1);
    let mut packet = clear.clone();
    assert!(sealer.seal_rtcp(&mut packet));
    assert_eq!(packet, sealed);
    opener.open_rtcp(&sealed, &mut out).unwrap();
    assert_eq!(out, clear);
}

#[test]
fn what_is_changed_replayed_or_sealed_by_another_does_not_open() {
    for profile in [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80] {
        let material: Vec<u8> = (0..88).collect();
        let material = &material[..2 * (profile.key_len() + profile.salt_len())];
        let keys = |client| Keys::from_dtls(profile, material, client).unwrap();
        let mut sealer = Sealer::new(&keys(false));
        let mut packet = vec![0x80, 96, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3];
        packet.resize(15 + sealer.tag_len(), 0);
        // Index 2^16 - 1, then 2^16 without the counter on the wire.
        sealer.seal_rtp(&mut packet, 12, 3, 9, 0xffff).unwrap();
        let mut next = vec![0x80, 96, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3];
        next.resize(15 + sealer.tag_len(), 0);
        sealer.seal_rtp(&mut next, 12, 3, 9, 0x1_0000).unwrap();

        let mut out = Vec::new();
        let mut opener = Opener::new(&keys(true));
        for bit in 0..packet.len() * 8 {
            let mut changed = packet.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.open_rtp(&changed, &mut out).is_err(), "{profile:?} bit {bit}");
        }
        assert!(opener.open_rtp(&packet, &mut out).unwrap().first);
        assert!(opener.open_rtp(&packet, &mut out).is_err(), "replayed");
        let opened = opener.open_rtp(&next, &mut out).unwrap();
        assert_eq!((opened.index, opened.first), (0x1_0000, false));
        assert!(Opener::new(&keys(false)).open_rtp(&packet, &mut out).is_err(), "our own packet, reflected");
    }
}

#[test]
fn no_index_of_an_ssrc_is_sealed_twice_whatever_the_order() {
    for profile in [Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80] {
        let material: Vec<u8> = (0..88).collect();
        let material = &material[..2 * (profile.key_len() + profile.salt_len())];
        let mut sealer = Sealer::new(&Keys::from_dtls(profile, material, false).unwrap());
        let mut seal = |ssrc, index: u64| {
            let mut packet = [0x80; 64];
            let untouched = packet;
            let sealed = sealer.seal_rtp(&mut packet, 12, 8, ssrc, index);
            assert_eq!(sealed.is_none(), packet == untouched);
            sealed.is_some()
        };
        assert!(seal(1, 70_000) && seal(1, 70_002) && seal(1, 70_001), "late is not twice");
        assert!(!seal(1, 70_000) && !seal(1, 70_001) && !seal(1, 70_002));
        assert!(seal(2, 70_000), "another SSRC is another nonce");
        assert!(seal(1, 80_000));
        assert!(!seal(1, 70_003), "too far back to be sure");
    }
}
