//! The examples of `docs/client-protocol.md` are packets, and there is one of each.

use std::collections::BTreeSet;

use proto::meeting::{self, ServerPacket};

const PAGE: &str = include_str!("../../../docs/client-protocol.md");

/// The lines of JSON below each `<!-- side -->`.
fn examples(side: &str) -> Vec<&'static str> {
    let blocks = PAGE.split(&format!("<!-- {side} -->\n```json\n")).skip(1).collect::<Vec<_>>();
    blocks.into_iter().flat_map(|block| block.split("```").next().unwrap_or_default().lines()).collect()
}

fn name(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    value["content_type"].as_str().unwrap().to_owned()
}

/// The names of an enum's variants, as the generated TypeScript has them.
fn all(of: &str) -> BTreeSet<String> {
    let types = include_str!("../../../web/src/protocol/generated/meeting.ts");
    let (_, body) = types.split_once(&format!("export type {of} =")).expect("the type is generated");
    let body = body.split("export type").next().unwrap_or_default();
    let names = body.split(r#""content_type": ""#).skip(1);
    names.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_packet_of_a_client_has_an_example_that_is_understood() {
    let mut seen = BTreeSet::new();
    for text in examples("client") {
        let packet = meeting::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(packet.body.name(), name(text));
        seen.insert(name(text));
    }
    assert_eq!(seen, all("ClientBody"));
}

#[test]
fn every_packet_of_the_server_has_an_example_that_says_all_of_it() {
    let mut seen = BTreeSet::new();
    for text in examples("server") {
        let packet: ServerPacket = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let written: serde_json::Value = serde_json::to_value(&packet).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap(), "nothing in it is made up");
        seen.insert(name(text));
    }
    assert_eq!(seen, all("ServerBody"));
}
