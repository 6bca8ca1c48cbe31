//! The OpenAPI document as a page: rendered here, once, without scripts, because the content security policy forbids
//! what the usual viewers load.

use std::fmt::Write as _;

use serde_json::Value;

pub fn render(openapi: &str) -> String {
    let doc: Value = serde_json::from_str(openapi).expect("the document is part of this crate and a test reads it");
    let mut page = String::with_capacity(32 * 1024);
    page.push_str(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Weir: HTTP API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><main>\n<h1>The HTTP API</h1>\n",
    );
    paragraphs(&mut page, &doc["info"]["description"]);
    page.push_str("<p>For programs: <a href=\"/api/openapi.json\">openapi.json</a></p>\n");
    for tag in items(&doc["tags"]) {
        let _ = writeln!(page, "<h2>{}</h2>", text(&tag["name"]));
        paragraphs(&mut page, &tag["description"]);
        for (path, methods) in entries(&doc["paths"]) {
            for (method, operation) in entries(methods) {
                if operation["tags"][0] == tag["name"] {
                    render_operation(&mut page, path, method, operation);
                }
            }
        }
    }
    page.push_str("<h2>Shapes</h2>\n");
    for (name, schema) in entries(&doc["components"]["schemas"]) {
        render_schema(&mut page, name, schema);
    }
    page.push_str("</main></body></html>\n");
    page
}

fn render_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let method = method.to_ascii_uppercase();
    let _ = writeln!(page, "<section><h3><b>{method}</b> <code>{}</code></h3>", escape(path));
    let _ = writeln!(page, "<p>{}. {}</p>", text(&operation["summary"]), text(&operation["description"]));
    if let Some((content_type, _)) = entries(&operation["requestBody"]["content"]).next() {
        let _ = writeln!(page, "<p>Body: <code>{}</code></p>", escape(content_type));
    }
    page.push_str("<table>");
    for parameter in items(&operation["parameters"]) {
        let (name, description) = (text(&parameter["name"]), text(&parameter["description"]));
        let _ = writeln!(page, "<tr><td><code>{name}</code></td><td>{description}</td></tr>");
    }
    for (status, response) in entries(&operation["responses"]) {
        let shape = entries(&response["content"]).next().map_or(String::new(), |(content_type, content)| {
            let schema = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            match schema {
                Some(name) => format!(" <a href=\"#{0}\">{0}</a>", escape(name)),
                None => format!(" <code>{}</code>", escape(content_type)),
            }
        });
        let _ =
            writeln!(page, "<tr><td>{}</td><td>{}{shape}</td></tr>", escape(status), text(&response["description"]));
    }
    page.push_str("</table></section>\n");
}

fn render_schema(page: &mut String, name: &str, schema: &Value) {
    let _ = writeln!(page, "<section id=\"{0}\"><h3><code>{0}</code></h3><table>", escape(name));
    for (field, property) in entries(&schema["properties"]) {
        let target = property["$ref"].as_str().or(property["items"]["$ref"].as_str());
        let kind = match target.and_then(|target| target.rsplit('/').next()) {
            Some(target) => format!(
                "<a href=\"#{0}\">{0}</a>{1}",
                escape(target),
                if property["items"].is_null() { "" } else { "[]" }
            ),
            None if property["enum"].is_array() => items(&property["enum"]).map(text).collect::<Vec<_>>().join(" | "),
            None => text(&property["type"]),
        };
        let description = text(&property["description"]);
        let _ = writeln!(page, "<tr><td><code>{}</code></td><td>{kind}</td><td>{description}</td></tr>", escape(field));
    }
    page.push_str("</table></section>\n");
}

