//! `Link` headers that name the ICE servers (RFC 9725), one per URL.

use axum::http::HeaderValue;

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
