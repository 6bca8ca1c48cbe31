//! Reading one value of a URL's query. Values come back as written, still escaped: most that we look for (tokens, room
//! names) never need escaping, and [`decoded`] is for the others.

pub fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| match pair.split_once('=') {
        Some((key, value)) if key == name => Some(value),
        None if pair == name => Some(""),
        _ => None,
    })
}

/// A value that may hold more than letters, without its escapes; `None` when what comes out is no text.
pub fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_are_read_and_broken_ones_refused() {
        assert_eq!(super::decoded("a%2C*+%c3%9F").as_deref(), Some("a,* ß"));
        for broken in ["%", "%2", "%zz", "%ff", "a%+1"] {
            assert_eq!(super::decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        assert_eq!(super::value("a=1&room=demo&room=x", "room"), Some("demo"));
        assert_eq!(super::value("classroom=1", "room"), None);
        assert_eq!(super::value("room", "room"), Some(""));
        assert_eq!(super::value("", "room"), None);
    }
}
