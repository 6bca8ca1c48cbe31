//! What a node says when it can take sessions: one line for scripts, and for a person how to begin.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How this node can be reached, and whether a token is asked for.
#[derive(Debug)]
pub struct Greeting {
    /// Where HTTP is served, the port resolved.
    pub http: SocketAddr,
    /// A token for the room of the examples; none where programs of this machine need none.
    pub token: Option<String>,
    /// Nobody needs a token, from anywhere.
    pub open: bool,
}

/// The room of the examples.
pub const ROOM: &str = "demo";

impl Greeting {
    /// `http://…` as this machine reaches it: an address that means "all of them" cannot be typed into a browser.
    pub fn url(&self) -> String {
        let ip = match self.http.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.http.port()))
    }

    /// The line that scripts wait for.
    pub fn ready(&self) -> String {
        format!("ready {}\n", self.url())
    }

    /// How to publish and watch, for a terminal.
    pub fn help(&self) -> String {
        let url = self.url();
        let mut text = String::new();
        // In the fragment a token reaches no server's log.
        let (page_token, obs, ffmpeg) = match &self.token {
            Some(token) => (format!("#token={token}"), "Bearer Token: the one above", " -authorization $WEIR_TOKEN"),
            None => (String::new(), "no Bearer Token", ""),
        };
        if self.open {
            text += "\n  !! EVERYBODY who reaches this node may publish and watch: auth.mode is \"open\". !!\n";
        } else if self.token.is_none() {
            text += "\n  !! Sessions need no token here: only programs and pages of this machine can connect. !!\n";
        }
        let _ = write!(
            text,
            "
  Go live      {url}/live/{ROOM}{page_token}
  Watch        {url}/watch/{ROOM}{page_token}
"
        );
        if let Some(token) = &self.token {
            let _ = writeln!(text, "  Token        export WEIR_TOKEN={token}");
            let _ = writeln!(
                text,
                "               publishes and watches in room {ROOM} for a day; more: weir token create --help"
            );
        }
        let _ = write!(
            text,
            "  OBS          Settings > Stream: Service WHIP, Server {url}/whip/{ROOM}, {obs}
               Output: x264, keyframe interval 2 s, profile baseline, tune zerolatency (no B-frames)
  ffmpeg       ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 \\
               -c:v libx264 -profile:v baseline -pix_fmt yuv420p -tune zerolatency -b:v 2500k -g 60 \\
               -c:a libopus -ar 48000 -ac 2 -b:a 96k -f whip{ffmpeg} {url}/whip/{ROOM}
  Stop         Ctrl-C waits for running sessions; Ctrl-C again ends at once

"
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(http: &str, token: Option<&str>) -> Greeting {
        Greeting { http: http.parse().unwrap(), token: token.map(str::to_owned), open: false }
    }

    #[test]
    fn the_url_can_be_typed_into_a_browser_of_this_machine() {
        for (bound, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(greeting(bound, None).ready(), format!("ready {url}\n"));
        }
    }

    #[test]
    fn a_token_is_shown_where_one_is_needed_and_its_absence_is_said_loudly_where_not() {
        let closed = greeting("0.0.0.0:8080", Some("abc.def")).help();
        assert_eq!(closed.matches("abc.def").count(), 3, "{closed}");
        assert!(!closed.contains("!!"));
        assert!(greeting("127.0.0.1:8080", None).help().contains("!! Sessions need no token"));
        let open = Greeting { open: true, ..greeting("0.0.0.0:8080", None) }.help();
        assert!(open.contains("!! EVERYBODY"), "{open}");
    }
}
