//! Accounts and meetings over HTTP, against a real server.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod admin;
mod away;
mod browsers;
mod cast;
mod events;
mod guessing;
mod joining;
mod mails;
mod matrix;
mod meeting_list;
mod receiver;
mod timing;
mod tokens;
mod webhooks;
