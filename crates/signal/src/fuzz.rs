//! Entry points for the fuzzer, one per parser of outside bytes.

pub fn fuzz_if_match(data: &[u8]) {
    crate::if_match::fuzz(data);
}

pub fn fuzz_bearer(data: &[u8]) {
    crate::auth::fuzz(data);
}

pub fn fuzz_aliases(data: &[u8]) {
    crate::aliases::fuzz(data);
}

pub fn fuzz_path(data: &[u8]) {
    crate::path::fuzz(data);
}

/// The JSON that the holder of a session posts about it: where to go, which layer, which events.
pub fn fuzz_wishes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    crate::switch::fuzz(text);
    crate::layer::fuzz(text);
    crate::events::fuzz(text);
}

/// What requests about accounts and meetings are read from: bodies, cookies, and the host.
pub fn fuzz_people(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    crate::people::fuzz(text);
}

/// What an administrator asks about events and says to whom they remove, and what a webhook's receiver says about coming back.
pub fn fuzz_admin(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    crate::admin::fuzz(text);
    crate::webhooks::fuzz(text);
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_bytes_break_no_parser() {
        let corpus: &[&[u8]] = &[
            b"",
            b"*",
            b"W/",
            b"\"",
            b"W/\"a\",,",
            b"Bearer ",
            b"access_token=",
            b"/pub//",
            b"/sub?room",
            b"\xff\xfe",
            b",,,",
            b"0000000000000001,ffffffffffffffff",
        ];
        for data in corpus {
            super::fuzz_if_match(data);
            super::fuzz_bearer(data);
            super::fuzz_aliases(data);
            super::fuzz_path(data);
            super::fuzz_wishes(data);
            super::fuzz_people(data);
            super::fuzz_admin(data);
        }
    }
}
