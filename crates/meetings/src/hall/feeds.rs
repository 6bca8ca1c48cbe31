//! Whose pictures somebody has asked for, and which receive slot carries which.
//!
//! The connection on which a person receives has a fixed number of slots. Subscribing fills a free one and unsubscribing empties it;
//! nothing else moves, so a tile that stays on the page stays with its decoder. A feed has its slot also while there is no
//! picture to send: the picture then begins by itself. It does not know who is in the meeting.

use std::collections::BTreeMap;

use proto::meeting::Source;

use crate::id::PersonId;

/// Of a person, who sends one of their own besides.
pub const FEEDS_MAX: usize = 49;
/// Of a recorder, who sends none.
pub const RECORDER_FEEDS_MAX: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedId {
    pub person: PersonId,
    pub source: Source,
}

/// How much of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    pub ceiling_kbps: Option<u32>,
    pub height_max: Option<u32>,
}

#[derive(Debug)]
pub struct Feeds {
    limit: usize,
    /// `None` until there is a connection to receive on.
    slots: Option<Vec<Slot>>,
    /// With the turn in which they were asked for.
    wanted: BTreeMap<FeedId, Wanted>,
    turns: u64,
    changed: bool,
}

#[derive(Debug)]
struct Slot {
    mid: String,
    of: Option<FeedId>,
}

#[derive(Debug)]
struct Wanted {
    wish: Wish,
    turn: u64,
}

/// What one slot is to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    pub mid: String,
    pub of: Option<FeedId>,
    pub wish: Wish,
    /// The highest is served first when the line is short: what somebody shows is why everybody came.
    pub priority: u8,
}

impl Feeds {
    pub fn new(limit: usize) -> Feeds {
        Feeds { limit, slots: None, wanted: BTreeMap::new(), turns: 0, changed: false }
    }

    /// As many as may be asked for now: one for each slot, once there are slots.
    pub fn limit(&self) -> usize {
        self.slots.as_ref().map_or(self.limit, |slots| slots.len().min(self.limit))
    }

    /// False when there are too many. A feed that is there already gets the new wish.
    pub fn subscribe(&mut self, feed: FeedId, wish: Wish) -> bool {
        if let Some(wanted) = self.wanted.get_mut(&feed) {
            self.changed |= wanted.wish != wish;
            wanted.wish = wish;
            return true;
        }
        if self.wanted.len() >= self.limit() {
            return false;
        }
        self.turns += 1;
        self.wanted.insert(feed, Wanted { wish, turn: self.turns });
        self.fill();
        true
    }

    /// The slot that it leaves empty stays so until somebody is subscribed to; false when it was not there.
    pub fn unsubscribe(&mut self, feed: &FeedId) -> bool {
        if self.wanted.remove(feed).is_none() {
            return false;
        }
        for slot in self.slots.iter_mut().flatten().filter(|slot| slot.of.as_ref() == Some(feed)) {
            slot.of = None;
            self.changed = true;
        }
        self.fill();
        true
    }

    /// Somebody has gone.
    pub fn forget(&mut self, person: &PersonId) {
        for source in [Source::Camera, Source::Screen] {
            self.unsubscribe(&FeedId { person: person.clone(), source });
        }
    }

    /// There is a connection to receive on, or another one. What a slot of the same name carried, it carries again.
    pub fn offer_slots(&mut self, mids: Vec<String>) {
        let mut before = self.slots.take().unwrap_or_default();
        let mut slots: Vec<Slot> = Vec::new();
        for mid in mids.into_iter().take(self.limit) {
            let of = before.iter_mut().find(|slot| slot.mid == mid).and_then(|slot| slot.of.take());
            if slots.iter().all(|slot| slot.mid != mid) {
                slots.push(Slot { mid, of });
            }
        }
        self.slots = Some(slots);
        self.changed = true;
        self.fill();
    }

    /// The connection is gone. What was asked for stays, for the next one.
    pub fn close_slots(&mut self) {
        self.slots = None;
        self.changed = false;
    }

    pub fn mid_of(&self, feed: &FeedId) -> Option<&str> {
        self.slots.iter().flatten().find(|slot| slot.of.as_ref() == Some(feed)).map(|slot| slot.mid.as_str())
    }

    pub fn at(&self, mid: &str) -> Option<&FeedId> {
        self.slots.iter().flatten().find(|slot| slot.mid == mid)?.of.as_ref()
    }

    pub fn slots(&self) -> usize {
        self.slots.as_ref().map_or(0, Vec::len)
    }

    pub fn wanted(&self) -> impl Iterator<Item = &FeedId> {
        self.wanted.keys()
    }

