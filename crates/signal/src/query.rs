//! Reading one value of a URL's query. Values come back as written, still escaped: the ones we look for (tokens, room
//! names) never need escaping, and what does is not one of them.

pub fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| match pair.split_once('=') {
        Some((key, value)) if key == name => Some(value),
        None if pair == name => Some(""),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_found_by_its_whole_name() {
        assert_eq!(super::value("a=1&room=demo&room=x", "room"), Some("demo"));
        assert_eq!(super::value("classroom=1", "room"), None);
        assert_eq!(super::value("room", "room"), Some(""));
        assert_eq!(super::value("", "room"), None);
    }
}
