//! Entry points for the fuzzers: what a server under test can send us.

use crate::Url;

/// A `Location` header, joined to where it came from: an error or a URL that reads as itself.
pub fn fuzz_location(data: &[u8]) {
    let Ok(location) = std::str::from_utf8(data) else { return };
    let base: Url = "https://[::1]:8443/whip/demo?a=b".parse().expect("a URL");
    if let Ok(url) = base.join(location) {
        let again: Url = url.to_string().parse().expect("a URL reads as it was written");
        assert_eq!(again, url);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_location_panics_the_client(location in "[a-z:/?#.\\[\\]@%&-]{0,30}|\\PC{0,40}") {
            super::fuzz_location(location.as_bytes());
        }
    }
}
