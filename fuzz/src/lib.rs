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
    ("aliases", signal::fuzz::fuzz_aliases),
    ("bearer", signal::fuzz::fuzz_bearer),
    ("demux_stun", transport::fuzz::fuzz_demux_stun),
    ("fragment", transport::fuzz::fuzz_fragment),
    ("if_match", signal::fuzz::fuzz_if_match),
    ("location", loadgen::fuzz::fuzz_location),
    ("offer", transport::fuzz::fuzz_offer),
    ("profile", netsim::fuzz::fuzz_profile),
    ("rtcp", transport::fuzz::fuzz_rtcp),
    ("srtcp", transport::fuzz::fuzz_srtcp),
];

pub mod mutate;
