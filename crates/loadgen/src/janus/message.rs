//! What is said to a Janus and what it answers, as JSON (its "Janus protocol", REST flavour, and the VideoRoom plugin's).

use serde_json::{Value, json};

/// The plugin's own errors that are none for us.
const ROOM_EXISTS: u64 = 427;

/// The one publisher of a room calls itself this, so that viewers need not ask.
const FEED: u64 = 1;

/// An answer or an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, with the id of what was created, if something was.
    Success {
        id: Option<u64>,
    },
    /// The answer will come as an event.
    Ack,
    Event(Event),
    /// Somebody hung up, media flows, nothing happened: not asked for.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Of the request that it answers; empty in others.
    pub transaction: String,
    pub sdp: Option<String>,
}

impl Reply {
    /// The error is what Janus or the plugin says, in its words.
    pub fn read(body: &[u8]) -> Result<Reply, String> {
        let value: Value = serde_json::from_slice(body).map_err(|_| "its answer is no JSON".to_owned())?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let data = &value["plugindata"]["data"];
        match data["error_code"].as_u64() {
            None | Some(ROOM_EXISTS) => {}
            Some(code) => return Err(format!("{} ({code})", text(&data["error"]))),
        }
        Ok(match value["janus"].as_str() {
            Some("success") => Reply::Success { id: value["data"]["id"].as_u64() },
            Some("ack") => Reply::Ack,
            Some("event") => Reply::Event(Event {
                transaction: text(&value["transaction"]),
                sdp: value["jsep"]["sdp"].as_str().map(str::to_owned),
            }),
            Some("error") => return Err(format!("{} ({})", text(&value["error"]["reason"]), value["error"]["code"])),
            _ => Reply::Other,
        })
    }
}

pub fn create(transaction: &str) -> Value {
    json!({ "janus": "create", "transaction": transaction })
}

pub fn attach(transaction: &str) -> Value {
    json!({ "janus": "attach", "plugin": "janus.plugin.videoroom", "transaction": transaction })
}

pub fn keepalive(transaction: &str) -> Value {
    json!({ "janus": "keepalive", "transaction": transaction })
}

pub fn destroy(transaction: &str) -> Value {
    json!({ "janus": "destroy", "transaction": transaction })
}

/// No limit on the bit rate: what is sent is the load generator's business. All codecs that it can send.
pub fn create_room(transaction: &str, room: &str) -> Value {
    let body = json!({
        "request": "create", "room": number_of(room), "publishers": 1, "bitrate": 0,
        "audiocodec": "opus", "videocodec": "vp8,h264,vp9,av1",
    });
    message(transaction, body, None)
}

pub fn publish(transaction: &str, room: &str, offer: &str) -> Value {
    let body = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": number_of(room), "id": FEED });
    message(transaction, body, Some(("offer", offer)))
}

pub fn subscribe(transaction: &str, room: &str) -> Value {
    let streams = [json!({ "feed": FEED })];
    let body = json!({ "request": "join", "ptype": "subscriber", "room": number_of(room), "streams": streams });
    message(transaction, body, None)
}

pub fn start(transaction: &str, answer: &str) -> Value {
    message(transaction, json!({ "request": "start" }), Some(("answer", answer)))
}

fn message(transaction: &str, body: Value, sdp: Option<(&str, &str)>) -> Value {
    let mut message = json!({ "janus": "message", "transaction": transaction, "body": body });
    if let Some((kind, sdp)) = sdp {
        // All candidates are in it.
        message["jsep"] = json!({ "type": kind, "sdp": sdp, "trickle": false });
    }
    message
}

/// Rooms have numbers there, up to 2^53 to be safe with everybody's JSON: FNV-1a of the name.
fn number_of(room: &str) -> u64 {
    let hash = room
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash >> 11 | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_what_was_created_and_what_comes_later() {
        let created = br#"{"janus":"success","transaction":"1","data":{"id":7362351}}"#;
        assert_eq!(Reply::read(created), Ok(Reply::Success { id: Some(7_362_351) }));
        let room = br#"{"janus":"success","session_id":1,"transaction":"3","sender":2,
            "plugindata":{"plugin":"janus.plugin.videoroom","data":{"videoroom":"created","room":5}}}"#;
        assert_eq!(Reply::read(room), Ok(Reply::Success { id: None }));
        assert_eq!(Reply::read(br#"{"janus":"ack","session_id":1,"transaction":"4"}"#), Ok(Reply::Ack));
        assert_eq!(Reply::read(br#"{"janus":"keepalive"}"#), Ok(Reply::Other));
        assert_eq!(Reply::read(br#"{"janus":"webrtcup","session_id":1,"sender":2}"#), Ok(Reply::Other));
    }

    #[test]
    fn an_event_names_its_request_and_brings_a_description() {
        let attached = br#"{"janus":"event","session_id":1,"transaction":"5","sender":2,
            "plugindata":{"plugin":"janus.plugin.videoroom","data":{"videoroom":"attached","room":5,"streams":[]}},
            "jsep":{"type":"offer","sdp":"v=0\r\n"}}"#;
        let event = Event { transaction: "5".to_owned(), sdp: Some("v=0\r\n".to_owned()) };
        assert_eq!(Reply::read(attached), Ok(Reply::Event(event)));
        let unasked = br#"{"janus":"event","plugindata":{"plugin":"x","data":{"videoroom":"event","unpublished":3}}}"#;
        assert_eq!(Reply::read(unasked), Ok(Reply::Event(Event { transaction: String::new(), sdp: None })));
    }

    #[test]
    fn errors_of_janus_and_of_the_plugin_are_told_and_a_room_that_is_there_is_none() {
        let janus = br#"{"janus":"error","transaction":"1","error":{"code":458,"reason":"No such session 1"}}"#;
        assert_eq!(Reply::read(janus), Err("No such session 1 (458)".to_owned()));
        let plugin = br#"{"janus":"event","transaction":"2","plugindata":{"plugin":"janus.plugin.videoroom",
            "data":{"videoroom":"event","error_code":428,"error":"No such feed (1)"}}}"#;
        assert_eq!(Reply::read(plugin), Err("No such feed (1) (428)".to_owned()));
        let exists = br#"{"janus":"success","plugindata":{"plugin":"janus.plugin.videoroom",
            "data":{"videoroom":"event","error_code":427,"error":"Room 5 already exists"}}}"#;
        assert_eq!(Reply::read(exists), Ok(Reply::Success { id: None }));
        assert!(Reply::read(b"<html>").is_err());
    }

    #[test]
    fn requests_carry_their_room_as_a_number_and_their_description_whole() {
        let request = publish("9", "demo", "v=0\r\n");
        assert_eq!(request["body"]["room"], create_room("8", "demo")["body"]["room"]);
        assert_ne!(request["body"]["room"], subscribe("8", "demo-2")["body"]["room"]);
        assert!(request["body"]["room"].as_u64().is_some_and(|room| room < 1 << 53));
        assert_eq!(request["jsep"], json!({ "type": "offer", "sdp": "v=0\r\n", "trickle": false }));
        assert_eq!(subscribe("1", "demo")["body"]["streams"][0]["feed"], request["body"]["id"]);
        assert!(subscribe("1", "demo").get("jsep").is_none());
    }
}
