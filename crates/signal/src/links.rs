//! `Link` headers: the ICE servers (RFC 9725), one per URL, and what a viewer's session can do beyond WHEP itself.

use axum::http::HeaderValue;

use crate::events::Events;
use crate::settings::IceServer;

pub fn ice_servers(servers: &[IceServer]) -> Vec<HeaderValue> {
    // `IceServer` holds printable ASCII only, so none is lost here.
    servers.iter().filter_map(|server| HeaderValue::from_str(&link(server)).ok()).collect()
}

/// The URL stands as it is: percent-escaping its `?` and `:` would make it another URL.
fn link(server: &IceServer) -> String {
    let mut text = format!("<{}>; rel=\"ice-server\"", server.url);
    if let Some((username, credential)) = &server.login {
        text += &format!(
            "; username=\"{}\"; credential=\"{}\"; credential-type=\"password\"",
            escaped(username),
            escaped(credential)
        );
    }
    text
}

/// The extensions of the WHEP session at this location.
pub fn extensions(session: &str) -> [String; 2] {
    let rel = "urn:ietf:params:whep:ext:core";
    [
        format!("<{session}/sse>; rel=\"{rel}:server-sent-events\"; events=\"{}\"", Events::attribute()),
        format!("<{session}/layer>; rel=\"{rel}:layer\""),
    ]
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_one_url_and_escapes_what_would_end_its_quotes() {
        let servers = [
            IceServer::stun("stun:stun.example.net").unwrap(),
            IceServer::turn("turn:turn.example.net?transport=udp", "ann", r#"a"b\c"#).unwrap(),
        ];
        let links = ice_servers(&servers);
        assert_eq!(links[0], r#"<stun:stun.example.net>; rel="ice-server""#);
        assert_eq!(
            links[1],
            r#"<turn:turn.example.net?transport=udp>; rel="ice-server"; username="ann"; credential="a\"b\\c"; credential-type="password""#
        );
    }
}
