//! Rust source reduced to what runs in production: no comments, no strings, no tests. Good enough to look for names
//! in; it is not a parser.

/// The same text, line for line, with comments and the insides of strings blanked out and everything under
/// `#[cfg(test)]` left out.
pub fn production(text: &str) -> String {
    without_tests(&without_comments(text))
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string_hashes(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if c == '"' {
            string_end(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            // The one character literal that would look like the start of a string.
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else {
            0
        };
        if skip == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
            out.push(' ');
            rest = &rest[skip..];
        }
    }
    out
}

fn raw_string_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn without_tests(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item);
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Where the item that starts here ends: after its `;`, or after the brace that closes its body.
fn item_end(item: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in item.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

/// Whether `name` (which may hold `::`) stands in `text` as whole words.
pub fn mentions(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(word) && !text[at + name.len()..].chars().next().is_some_and(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let text = "//! SystemTime::now\nfn a() { let s = \"UdpSocket \\\" still\"; } /* Instant::now */\n\
                    #[cfg(test)]\nmod tests { fn b() { Instant::now(); } }\nfn c() {}\n";
        let left = production(text);
        assert!(!left.contains("Instant") && !left.contains("UdpSocket") && !left.contains("SystemTime"), "{left}");
        assert!(left.contains("fn a()") && left.contains("fn c()"), "{left}");
        assert_eq!(left.lines().count(), text.lines().count(), "line numbers stay");
    }

    #[test]
    fn raw_strings_and_quote_characters_do_not_swallow_code() {
        let left = production("let a = r#\"x \" Instant\"#; let q = '\"'; Instant::now();");
        assert_eq!(left.matches("Instant").count(), 1, "{left}");
    }

    #[test]
    fn a_module_of_tests_in_its_own_file_is_one_item() {
        assert!(production("#[cfg(test)]\nmod tests;\nfn kept() {}").contains("kept"));
    }

    #[test]
    fn names_match_as_whole_words() {
        assert!(mentions("std::env::var", "std::env"));
        assert!(!mentions("std::envelope", "std::env"));
        assert!(!mentions("MyInstant::now()", "Instant::now"));
    }
}
