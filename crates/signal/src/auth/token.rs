//! The token itself: what is in it, how it is made and how it is checked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use proto::RoomName;
use serde::{Deserialize, Serialize};

use super::{Denied, Key, unix_now};

/// What `aud` says, when a token has one: a token for another service that shares the key is not for us.
const AUDIENCE: &str = "weir";

/// For `nbf`: the minter's clock may be ahead of ours. `exp` gets no such grace, an hour is an hour.
const CLOCK_SKEW_S: u64 = 60;

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    #[serde(rename = "room", default)]
    pub rooms: Rooms,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub publish: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subscribe: bool,
    /// Metrics, every room, and what publish and subscribe allow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin: bool,
}

/// The rooms of a grant: `"*"`, one name, or (claim absent) none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rooms {
    #[default]
    None,
    All,
    One(RoomName),
}

impl Rooms {
    pub fn cover(&self, room: &RoomName) -> bool {
        self.cover_name(room.as_str())
    }

    pub(super) fn cover_name(&self, room: &str) -> bool {
        match self {
            Rooms::None => false,
            Rooms::All => true,
            Rooms::One(name) => name.as_str() == room,
        }
    }
}

impl Serialize for Rooms {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Rooms::None => serializer.serialize_none(),
            Rooms::All => serializer.serialize_str("*"),
            Rooms::One(name) => name.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Rooms {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rooms, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            None => Ok(Rooms::None),
            Some("*") => Ok(Rooms::All),
            Some(name) => name.parse().map(Rooms::One).map_err(serde::de::Error::custom),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    pub grant: Grant,
    pub exp: u64,
    #[serde(default)]
    pub iat: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
}

/// Makes a token. `subject` names its holder: sessions belong to the subject, so a holder's next token can end what the
/// previous one started. Without it every token stands for itself.
pub fn mint(key: &Key, grant: Grant, subject: Option<&str>, ttl: Duration) -> String {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).expect("the system has randomness");
    let now = unix_now();
    let claims = Claims {
        grant,
        exp: now.saturating_add(ttl.as_secs()),
        iat: now,
        jti: Some(URL_SAFE_NO_PAD.encode(id)),
        sub: subject.map(str::to_owned),
    };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key.secret()))
        .expect("claims are plain JSON and any secret serves HMAC")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Checked,
    Ignored,
}

pub(super) fn verify(key: &Key, token: &str, expiry: Expiry) -> Result<Claims, Denied> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[AUDIENCE]);
    rules.validate_nbf = true;
    rules.leeway = CLOCK_SKEW_S;
    rules.validate_exp = false; // below, without leeway
    let claims = decode::<Claims>(token, &DecodingKey::from_secret(key.secret()), &rules).map_err(explain)?.claims;
    if expiry == Expiry::Checked && claims.exp <= unix_now() {
        return Err(Denied::Invalid("it has expired; ask for a new one"));
    }
    Ok(claims)
}

fn explain(error: jsonwebtoken::errors::Error) -> Denied {
    Denied::Invalid(match error.kind() {
        ErrorKind::InvalidSignature => "it was not signed by this server's key",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            "it is not signed with HS256"
        }
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "it has no expiry (claim exp)",
        ErrorKind::Json(_) => "its claims are not what this server understands: room, publish, subscribe, admin, exp",
        _ => "it is not a JWT",
    })
}
