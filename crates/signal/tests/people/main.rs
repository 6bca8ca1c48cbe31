//! Accounts and meetings over HTTP, against a real server.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod away;
mod browsers;
mod cast;
mod guessing;
mod joining;
mod mails;
mod matrix;
mod meeting_list;
mod timing;
mod tokens;
