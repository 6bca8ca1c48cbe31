//! Reading an answer's sections, and bending a good offer into a bad one.

/// The media sections, each with its m-line first. Session lines are left out.
pub fn sections(sdp: &str) -> Vec<&str> {
    let starts: Vec<usize> =
        sdp.match_indices("m=").map(|(at, _)| at).filter(|&at| at == 0 || sdp.as_bytes()[at - 1] == b'\n').collect();
    let ends = starts.iter().skip(1).copied().chain([sdp.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &sdp[start..end]).collect()
}

pub fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|candidate| candidate.trim_end() == line)
}

pub fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(name)).map(str::trim)
}

/// Neither refused (port 0) nor a data channel.
pub fn is_accepted_media(section: &str) -> bool {
    let mut words = section.lines().next().unwrap_or_default().split(' ');
    let kind = words.next().unwrap_or_default();
    matches!(kind, "m=audio" | "m=video") && words.next() != Some("0") && !has_line(section, "a=inactive")
}

/// Every direction in the offer becomes `direction`.
pub fn with_direction(offer: &str, direction: &str) -> String {
    let mut text = offer.to_owned();
    for old in ["sendonly", "recvonly", "sendrecv", "inactive"] {
        text = text.replace(&format!("a={old}\r\n"), &format!("a={direction}\r\n"));
    }
    text
}

/// The last section once more, under another mid.
pub fn with_doubled_section(offer: &str) -> String {
    let Some(last) = sections(offer).last().copied() else { return offer.to_owned() };
    let Some(mid) = values(last, "a=mid:").next() else { return offer.to_owned() };
    let copy = last.replace(&format!("a=mid:{mid}\r\n"), "a=mid:zz\r\n");
    let group = format!("a=group:BUNDLE {}", values(offer, "a=group:BUNDLE ").next().unwrap_or_default());
    offer.replace(&group, &format!("{group} zz")) + &copy
}

/// The candidates of the offer replaced by one that cannot be used as it is.
pub fn with_only_candidate(offer: &str, candidate: &str) -> String {
    let mut text = String::new();
    for line in offer.lines().filter(|line| !line.starts_with("a=candidate:")) {
        text.push_str(line);
        text.push_str("\r\n");
        if line.starts_with("a=mid:") {
            text.push_str(candidate);
            text.push_str("\r\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\na=group:BUNDLE 0 1\r\nm=audio 9 X 111\r\na=mid:0\r\na=sendonly\r\na=candidate:1\r\nm=video 9 X 96\r\na=mid:1\r\na=sendonly\r\n";

    #[test]
    fn an_offer_is_cut_into_its_sections() {
        let sections = sections(OFFER);
        assert_eq!(sections.len(), 2);
        assert!(sections[0].starts_with("m=audio") && sections[0].ends_with("a=candidate:1\r\n"));
        assert!(is_accepted_media(sections[1]) && !is_accepted_media("m=video 0 X 96\r\n"));
    }

    #[test]
    fn an_offer_is_bent_where_it_is_meant_to_be() {
        assert_eq!(with_direction(OFFER, "recvonly").matches("a=recvonly").count(), 2);
        let doubled = with_doubled_section(OFFER);
        assert!(doubled.contains("BUNDLE 0 1 zz") && doubled.matches("m=video").count() == 2);
        let only = with_only_candidate(OFFER, "a=candidate:9");
        assert_eq!((only.matches("a=candidate:1").count(), only.matches("a=candidate:9").count()), (0, 2));
    }
}
