//! Another server's answer to an offer of ours, read within the same bounds as an offer.
//!
//! The server is somebody the operator trusts with pictures, not with this process: what it says is parsed as carefully.

use std::net::SocketAddr;

use crate::Error;
use crate::fragment::usable_address;
use crate::offer::{Offer, Section};

/// A server names its interfaces and perhaps a relay. Checks go to each, so this bounds what an answer can make us send.
const ADDRESSES_MAX: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub(crate) description: Offer,
    /// Where the server says it can be reached, in its order.
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Reply {
    pub fn parse(sdp: &str) -> Result<Reply, Error> {
        // Offer and answer have one grammar; what differs is which of it is asked for later.
        let description = Offer::parse(sdp)?;
        let mut addresses = Vec::new();
        for address in sdp.lines().filter_map(|line| usable_address(line.strip_prefix("a=")?)) {
            if !addresses.contains(&address) && addresses.len() < ADDRESSES_MAX {
                addresses.push(address);
            }
        }
        Ok(Reply { description, addresses })
    }

    /// What the server sends: accepted sections of media that flow towards us.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &Section> {
        self.description.sections.iter().filter(|section| section.port != 0 && section.sends())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=inactive\r\n\
        m=video 7000 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\n\
        a=candidate:2 1 tcp 1 192.0.2.1 9 typ host\r\na=candidate:3 1 udp 1 x.local 7000 typ host\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n\
        a=rtpmap:96 VP8/90000\r\na=setup:passive\r\na=fingerprint:sha-256 \
        00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";

    #[test]
    fn what_a_server_sends_and_where_it_is_are_read_and_the_rest_is_left() {
        let reply = Reply::parse(ANSWER).unwrap();
        assert_eq!(reply.addresses, ["192.0.2.1:7000".parse().unwrap()]);
        let mids: Vec<_> = reply.sections().filter_map(|section| section.mid).collect();
        assert_eq!(mids, [crate::Mid::new("0").unwrap()]);
    }

    #[test]
    fn an_answer_cannot_make_us_check_addresses_without_end() {
        let lines: String = (0..40).map(|n| format!("a=candidate:{n} 1 udp 1 192.0.2.{n} 7000 typ host\r\n")).collect();
        assert_eq!(Reply::parse(&format!("{ANSWER}{lines}")).unwrap().addresses.len(), ADDRESSES_MAX);
    }
}
