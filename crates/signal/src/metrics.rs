//! What HTTP itself counts. The node's own numbers come over the desk; `/metrics` shows both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};

/// Labels are bounded: six methods and "other", and the statuses this crate answers with.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

impl Metrics {
    pub fn count(&self, method: &Method, status: StatusCode) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((label(method), status.as_u16())).or_default() += 1;
    }

    pub fn render(&self, out: &mut String, connections: usize, evicted: u64, hashes: u64) {
        out.push_str(
            "# HELP weir_http_requests_total Answered HTTP requests.\n# TYPE weir_http_requests_total counter\n",
        );
        for ((method, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(out, "weir_http_requests_total{{method=\"{method}\",status=\"{status}\"}} {count}");
        }
        let _ = write!(
            out,
            "# HELP weir_http_connections Open HTTP connections.\n# TYPE weir_http_connections gauge\n\
             weir_http_connections {connections}\n\
             # HELP weir_http_connections_evicted_total Idle connections closed to make room for new ones.\n\
             # TYPE weir_http_connections_evicted_total counter\n\
             weir_http_connections_evicted_total {evicted}\n\
             # HELP weir_password_hashes_total Passwords and passcodes hashed, to keep or to check one.\n\
             # TYPE weir_password_hashes_total counter\n\
             weir_password_hashes_total {hashes}\n"
        );
    }
}

fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
