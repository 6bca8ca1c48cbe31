//! The DTLS identity of a process, and the tap that hands out SRTP keys.
//!
//! str0m keeps the keys of a session to itself, but lets the crypto be replaced: the provider here is `dimpl`, as str0m's
//! own would be, with two differences. All sessions share one `dimpl::Config`, whose construction tests every cipher
//! for 0.9 ms; and each session leaves a copy of its keying material in a slot that its peer reads.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile};
use str0m::crypto::{CryptoError, from_feature_flags};

use crate::Error;
use crate::srtp::{Keys, Profile};

/// The longest DTLS record we send: fits an IPv6 path of 1,280 bytes with its headers.
const DTLS_MTU: usize = 1150;

/// A certificate with its key, and the cipher configuration that all sessions share. Cloning it is cheap.
#[derive(Clone)]
pub struct Identity {
    shared: Arc<Shared>,
}

struct Shared {
    certificate: DtlsCert,
    fingerprint: [u8; 32],
    config: Arc<dimpl::Config>,
    provider: Arc<CryptoProvider>,
}

impl Identity {
    /// Makes a fresh self-signed certificate. Once per process is enough: sessions are told apart by their keys.
    pub fn generate() -> Result<Identity, Error> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|e| Error::Identity(format!("no certificate could be made: {e}")))?;
        let config = dimpl::Config::builder()
            // ICE has shown that the address answers before the first DTLS byte is read, so the cookie is a lost round trip.
            .use_server_cookie(false)
            .mtu(DTLS_MTU)
            .build()
            .map_err(|e| Error::Identity(format!("the cipher configuration does not work: {e}")))?;
        let fingerprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate.certificate);
        let shared = Shared {
            fingerprint: fingerprint.as_ref().try_into().expect("SHA-256 is 32 bytes"),
            certificate,
            config: Arc::new(config),
            provider: provider(),
        };
        Ok(Identity { shared: Arc::new(shared) })
    }

    /// The value of `a=fingerprint:sha-256` in SDP.
    pub fn fingerprint(&self) -> String {
        let hex: Vec<String> = self.shared.fingerprint.iter().map(|b| format!("{b:02X}")).collect();
        hex.join(":")
    }

    pub(crate) fn certificate(&self) -> DtlsCert {
        self.shared.certificate.clone()
    }

    pub(crate) fn provider(&self) -> Arc<CryptoProvider> {
        self.shared.provider.clone()
    }

    /// Runs `build`, which makes exactly one `Rtc`, so that its session uses this identity and reports its keys here.
    pub(crate) fn tapped<T>(&self, build: impl FnOnce() -> T) -> (T, KeySlot) {
        let slot = KeySlot::default();
        NEXT.with(|next| *next.borrow_mut() = Some((self.shared.config.clone(), slot.clone())));
        let built = build();
        NEXT.with(|next| *next.borrow_mut() = None);
        (built, slot)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint())
    }
}

/// Where one session leaves its keys. The peer and the DTLS instance it owns share it, so the lock is never contended.
#[derive(Clone, Default)]
pub(crate) struct KeySlot(Arc<Mutex<Option<Keys>>>);

impl KeySlot {
    pub(crate) fn take(&self) -> Option<Keys> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    fn put(&self, keys: Keys) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(keys);
    }
}

thread_local! {
    // The provider is a `&'static` without state of its own, so what a new session needs is handed over on the side,
    // for the duration of one call on one thread.
    static NEXT: RefCell<Option<(Arc<dimpl::Config>, KeySlot)>> = const { RefCell::new(None) };
}

fn provider() -> Arc<CryptoProvider> {
    static TAP: TapProvider = TapProvider;
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(CryptoProvider { dtls_provider: &TAP, ..from_feature_flags() })).clone()
}

#[derive(Debug)]
struct TapProvider;

impl DtlsProvider for TapProvider {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        dimpl::certificate::generate_self_signed_certificate().ok()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        _mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let Some((config, slot)) = NEXT.with(|next| next.borrow_mut().take()) else {
            return Err(CryptoError::Other("a session was built outside Identity::tapped".into()));
        };
        // Only 1.2: dimpl's 1.2 server picks AES-GCM whatever the order of the client, its 1.3 server follows the
        // client, and browsers put AES-CM, which costs four times as much, first.
        if version != DtlsVersion::Dtls12 {
            return Err(CryptoError::Other(format!("{version} is not used here")));
        }
        Ok(Box::new(Tap { dtls: dimpl::Dtls::new_12(config, certificate.clone(), now), slot }))
    }
}

struct Tap {
    dtls: dimpl::Dtls,
    slot: KeySlot,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl DtlsInstance for Tap {
    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.dtls.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let client = self.dtls.is_active();
        match self.dtls.poll_output(buf) {
            DtlsOutput::KeyingMaterial(material, profile) => {
                let ours = match profile {
                    SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
                    SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
                    SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmSha1_80),
                    _ => None,
                };
                if let Some(keys) = ours.and_then(|ours| Keys::from_dtls(ours, &material, client)) {
                    self.slot.put(keys);
                }
                DtlsOutput::KeyingMaterial(KeyingMaterial::new(&material), profile)
            }
            other => other,
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}