    /// All slots, if one of them is to carry something else since this was last asked.
    pub fn take_changes(&mut self) -> Option<Vec<Assigned>> {
        let slots = self.slots.as_ref().filter(|_| self.changed)?;
        self.changed = false;
        let assigned = |slot: &Slot| Assigned {
            mid: slot.mid.clone(),
            of: slot.of.clone(),
            wish: slot.of.as_ref().and_then(|of| self.wanted.get(of)).map(|wanted| wanted.wish).unwrap_or_default(),
            priority: slot.of.as_ref().map_or(0, |of| u8::from(of.source == Source::Screen)),
        };
        Some(slots.iter().map(assigned).collect())
    }

    /// Those without a slot take the free ones, in the order in which they were asked for.
    fn fill(&mut self) {
        let Some(slots) = &mut self.slots else { return };
        let mut without: Vec<(u64, &FeedId)> = self
            .wanted
            .iter()
            .filter(|(feed, _)| slots.iter().all(|slot| slot.of.as_ref() != Some(*feed)))
            .map(|(feed, wanted)| (wanted.turn, feed))
            .collect();
        without.sort();
        let free = slots.iter_mut().filter(|slot| slot.of.is_none());
        for (slot, (_, feed)) in free.zip(without) {
            slot.of = Some(feed.clone());
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(n: u8) -> FeedId {
        let source = if n.is_multiple_of(5) { Source::Screen } else { Source::Camera };
        FeedId { person: PersonId::guest_from_random(n.into()), source }
    }

    fn mids(count: usize) -> Vec<String> {
        (0..count).map(|n| n.to_string()).collect()
    }

    #[test]
    fn a_tile_that_stays_on_the_page_stays_in_its_slot() {
        let mut feeds = Feeds::new(FEEDS_MAX);
        feeds.offer_slots(mids(3));
        for n in 1..=3 {
            assert!(feeds.subscribe(feed(n), Wish::default()));
        }
        assert!(!feeds.subscribe(feed(4), Wish::default()), "every slot is taken");
        assert!(feeds.unsubscribe(&feed(2)));
        assert!(feeds.subscribe(feed(4), Wish::default()));
        let mids = [1, 4, 3].map(|n| feeds.mid_of(&feed(n)).map(str::to_owned));
        assert_eq!(mids, ["0", "1", "2"].map(|mid| Some(mid.to_owned())));
    }

    #[test]
    fn what_was_asked_for_before_there_were_slots_gets_them_in_that_order() {
        let mut feeds = Feeds::new(FEEDS_MAX);
        for n in [9, 2, 6] {
            feeds.subscribe(feed(n), Wish::default());
        }
        assert_eq!(feeds.take_changes(), None);
        feeds.offer_slots(mids(2));
        assert_eq!(feeds.take_changes().map(|slots| slots.len()), Some(2));
        assert_eq!((feeds.at("0"), feeds.at("1")), (Some(&feed(9)), Some(&feed(2))));
        feeds.unsubscribe(&feed(9));
        assert_eq!(feeds.at("0"), Some(&feed(6)), "who had none takes the free one");
    }

    proptest! {
        #[test]
        fn every_feed_has_at_most_one_slot_and_every_slot_one_feed(
            steps in proptest::collection::vec((0u8..4, 0u8..70, 0usize..60), 1..300)
        ) {
            let mut feeds = Feeds::new(FEEDS_MAX);
            for (what, n, count) in steps {
                let before: Vec<(FeedId, String)> = feeds
                    .wanted()
                    .filter_map(|feed| Some((feed.clone(), feeds.mid_of(feed)?.to_owned())))
                    .collect();
                match what {
                    0 | 1 => drop(feeds.subscribe(feed(n), Wish::default())),
                    2 => drop(feeds.unsubscribe(&feed(n))),
                    _ if n == 0 => feeds.offer_slots(mids(count)),
                    _ => drop(feeds.take_changes()),
                }
                prop_assert!(feeds.wanted.len() <= FEEDS_MAX);
                let carried: Vec<&FeedId> = feeds.slots.iter().flatten().filter_map(|slot| slot.of.as_ref()).collect();
                let distinct: std::collections::BTreeSet<_> = carried.iter().collect();
                prop_assert_eq!(carried.len(), distinct.len());
                prop_assert!(carried.iter().all(|feed| feeds.wanted.contains_key(feed)));
                for (feed, mid) in before {
                    let offered = feeds.slots.iter().flatten().any(|slot| slot.mid == mid);
                    prop_assert!(!offered || !feeds.wanted.contains_key(&feed) || feeds.mid_of(&feed) == Some(&mid));
                }
            }
        }
    }
}
