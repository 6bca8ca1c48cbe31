//! The JSON of accounts. Whatever holds a password or a token cannot be printed.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `POST /account`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct SignUp {
    pub email: String,
    /// 8 to 128 characters.
    pub password: String,
    /// Without one it is what stands before the @.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
}

/// What `POST /account` answers, for addresses that have an account already too.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SignedUp {
    pub account_id: String,
}

/// `POST /account/login`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LogIn {
    pub email: String,
    pub password: String,
    /// For pages: the token comes as a cookie that scripts cannot read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub cookie: bool,
}

/// Who is logged in: what login answers, and `GET /account/verify`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct LoginView {
    pub account_id: String,
    pub name: String,
    pub email: String,
    pub grant: AccountGrant,
    /// When the login ends, in seconds since 1970.
    #[ts(type = "number")]
    pub expires: u64,
    /// The token, for `Authorization: Bearer`. Told once, by a login without a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub auth: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccountGrant {
    Person,
    Admin,
}

/// `GET /account/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AccountView {
    pub account_id: String,
    pub name: String,
    pub email: String,
    /// The address answered a mail.
    pub confirmed: bool,
    pub grant: AccountGrant,
    /// Seconds since 1970.
    #[ts(type = "number")]
    pub created: u64,
}

/// `PATCH /account/{id}`: what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize, TS)]
pub struct AccountChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Needs the password, and ends every other login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<String>,
}

/// `DELETE /account/{id}`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct AccountEnd {
    pub password: String,
}

/// `POST /account/{id}/password`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

/// `POST /account/reset`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ResetOrder {
    pub email: String,
}

/// `POST /account/reset/confirm`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ResetUse {
    /// What stands behind the # of the mail's link.
    pub token: String,
    pub password: String,
}

/// `POST /account/confirm`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ConfirmUse {
    /// What stands behind the # of the mail's link.
    pub token: String,
}
