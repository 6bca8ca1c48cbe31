//! The only `unsafe` of this crate: AES-GCM with its key schedule at a place that we know, and a hint to the processor.
//!
//! A fan-out seals for thousands of keys in turn, half a kilobyte each, and waits for memory longer than for anything but the
//! cipher itself. Whoever knows whose turn is next can have its key brought ([`prefetch`]); for that it has to lie in a value of
//! ours, and not behind two pointers of a library's.

use aws_lc_sys as lc;

pub(crate) const TAG_LEN: usize = 16;
pub(crate) const NONCE_LEN: usize = 12;

/// An expanded AES-128 or AES-256 key with its table for GCM. Lives and dies in its box: it is never moved once made.
pub(crate) struct GcmKey {
    context: lc::EVP_AEAD_CTX,
}

// SAFETY: the context is plain memory that belongs to this value alone; AWS-LC ties it to no thread, and sealing and opening
// read it only (they take a pointer to const).
unsafe impl Send for GcmKey {}
// SAFETY: as above: nothing writes to it between its making and its end.
unsafe impl Sync for GcmKey {}

impl GcmKey {
    /// # Panics
    /// When the key is not 16 or 32 bytes long.
    pub(crate) fn new(key: &[u8]) -> Box<GcmKey> {
        assert!(matches!(key.len(), 16 | 32), "an AES-GCM key of this crate's profiles");
        // SAFETY: zeroes are a value of this C struct of integers, pointers and bytes; it is what EVP_AEAD_CTX_zero makes.
        let mut made = Box::new(GcmKey { context: unsafe { std::mem::zeroed() } });
        // SAFETY: the algorithm is a constant of the library, the context a zeroed one that stays where it is, and the key is read
        // for the length given, which is the algorithm's.
        let done = unsafe {
            let algorithm = if key.len() == 16 { lc::EVP_aead_aes_128_gcm() } else { lc::EVP_aead_aes_256_gcm() };
            let (key, len) = (key.as_ptr(), key.len());
            lc::EVP_AEAD_CTX_init(&raw mut made.context, algorithm, key, len, TAG_LEN, std::ptr::null_mut())
        };
        assert_eq!(done, 1, "AWS-LC expands every key of the right length");
        made
    }

    /// Encrypts `text` into `out`, which is as long, and writes the tag over both `aad` and text.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) {
        assert_eq!(text.len(), out.len(), "the cipher writes as much as it reads");
        self.scatter(nonce, aad, text.as_ptr(), out.as_mut_ptr(), text.len(), tag);
    }

    /// The same in place.
    pub(crate) fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) {
        let at = text.as_mut_ptr();
        self.scatter(nonce, aad, at, at, text.len(), tag);
    }

    fn scatter(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: *const u8,
        out: *mut u8,
        len: usize,
        tag: &mut [u8; TAG_LEN],
    ) {
        let mut tag_len = 0;
        // SAFETY: both callers pass `len` bytes to read at `text` and to write at `out`, which are the same or do not overlap (one is
        // borrowed mutably); nonce, data and tag are borrowed for the call with the lengths given; the context is initialised.
        let done = unsafe {
            lc::EVP_AEAD_CTX_seal_scatter(
                &raw const self.context,
                out,
                tag.as_mut_ptr(),
                &raw mut tag_len,
                TAG_LEN,
                nonce.as_ptr(),
                NONCE_LEN,
                text,
                len,
                std::ptr::null(),
                0,
                aad.as_ptr(),
                aad.len(),
            )
        };
        assert!(done == 1 && tag_len == TAG_LEN, "the lengths match and are far below the limit of GCM");
    }

    /// Decrypts `text` into `out`, which is as long. False when the tag is wrong; `out` is then zeros.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &[u8],
        tag: &[u8; TAG_LEN],
        out: &mut [u8],
    ) -> bool {
        assert_eq!(text.len(), out.len(), "the cipher writes as much as it reads");
        // SAFETY: every pointer is that of a slice borrowed for the call, with its length; `out` is as long as `text` and overlaps
        // nothing, being borrowed mutably; the context is initialised.
        let done = unsafe {
            lc::EVP_AEAD_CTX_open_gather(
                &raw const self.context,
                out.as_mut_ptr(),
                nonce.as_ptr(),
                NONCE_LEN,
                text.as_ptr(),
                text.len(),
                tag.as_ptr(),
                TAG_LEN,
                aad.as_ptr(),
                aad.len(),
            )
        };
        done == 1
    }
}

impl Drop for GcmKey {
    fn drop(&mut self) {
        // SAFETY: the context was initialised by `new`, and nobody uses it after this.
        unsafe { lc::EVP_AEAD_CTX_cleanup(&raw mut self.context) }
    }
}

/// Asks the processor to bring `value` near, at most its first ten cache lines. A hint: it changes nothing but time.
#[inline]
pub fn prefetch<T: ?Sized>(value: &T) {
    const LINE: usize = 64;
    const LINES_MAX: usize = 10;
    #[cfg(target_arch = "x86_64")]
    for line in 0..size_of_val(value).div_ceil(LINE).min(LINES_MAX) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = (&raw const *value).cast::<i8>().wrapping_add(line * LINE);
        // SAFETY: a prefetch reads nothing that the program could see, and does not fault whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (value, LINE, LINES_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_nothing_else_does() {
        for len in [16, 32] {
            let key = GcmKey::new(&vec![7; len]);
            let (nonce, aad, text) = ([1; 12], [2; 12], [3; 1200]);
            let (mut sealed, mut tag) = ([0; 1200], [0; 16]);
            key.seal(&nonce, &aad, &text, &mut sealed, &mut tag);
            let (mut place, mut other) = (text, [0; 16]);
            key.seal_in_place(&nonce, &aad, &mut place, &mut other);
            assert_eq!((place, other), (sealed, tag));
            let mut clear = [0; 1200];
            assert!(key.open(&nonce, &aad, &sealed, &tag, &mut clear));
            assert_eq!(clear, text);
            assert!(!key.open(&nonce, &[9; 12], &sealed, &tag, &mut clear));
            sealed[600] ^= 1;
            assert!(!key.open(&nonce, &aad, &sealed, &tag, &mut clear));
        }
    }

    #[test]
    #[should_panic(expected = "as much as it reads")]
    fn room_that_is_too_small_is_a_bug_and_not_an_overrun() {
        GcmKey::new(&[0; 16]).seal(&[0; 12], &[], &[0; 10], &mut [0; 9], &mut [0; 16]);
    }

    #[test]
    fn any_value_may_be_prefetched() {
        prefetch(&[0u8; 10_000][..]);
        prefetch::<[u8]>(&[]);
        prefetch(&1u8);
    }
}
