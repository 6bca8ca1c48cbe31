//! Where a room is pulled from: an address as people write it, and the hosts that may be named.

use dial::Url;
use proto::RoomName;

/// A parent for one room, or for all.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    template: String,
    pub token: Option<String>,
    /// Hosts that redirects may lead to; `None` for what the operator wrote, who may go anywhere.
    pub hosts: Option<Vec<String>>,
}

const ROOM: &str = "{room}";
/// Longer than any address that somebody types.
const LEN_MAX: usize = 2048;
/// As long as the longest token that we would read ourselves.
const TOKEN_LEN_MAX: usize = 4096;

impl Target {
    /// The operator's own.
    pub fn parse(url: &str, token: Option<String>) -> Result<Target, String> {
        let target = Target { template: url.to_owned(), token, hosts: None };
        if url.len() > LEN_MAX {
            return Err(format!("the URL is longer than {LEN_MAX} bytes"));
        }
        if target.token.as_ref().is_some_and(|t| t.len() > TOKEN_LEN_MAX || !t.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(format!("the token is not {TOKEN_LEN_MAX} printable characters or less"));
        }
        let sample: RoomName = "room".parse().expect("a room name");
        target.url(&sample)?;
        Ok(target)
    }

    /// One that somebody who may publish in a room has given: its host must be among those that the operator allows.
    pub fn parse_within(url: &str, token: Option<String>, hosts: &[String]) -> Result<Target, String> {
        let target = Target::parse(url, token)?;
        let host = target.host();
        if !is_allowed(&host, hosts) {
            return Err(format!("{host} may not be asked from here; the operator lists hosts in upstream.allow"));
        }
        Ok(Target { hosts: Some(hosts.to_vec()), ..target })
    }

    /// The WHEP endpoint of a room there.
    pub fn url(&self, room: &RoomName) -> Result<Url, String> {
        let is_template = self.template.contains(ROOM);
        let url: Url = self.template.replace(ROOM, room.as_str()).parse().map_err(|e: dial::Error| e.to_string())?;
        let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        Ok(match segments[..] {
            _ if is_template => url,
            // A WHEP address of one room, here or at others: /whep/ROOM, /ROOM/whep.
            [_, .., "whep"] | [.., "whep", _] => url,
            ["whep"] => url.child(room.as_str()),
            _ => url.child("whep").child(room.as_str()),
        })
    }

    /// As it was written, for people.
    pub fn as_str(&self) -> &str {
        &self.template
    }

    pub fn host(&self) -> String {
        let sample: RoomName = "room".parse().expect("a room name");
        self.url(&sample).map(|url| url.host().to_ascii_lowercase()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Target {
    /// The token stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.template)
    }
}

pub fn is_allowed(host: &str, hosts: &[String]) -> bool {
    hosts.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        let room: RoomName = "demo".parse().unwrap();
        for (written, asked) in [
            ("http://parent:8080", "http://parent:8080/whep/demo"),
            ("https://parent/", "https://parent/whep/demo"),
            ("https://parent/live", "https://parent/live/whep/demo"),
            ("https://parent/whep", "https://parent/whep/demo"),
            ("https://parent/whep/other", "https://parent/whep/other"),
            ("http://mediamtx:8889/{room}/whep", "http://mediamtx:8889/demo/whep"),
            ("http://mediamtx:8889/cam/whep", "http://mediamtx:8889/cam/whep"),
            ("https://galene/group/{room}/.whep", "https://galene/group/demo/.whep"),
        ] {
            assert_eq!(Target::parse(written, None).unwrap().url(&room).unwrap().to_string(), asked, "{written}");
        }
        for wrong in ["", "parent:8080", "ftp://parent/", "http://pa rent/"] {
            assert!(Target::parse(wrong, None).is_err(), "{wrong:?}");
        }
        assert!(Target::parse("http://parent", Some("a b".into())).is_err());
    }

    #[test]
    fn a_room_can_only_be_pointed_at_hosts_that_the_operator_names() {
        let hosts = ["parent.example".to_owned()];
        assert!(Target::parse_within("https://Parent.example/whep/x", None, &hosts).is_ok());
        for elsewhere in ["http://169.254.169.254/", "http://parent.example.evil/", "http://localhost/whep/x"] {
            assert!(Target::parse_within(elsewhere, None, &hosts).is_err(), "{elsewhere}");
        }
        assert!(Target::parse_within("http://anywhere/", None, &[]).is_err());
        assert!(Target::parse_within("http://anywhere/", None, &["*".to_owned()]).is_ok());
    }
}
