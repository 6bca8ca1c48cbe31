//! The pages of one person's gallery: who is there, in the order in which they came, so many to a page.

use std::collections::BTreeSet;

use proto::meeting::PersonView;

#[derive(Debug)]
pub struct Gallery {
    own: String,
    tiles: usize,
    page: usize,
    /// Everybody else with a camera, by the time of their coming.
    people: BTreeSet<(u64, String)>,
    /// Whom this person is subscribed to.
    shown: BTreeSet<String>,
}

/// From one page to another.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub leave: Vec<String>,
    pub enter: Vec<String>,
}

impl Gallery {
    pub fn new(own: String, tiles: usize) -> Gallery {
        Gallery { own, tiles: tiles.max(1), page: 0, people: BTreeSet::new(), shown: BTreeSet::new() }
    }

    /// Somebody as they are now.
    pub fn see(&mut self, person: &PersonView) {
        if person.account_id == self.own {
            return;
        }
        let entry = (person.since_ms, person.account_id.clone());
        if person.camera {
            self.people.insert(entry);
        } else {
            self.people.remove(&entry);
        }
    }

    pub fn forget(&mut self, account_id: &str) {
        self.people.retain(|(_, id)| id != account_id);
        // The server has unsubscribed from who is gone.
        self.shown.remove(account_id);
    }

    pub fn next_page(&mut self) {
        self.page += 1;
    }

    /// What is to be asked for so that the page shows whom it is to show.
    pub fn turn(&mut self) -> Turn {
        let pages = self.people.len().div_ceil(self.tiles).max(1);
        self.page %= pages;
        let page = self.people.iter().skip(self.page * self.tiles).take(self.tiles);
        let wanted: BTreeSet<String> = page.map(|(_, id)| id.clone()).collect();
        let turn = Turn {
            leave: self.shown.difference(&wanted).cloned().collect(),
            enter: wanted.difference(&self.shown).cloned().collect(),
        };
        self.shown = wanted;
        turn
    }
}

#[cfg(test)]
mod tests {
    use proto::meeting::{Quality, Role};

    use super::*;

    fn person(n: u64, camera: bool) -> PersonView {
        PersonView {
            account_id: format!("g{n}"),
            name: String::new(),
            role: Role::Person,
            microphone: true,
            camera,
            screen: false,
            hand: None,
            away: false,
            quality: Quality::default(),
            since_ms: 100 - n,
        }
    }

    #[test]
    fn pages_go_around_and_who_stays_on_the_page_is_not_asked_for_again() {
        let mut gallery = Gallery::new("g0".to_owned(), 2);
        (0..=5).for_each(|n| gallery.see(&person(n, true)));
        assert_eq!(gallery.turn().enter, ["g4", "g5"], "who came first comes first");
        assert_eq!(gallery.turn(), Turn::default());
        gallery.next_page();
        assert_eq!(
            gallery.turn(),
            Turn { leave: vec!["g4".into(), "g5".into()], enter: vec!["g2".into(), "g3".into()] }
        );
        gallery.forget("g3");
        gallery.see(&person(5, false));
        // 4 2 | 1: what was on the second page is on the first one now.
        assert_eq!(gallery.turn(), Turn { leave: vec!["g2".into()], enter: vec!["g1".into()] });
        gallery.next_page();
        assert_eq!(gallery.turn().enter, ["g2", "g4"]);
    }
}
