//! People who send each other messages of applications.

use engine::{Command, Owner};
use proto::data::{Lane, Notice, Sent};

use crate::client::{Does, Heard};
use crate::viewer::Seen;
use crate::world::Sim;

impl Sim {
    /// `who` takes part in what is said in a room, and hears who speaks there.
    pub fn talk(&mut self, worker: u8, room: &str, who: &str) {
        let seen = Seen { talks: true, ..Seen::default() };
        let joined = self.join(worker, room, who, Does::Watch(Box::new(seen)), None);
        joined.unwrap_or_else(|refusal| panic!("{who} may not come in: {refusal}"));
        self.introduce(who, who, true);
    }

    /// Who `who` is to the others from now on.
    pub fn introduce(&mut self, who: &str, name: &str, may_send: bool) {
        let session = self.client(who).session;
        let member = name.parse().expect("a member's name");
        let owner = Owner(None);
        self.ask(who, |ticket| Command::Introduce { ticket, session, owner, member, may_send });
    }

    pub fn say(&mut self, who: &str, lane: Lane, topic: &str, to: &[&str], payload: &[u8]) {
        self.say_raw(who, lane, Sent { topic, to: to.to_vec(), payload }.encode());
    }

    /// Whatever a page may send.
    pub fn say_raw(&mut self, who: &str, lane: Lane, bytes: Vec<u8>) {
        let now = self.now;
        self.client(who).say(now, lane, bytes);
    }

    pub fn heard(&self, who: &str) -> &[Heard] {
        &self.clients[who].heard
    }

    /// The payloads that `who` got on a lane, in order of arrival.
    pub fn payloads(&self, who: &str, lane: Lane) -> Vec<Vec<u8>> {
        self.heard(who).iter().filter(|heard| heard.lane == lane).map(|heard| heard.payload.clone()).collect()
    }

    /// What the server has told `who` about their messages.
    pub fn notices(&self, who: &str) -> &[Notice] {
        self.notices.get(&self.clients[who].session).map_or(&[], |notices| notices)
    }

    pub fn has_channel(&self, who: &str, lane: Lane) -> bool {
        self.clients[who].has_channel(lane)
    }

    pub fn reopen(&mut self, who: &str, lane: Lane) {
        let now = self.now;
        self.client(who).reopen(now, lane);
    }

    /// Whether the way between workers has no room for messages.
    pub fn cram(&mut self, is_crammed: bool) {
        self.is_crammed = is_crammed;
    }
}
