//! `POST {session}/layer`: a viewer chooses what is sent to it (WHEP core extensions, layer selection).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use proto::LayerChoice;
use serde::Deserialize;

use crate::app::App;
use crate::held;
use crate::problem::{Failure, Kind};
use crate::sessions::{SessionPath, owned};

/// Longest mid or RID that travels in a one-byte header extension (RFC 8285).
const NAME_LEN_MAX: usize = 16;

/// The wish as the draft writes it. `encodingId` is what it called `rid` before. Unknown members are passed over, since
/// the draft still grows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wish {
    media_id: Option<MediaId>,
    #[serde(alias = "encodingId")]
    rid: Option<String>,
    spatial_layer_id: Option<u8>,
    temporal_layer_id: Option<u8>,
    max_spatial_layer_id: Option<u8>,
    max_temporal_layer_id: Option<u8>,
    max_width: Option<u32>,
    max_height: Option<u32>,
    /// Ours: send nothing of the track until another choice.
    paused: bool,
}

/// The draft's examples have it as a string; an index invites to be sent as a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum MediaId {
    Text(String),
    Number(u16),
}

pub async fn choose(State(app): State<App>, path: SessionPath, request: Request) -> Result<StatusCode, Failure> {
    let (request, body) = request.into_parts();
    let caller = app.guard.holder(&request.headers, request.uri.query())?;
    let (session, text) = held::json(&app, path, &request, &caller, body).await?;
    owned(&caller, app.desk.choose(session, caller.owner, parse(&text)?).await?)?;
    Ok(StatusCode::OK)
}

fn parse(text: &str) -> Result<LayerChoice, Failure> {
    let wish: Wish = held::object(text, r#"{"mediaId": "0", "rid": "h"}"#)?;
    let mid = wish.media_id.map(|id| match id {
        MediaId::Text(text) => text,
        MediaId::Number(number) => number.to_string(),
    });
    Ok(LayerChoice {
        mid: named("mediaId", mid)?,
        rid: named("rid", wish.rid)?,
        // To send a layer is to send those below it, so a highest one and a wanted one are the same wish.
        spatial: wish.spatial_layer_id.or(wish.max_spatial_layer_id),
        temporal: wish.temporal_layer_id.or(wish.max_temporal_layer_id),
        width_max: wish.max_width,
        height_max: wish.max_height,
        kbps_max: None,
        paused: wish.paused,
    })
}

fn named(what: &str, name: Option<String>) -> Result<Option<String>, Failure> {
    let is_name =
        |name: &String| !name.is_empty() && name.len() <= NAME_LEN_MAX && name.bytes().all(|b| b.is_ascii_graphic());
    match name {
        Some(name) if !is_name(&name) => {
            Err(Failure::new(Kind::MalformedBody, format!("{what} is 1 to {NAME_LEN_MAX} printable characters")))
        }
        name => Ok(name),
    }
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    if let Ok(choice) = parse(text) {
        let short = |name: &Option<String>| name.as_ref().is_none_or(|name| (1..=NAME_LEN_MAX).contains(&name.len()));
        assert!(short(&choice.mid) && short(&choice.rid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_draft_are_read() {
        let hd = LayerChoice { mid: Some("0".into()), rid: Some("hd".into()), ..LayerChoice::default() };
        for text in [
            r#"{"mediaId":"0","rid":"hd"}"#,
            r#"{"mediaId":0,"encodingId":"hd"}"#,
            r#"{"mediaId":"0","rid":"hd","x":[]}"#,
        ] {
            assert_eq!(parse(text).unwrap(), hd, "{text}");
        }
        assert!(parse("{}").unwrap().is_automatic() && parse(r#"{"mediaId":"1"}"#).unwrap().is_automatic());
        let bounds = parse(r#"{"maxWidth":640,"maxHeight":360,"maxSpatialLayerId":1,"temporalLayerId":0}"#).unwrap();
        assert_eq!(
            (bounds.width_max, bounds.height_max, bounds.spatial, bounds.temporal),
            (Some(640), Some(360), Some(1), Some(0))
        );
        assert!(!bounds.is_automatic());
    }

    #[test]
    fn what_is_no_wish_is_refused() {
        let long = format!(r#"{{"rid":"{}"}}"#, "x".repeat(17));
        let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
        for bad in [
            "",
            "null",
            "[]",
            "1",
            r#"{"rid":1}"#,
            r#"{"rid":""}"#,
            r#"{"rid":"a","encodingId":"b"}"#,
            r#"{"spatialLayerId":256}"#,
            r#"{"maxWidth":-1}"#,
            r#"{"mediaId":"a b"}"#,
            &long,
            &deep,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
