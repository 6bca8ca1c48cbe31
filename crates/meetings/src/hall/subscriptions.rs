//! SUBSCRIBE, UNSUBSCRIBE and UNSUB_SUB, entry by entry: one that is refused undoes none of the others.

use std::time::Instant;

use proto::meeting::{ErrorCode, Feed, Refused, ServerBody, SubscribedFeed};

use super::feeds::{FeedId, Feeds, Wish};
use super::{Hall, Refusal};
use crate::id::PersonId;

impl Hall {
    /// Unsubscribes first: at the limit, a page can be exchanged for another.
    pub(super) fn subscribe(
        &mut self,
        now: Instant,
        person: &PersonId,
        away: &[Feed],
        wanted: &[Feed],
    ) -> Result<(), Refusal> {
        let mut refused = Vec::new();
        let mut unsubscribed = Vec::new();
        for entry in away {
            let feeds = &mut self.seats.get_mut(person).expect("`follow` looked for the seat").feeds;
            // Also somebody who has left meanwhile: then there is nothing to undo, and nothing wrong.
            let feed = entry.account_id.parse().ok().map(|person| FeedId { person, source: entry.source });
            match feed.filter(|feed| feeds.unsubscribe(feed)) {
                Some(feed) => unsubscribed.push(feeds.view(&feed)),
                None => refused.push(refusal(entry, ErrorCode::NotSubscribed)),
            }
        }
        let mut subscribed = Vec::new();
        for entry in wanted {
            let of = match self.named(&entry.account_id) {
                Ok(of) if of == *person => Err(ErrorCode::Oneself),
                Ok(of) => Ok(of),
                Err(Refusal(code, _)) => Err(code),
            };
            let feeds = &mut self.seats.get_mut(person).expect("`follow` looked for the seat").feeds;
            let wish = Wish { ceiling_kbps: entry.bitrate, height_max: entry.height };
            match of.map(|of| FeedId { person: of, source: entry.source }) {
                Ok(feed) if feeds.subscribe(feed.clone(), wish) => subscribed.push(feed),
                Ok(_) => refused.push(refusal(entry, ErrorCode::Limit)),
                Err(code) => refused.push(refusal(entry, code)),
            }
        }
        let feeds = &self.seats.get(person).expect("`follow` looked for the seat").feeds;
        let subscribed = subscribed.iter().map(|feed| feeds.view(feed)).collect();
        self.say(now, person, ServerBody::Subscribed { subscribed, unsubscribed, refused });
        self.order_slots(now, person);
        Ok(())
    }

    /// Whoever was subscribed to somebody who has gone is not any more.
    pub(super) fn forget_feeds(&mut self, now: Instant, gone: &PersonId) {
        let people: Vec<PersonId> = self.seats.keys().cloned().collect();
        for person in people {
            if let Some(seat) = self.seats.get_mut(&person) {
                seat.feeds.forget(gone);
            }
            self.order_slots(now, &person);
        }
    }
}

impl Feeds {
    pub fn view(&self, feed: &FeedId) -> SubscribedFeed {
        let mid = self.mid_of(feed).map(str::to_owned);
        SubscribedFeed { account_id: feed.person.to_string(), source: feed.source, mid }
    }
}

fn refusal(entry: &Feed, code: ErrorCode) -> Refused {
    Refused { account_id: entry.account_id.clone(), source: entry.source, code }
}
