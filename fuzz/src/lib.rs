//! Every parser of outside bytes, by name.
//!
//! A crate exports `fuzz_NAME(&[u8])` for each: it must not panic, and asserts what has to hold (what was written reads
//! back, what is bounded stays bounded). The table below is used twice: by the replay of the committed corpora in
//! `tests/replay.rs`, on a stable compiler and in every `make test`, and by libFuzzer in `libfuzzer/`, which is a
//! workspace of its own because its instrumentation would force a second build of everything else.
//! That no parser is missing here is a house rule (`xtask tidy`).

/// A parser: it returns when the input was handled, well or refused, and panics when something is wrong with it.
pub type Parse = fn(&[u8]);

/// The name of a target is the name of its folder in `corpus/` and of its file in `libfuzzer/targets/`.
pub const TARGETS: &[(&str, Parse)] = &[
    ("admin", signal::fuzz::fuzz_admin),
    ("aliases", signal::fuzz::fuzz_aliases),
    ("annexb", media::fuzz::fuzz_annexb),
    ("assemble", media::fuzz::fuzz_assemble),
    ("av1", media::fuzz::fuzz_av1),
    ("bearer", signal::fuzz::fuzz_bearer),
    ("bwe", transport::fuzz::fuzz_bwe),
    ("capture", media::fuzz::fuzz_capture),
    ("clip", media::fuzz::fuzz_clip),
    ("dd", media::fuzz::fuzz_dd),
    ("demux_stun", transport::fuzz::fuzz_demux_stun),
    ("ext", media::fuzz::fuzz_ext),
    ("fragment", transport::fuzz::fuzz_fragment),
    ("ftl_handshake", ftl::fuzz::fuzz_ftl_handshake),
    ("ftl_stream", ftl::fuzz::fuzz_ftl_stream),
    ("h264", media::fuzz::fuzz_h264),
    ("h265", media::fuzz::fuzz_h265),
    ("if_match", signal::fuzz::fuzz_if_match),
    ("ivf", media::fuzz::fuzz_ivf),
    ("location", dial::fuzz::fuzz_location),
    ("message", proto::fuzz::fuzz_message),
    ("offer", transport::fuzz::fuzz_offer),
    ("ogg", media::fuzz::fuzz_ogg),
    ("opus", media::fuzz::fuzz_opus),
    ("packet", proto::fuzz::fuzz_packet),
    ("path", signal::fuzz::fuzz_path),
    ("people", signal::fuzz::fuzz_people),
    ("profile", netsim::fuzz::fuzz_profile),
    ("red", media::fuzz::fuzz_red),
    ("reply", transport::fuzz::fuzz_reply),
    ("rtcp", transport::fuzz::fuzz_rtcp),
    ("rtp", media::fuzz::fuzz_rtp),
    ("srtcp", transport::fuzz::fuzz_srtcp),
    ("vp8", media::fuzz::fuzz_vp8),
    ("vp9", media::fuzz::fuzz_vp9),
    ("wishes", signal::fuzz::fuzz_wishes),
];

pub mod mutate;