fn paragraphs(page: &mut String, value: &Value) {
    for paragraph in value.as_str().unwrap_or_default().split("\n\n") {
        let _ = writeln!(page, "<p>{}</p>", escape(paragraph));
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENAPI: &str = include_str!("openapi.json");

    #[test]
    fn the_page_shows_every_operation_and_needs_no_script_or_other_host() {
        let page = render(OPENAPI);
        for (path, _) in entries(&serde_json::from_str::<Value>(OPENAPI).unwrap()["paths"]) {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
        assert!(!page.contains("<script") && !page.contains("//cdn") && !page.contains(" style="));
    }

    /// Fields of the document's schema and of the type that is really sent, so that neither drifts.
    #[test]
    fn the_shapes_are_those_that_are_sent() {
        use proto::api::{LayerView, NodeView, Problem, PublisherView, RoomView, RoomsView, TrackKind, TrackView};
        use proto::api::{PullState, UpstreamOrder, UpstreamView};
        use proto::api::{SessionSide, SessionState, SessionTrack, SessionView, Verdict};
        let layer = LayerView { rid: Some("h".into()), kbps: 1, silent: false };
        let track = TrackView { kind: TrackKind::Video, codec: "VP8".into(), layers: vec![layer.clone()] };
        let publisher = PublisherView {
            id: "0-1-1".into(),
            name: Some("ann".into()),
            speaking: true,
            shown: true,
            age_s: 1,
            tracks: vec![track.clone()],
        };
        let room = RoomView { name: "demo".into(), live: true, publishers: vec![publisher.clone()], viewers: 1 };
        let problem = Problem { kind: "x".into(), title: "x".into(), status: 400, detail: "x".into() };
        let node = NodeView { version: "1".into(), token_required: true, workers: 1 };
        let order = UpstreamOrder { url: "http://parent".into(), token: Some("x".into()) };
        let upstream = UpstreamView { url: "http://parent".into(), own: true, state: PullState::Live };
        let heard = SessionTrack {
            mid: "0".into(),
            kind: TrackKind::Video,
            codec: "VP8".into(),
            layer: None,
            spatial: None,
            temporal: None,
            target: None,
            chosen: None,
            layers: vec![],
            packets: 0,
            bytes: 0,
            repairs: 0,
            last_packet_ms_ago: None,
            catching_up_ms: None,
            verdict: Verdict::NoSource,
            sentence: Verdict::NoSource.sentence(),
        };
        let session = SessionView {
            room: "demo".into(),
            side: SessionSide::Viewer,
            state: SessionState::Connected,
            age_ms: 1,
            connected_ms: Some(1),
            rtt_ms: None,
            estimate_kbps: None,
            sent_kbps: 0,
            loss_percent: 0.0,
            tracks: vec![heard.clone()],
        };
        let sent = [
            ("SessionTrack", serde_json::to_value(heard).unwrap()),
            ("SessionView", serde_json::to_value(session).unwrap()),
            ("LayerView", serde_json::to_value(layer).unwrap()),
            ("TrackView", serde_json::to_value(track).unwrap()),
            ("PublisherView", serde_json::to_value(publisher).unwrap()),
            ("RoomView", serde_json::to_value(room.clone()).unwrap()),
            ("RoomsView", serde_json::to_value(RoomsView { rooms: vec![room] }).unwrap()),
            ("Problem", serde_json::to_value(problem).unwrap()),
            ("NodeView", serde_json::to_value(node).unwrap()),
            ("UpstreamOrder", serde_json::to_value(order).unwrap()),
            ("UpstreamView", serde_json::to_value(upstream).unwrap()),
        ];
        let doc: Value = serde_json::from_str(OPENAPI).unwrap();
        let schemas = &doc["components"]["schemas"];
        assert_eq!(entries(schemas).count(), sent.len());
        for (name, value) in sent {
            let documented: Vec<_> = entries(&schemas[name]["properties"]).map(|(field, _)| field).collect();
            let mut real: Vec<_> = entries(&value).map(|(field, _)| field).collect();
            real.sort_unstable();
            let mut sorted = documented.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, real, "{name}");
        }
    }
}
