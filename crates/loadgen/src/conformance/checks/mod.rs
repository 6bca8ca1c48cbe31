//! The list of checks. Its order is that of a session's life; what makes a noise comes last.

mod access;
mod browser;
mod change;
mod create;
mod extensions;
mod hostile;
mod in_use;
mod refuse;

use std::future::Future;
use std::pin::Pin;

use super::bench::{Bench, Verdict};
use super::report::Level;

pub struct Check {
    pub name: &'static str,
    pub rule: &'static str,
    pub level: Level,
    pub run: for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>,
}

macro_rules! checks {
    ($($level:ident $name:literal $rule:literal $run:path;)+) => {
        const CHECKS: &[Check] = &[
            $(Check { name: $name, rule: $rule, level: Level::$level, run: |bench| Box::pin($run(bench)) }),+
        ];
    };
}

checks! {
    Must   "not live yet: 409 and Retry-After"              "WHEP draft"        refuse::not_live;
    Must   "create: 201, SDP, Location"                     "RFC 9725"    create::created;
    Must   "create: the ETag is strong and quoted"          "RFC 9725"  create::etag;
    Must   "create: Location works for GET and DELETE"      "RFC 9725"    create::location;
    Should "create: session URLs cannot be guessed"         "RFC 9725"      create::unguessable;
    Must   "answer: recvonly to a publisher"                "RFC 9725"  create::recvonly;
    Must   "answer: sendonly to a viewer"                   "WHEP draft"        create::sendonly;
    Must   "answer: bundled, rtcp-mux and rtcp-mux-only"    "RFC 9725"  create::bundled;
    Must   "answer: has every candidate"                    "RFC 9725"  create::candidates;
    Must   "create: Link headers can be read"               "RFC 9725"    create::links;
    Must   "create: parameters of the content type are fine" "RFC 9110 §8.3.1" create::type_parameters;
    Must   "create: sendrecv is accepted as sendonly"       "RFC 9725"  create::sendrecv;
    Must   "create: a client with TCP candidates only"      "RFC 9725"  create::tcp_only;
    Must   "create: a client with IPv6 candidates only"     "RFC 9725"  create::ipv6_only;
    Must   "refuse: another content type"                   "RFC 9725"    refuse::wrong_type;
    Must   "refuse: what is not an SDP"                     "RFC 9725"    refuse::malformed;
    Must   "refuse: two video tracks"                       "RFC 9725"  refuse::two_videos;
    Must   "refuse: a publisher that only receives"         "RFC 9725"  refuse::recvonly_publisher;
    Must   "refuse: a viewer that only sends"               "WHEP draft"        refuse::sendonly_viewer;
    Advice "refuse: a second publisher"                     "practice"         refuse::second_publisher;
    Advice "refuse: errors are problem documents"           "RFC 9457"         refuse::problem_documents;
    Must   "GET and HEAD: 2xx without content"              "RFC 9725"    browser::get;
    Should "HEAD on WHEP says application/sdp"              "WHEP draft"        browser::whep_head;
    Must   "OPTIONS: 200 without credentials"               "RFC 9725"    browser::options;
    Should "OPTIONS: Accept-Post"                           "RFC 9725"    browser::accept_post;
    Must   "CORS: a preflight allows what clients send"     "Fetch §3.3"       browser::preflight;
    Must   "CORS: answers and errors can be read"           "Fetch §3.3"       browser::exposed;
    Must   "PATCH: 428 without If-Match"                    "RFC 9725"  change::precondition_required;
    Must   "PATCH: 412 for another tag"                     "RFC 9725"  change::stale_tag;
    Must   "PATCH: 204 without ETag for candidates"         "RFC 9725"  change::trickle;
    Must   "PATCH: unusable candidates are ignored"         "RFC 9725"  change::unusable_candidates;
    Must   "PATCH: another content type or garbage"         "RFC 9725"    change::malformed;
    Must   "PATCH: * restarts ICE under a new ETag"         "RFC 9725"  change::restart;
    Must   "PATCH: a quoted * does as well"                 "RFC 9725"  change::restart_quoted;
    Must   "DELETE: 200, whatever If-Match says"            "RFC 9725"    change::delete;
    Should "DELETE: then 404, and the room is free"         "RFC 9725"    change::gone;
    Must   "token: 401 and WWW-Authenticate without one"    "RFC 6750 §3"      access::missing;
    Should "token: a wrong one is refused"                  "RFC 6750 §3.1"    access::wrong;
    Must   "token: one signed with \"none\" is refused"     "RFC 8725 §3.1"    access::unsigned;
    Advice "token: in the URL, and then nowhere else"       "RFC 9725"    access::in_url;
    Must   "token: sessions are not for strangers"          "RFC 9725"      access::strangers;
    Must   "token: sessions are not for other tokens"       "RFC 9725"      access::others;
    Must   "media: a viewer gets what is published"         "WHEP draft"        in_use::plays;
    Must   "media: an ICE restart keeps it flowing"         "RFC 9725"  in_use::restart;
    Must   "media: a refused restart keeps it flowing"      "RFC 9725"  in_use::refused_restart;
    Must   "media: DELETE ends it"                          "RFC 9725"    in_use::delete;
    Advice "media: a publisher that died can be replaced"   "practice"         in_use::takeover;
    Must   "extensions: layers come with their events"      "WHEP core ext."    extensions::layers_need_events;
    Must   "extensions: an event stream opens and ends"     "WHEP core ext."    extensions::events;
    Must   "extensions: an empty choice of a layer is fine" "WHEP core ext."    extensions::automatic;
    Should "extensions: what is no JSON is refused"         "WHEP core ext."    extensions::malformed;
    Advice "hostile: a large body is refused with a 4xx"    "practice"         hostile::large_body;
    Advice "hostile: a request that drips is cut off"       "practice"         hostile::slow_head;
    Advice "hostile: a body that drips is cut off"          "practice"         hostile::slow_body;
    Must   "hostile: garbage ends one connection only"      "practice"         hostile::garbage;
    Must   "hostile: a flood of POSTs is answered"          "RFC 9725"      hostile::flood;
}

pub fn all() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_check_has_a_name_of_its_own() {
        let mut names: Vec<_> = super::all().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), super::all().count());
    }
}
