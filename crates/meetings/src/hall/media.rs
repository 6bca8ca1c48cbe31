//! What a meeting wants of the media, and what it hears of it. How a connection is made is not known here.

use std::collections::BTreeSet;
use std::time::Instant;

use proto::data::Notice;
use proto::meeting::{ErrorCode, Me, Offer, Quality, ServerBody, SlotState, SlotView, Source, What};

use super::feeds::{Assigned, FeedId};
use super::{Hall, Output, Refusal};
use crate::id::PersonId;

/// To the media, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A connection, or another one in place of the last of this kind.
    Offer { person: PersonId, what: What, id: u32, sdp: String },
    /// Candidates, or an ICE restart.
    Ice { person: PersonId, what: What, fragment: String },
    /// The connection ends, if there is one. Those that wait for its offer's answer wait no more.
    Close { person: PersonId, what: What },
    /// All slots of somebody's receiving connection.
    Assign { person: PersonId, slots: Vec<Assigned> },
    /// Who somebody's receiving connection belongs to in the eyes of the others, and whether they may send these messages over its data channels.
    Data { person: PersonId, sends: bool },
    /// Whether what somebody sends is passed on to anybody. Off until the first of these.
    Forward { person: PersonId, track: Track, on: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    Microphone,
    Camera,
}

/// From the media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// `slots` are the sections of a receiving connection that can carry a picture.
    Answered {
        person: PersonId,
        what: What,
        id: u32,
        sdp: String,
        slots: Vec<String>,
    },
    Refused {
        person: PersonId,
        what: What,
        id: u32,
        reason: String,
    },
    /// The answer to an ICE restart.
    Ice {
        person: PersonId,
        what: What,
        fragment: String,
    },
    /// What arrives over a sending connection.
    Tracks {
        person: PersonId,
        what: What,
        audio: bool,
        video: bool,
    },
    Ended {
        person: PersonId,
        what: What,
        reason: String,
    },
    Slot {
        person: PersonId,
        mid: String,
        of: FeedId,
        state: SlotState,
    },
    Speaker {
        speaker: Option<PersonId>,
        heard: Vec<PersonId>,
    },
    Quality {
        person: PersonId,
        quality: Quality,
    },
    /// About what somebody says or reads on data channels.
    Message {
        person: PersonId,
        notice: Notice,
    },
}

impl Hall {
    pub(super) fn offer(&mut self, person: &PersonId, offer: Offer) -> Result<(), Refusal> {
        if offer.what == What::Screen && !self.role_of(person).hosts() && !self.settings().share {
            return Err(Refusal(ErrorCode::NotAllowed, "a host has switched sharing off"));
        }
        if offer.what == What::Screen && self.others_who_share(person) >= self.rules.shares_max {
            return Err(Refusal(ErrorCode::TooManyShares, "others share already; ask one of them to stop"));
        }
        let seat = self.seats.get_mut(person).expect("`packet` found the seat");
        seat.studio.offers.insert(offer.what, offer.id);
        let order = Order::Offer { person: person.clone(), what: offer.what, id: offer.id, sdp: offer.sdp };
        self.outputs.push_back(Output::Media(order));
        Ok(())
    }

    pub(super) fn ice(&mut self, person: &PersonId, what: What, fragment: String) -> Result<(), Refusal> {
        if !self.has_offered(person, what) {
            return Err(Refusal(ErrorCode::BadOffer, "there is no such connection; offer it first"));
        }
        self.outputs.push_back(Output::Media(Order::Ice { person: person.clone(), what, fragment }));
        Ok(())
    }

    /// No answer is given: to stop twice is to stop.
    pub(super) fn stop(&mut self, now: Instant, person: &PersonId, what: What) {
        let seat = self.seats.get_mut(person).expect("`packet` and `moderate` found the seat");
        if seat.studio.offers.remove(&what).is_some() {
            self.outputs.push_back(Output::Media(Order::Close { person: person.clone(), what }));
            self.connection_is_gone(now, person, what);
        }
    }

    pub(super) fn me(&mut self, now: Instant, person: &PersonId, me: Me) -> Result<(), Refusal> {
        let name = match me.name.as_deref().map(str::parse).transpose() {
            Ok(name) => name,
            Err(_) => {
                return Err(Refusal(ErrorCode::BadName, "a name is 1 to 64 characters long, none a control character"));
            }
        };
        let role = self.role_of(person);
        let free = role.hosts() || self.settings().unmute;
        let seat = self.seats.get_mut(person).expect("`packet` found the seat");
        if me.microphone == Some(true) && !seat.studio.microphone_on && !free && !seat.asked_to_unmute {
            return Err(Refusal(ErrorCode::NotAllowed, "only a host lets people speak here; raise your hand"));
        }
        if let Some(on) = me.microphone {
            seat.studio.microphone_on = on;
            seat.asked_to_unmute &= !on;
        }
        if let Some(on) = me.camera {
            seat.studio.camera_on = on;
        }
        if me.microphone.is_some() || me.camera.is_some() {
            self.order_forwarding(person);
        }
        let hand = me.hand.map(|up| up.then(|| self.roster.next_stamp().count));
        self.describe(now, person, |how| {
            how.name = name.unwrap_or(how.name.clone());
            // Who raises a hand that is up keeps their turn.
            how.hand = hand.map_or(how.hand, |hand| hand.map(|turn| how.hand.unwrap_or(turn)));
        });
        Ok(())
    }

    pub(super) fn report(&mut self, now: Instant, report: Report) {
        match report {
            Report::Answered { person, what, id, sdp, slots } => self.answered(now, person, what, id, sdp, slots),
            Report::Refused { person, what, id, reason } => {
                if self.is_latest(&person, what, id) {
                    self.stop(now, &person, what);
                    self.say(now, &person, ServerBody::MediaEnded { what, reason });
                }
            }
            Report::Ice { person, what, fragment } => {
                if self.has_offered(&person, what) {
                    self.say(now, &person, ServerBody::Ice { what, fragment });
                }
            }
            Report::Tracks { person, what, audio, video } => self.tracks(now, &person, what, audio, video),
            Report::Ended { person, what, reason } => {
                let Some(seat) = self.seats.get_mut(&person) else { return };
                if seat.studio.offers.remove(&what).is_some() {
                    // The media keeps what belongs to a connection until it is told that nobody wants it any more.
                    self.outputs.push_back(Output::Media(Order::Close { person: person.clone(), what }));
                    self.connection_is_gone(now, &person, what);
                    self.say(now, &person, ServerBody::MediaEnded { what, reason });
                }
            }
            Report::Slot { person, mid, of, state } => {
                // What a slot carried before it was given to somebody else says nothing about them.
                let carries = self.seats.get(&person).and_then(|seat| seat.feeds.at(&mid));
                if carries == Some(&of) {
                    let view = slot_view(mid, Some(&of), state);
                    self.say(now, &person, ServerBody::Slots { slots: vec![view] });
                }
            }
            Report::Speaker { speaker, heard } => {
                self.speaker = ServerBody::Speaker {
                    account_id: speaker.map(|speaker| speaker.to_string()),
                    heard: heard.iter().map(PersonId::to_string).collect(),
                };
                self.pass_all(now, self.speaker.clone());
            }
            Report::Message { person, notice } => self.tell_notice(now, &person, notice),
            Report::Quality { person, quality } => self.describe(now, &person, |how| how.quality = quality),
        }
    }

    /// What all slots of somebody carry, where that has changed.
    pub(super) fn order_slots(&mut self, now: Instant, person: &PersonId) {
        let Some(seat) = self.seats.get_mut(person) else { return };
        let Some(slots) = seat.feeds.take_changes() else { return };
        let view = |slot: &Assigned| slot_view(slot.mid.clone(), slot.of.as_ref(), SlotState::Waiting);
        let (before, views): (Vec<SlotView>, Vec<SlotView>) =
            (std::mem::take(&mut seat.slots_told), slots.iter().map(view).collect());
        seat.slots_told = views.clone();
        let news: Vec<SlotView> = views.into_iter().filter(|view| !before.contains(view)).collect();
        self.outputs.push_back(Output::Media(Order::Assign { person: person.clone(), slots }));
        if !news.is_empty() {
            self.say(now, person, ServerBody::Slots { slots: news });
        }
    }

    /// Everything of somebody's that is open ends.
    pub(super) fn close_all(&mut self, person: &PersonId, open: impl IntoIterator<Item = What>) {
        for what in open {
            self.outputs.push_back(Output::Media(Order::Close { person: person.clone(), what }));
        }
    }

    pub(super) fn order_forwarding(&mut self, person: &PersonId) {
        let Some(seat) = self.seats.get(person) else { return };
        let studio = &seat.studio;
        if studio.offers.contains_key(&What::Camera) {
            for (track, on) in [(Track::Microphone, studio.microphone_on), (Track::Camera, studio.camera_on)] {
                self.outputs.push_back(Output::Media(Order::Forward { person: person.clone(), track, on }));
            }
        }
    }

    fn answered(&mut self, now: Instant, person: PersonId, what: What, id: u32, sdp: String, slots: Vec<String>) {
        if !self.has_offered(&person, what) {
            // They have left, or stopped, while it was made.
            self.close_all(&person, [what]);
            return;
        }
        if !self.is_latest(&person, what, id) {
            return;
        }
        self.say(now, &person, ServerBody::Answer { what, id, sdp });
        match what {
            What::Camera => self.order_forwarding(&person),
            What::Screen => {}
            What::Receive => {
                if let Some(seat) = self.seats.get_mut(&person) {
                    seat.slots_told.clear();
                    seat.feeds.offer_slots(slots);
                    self.order_slots(now, &person);
                }
                self.begin_data(&person);
            }
        }
    }

    fn tracks(&mut self, now: Instant, person: &PersonId, what: What, audio: bool, video: bool) {
        let Some(seat) = self.seats.get_mut(person) else { return };
        if !seat.studio.offers.contains_key(&what) {
            return;
        }
        match what {
            What::Camera => (seat.studio.microphone, seat.studio.camera) = (audio, video),
            What::Screen => seat.studio.screen = video,
            What::Receive => return,
        }
        self.order_forwarding(person);
        self.describe(now, person, |_| {});
    }

    fn connection_is_gone(&mut self, now: Instant, person: &PersonId, what: What) {
        let seat = self.seats.get_mut(person).expect("whoever has a connection has a seat");
        match what {
            What::Camera => (seat.studio.microphone, seat.studio.camera) = (false, false),
            What::Screen => seat.studio.screen = false,
            What::Receive => {
                seat.feeds.close_slots();
                seat.slots_told.clear();
                seat.sends_told = None;
            }
        }
        self.describe(now, person, |_| {});
    }

    /// Also those on this node who have asked for it and do not show anything yet.
    fn others_who_share(&self, person: &PersonId) -> usize {
        let about_to = self.seats.iter().filter(|(_, seat)| seat.studio.offers.contains_key(&What::Screen));
        let sharing: BTreeSet<&PersonId> = about_to.map(|(person, _)| person).chain(self.roster.shares()).collect();
        sharing.into_iter().filter(|other| *other != person).count()
    }

    fn has_offered(&self, person: &PersonId, what: What) -> bool {
        self.seats.get(person).is_some_and(|seat| seat.studio.offers.contains_key(&what))
    }

    fn is_latest(&self, person: &PersonId, what: What, id: u32) -> bool {
        self.seats.get(person).is_some_and(|seat| seat.studio.offers.get(&what) == Some(&id))
    }
}

pub(super) fn slot_view(mid: String, of: Option<&FeedId>, state: SlotState) -> SlotView {
    let source: Option<Source> = of.map(|of| of.source);
    SlotView { mid, account_id: of.map(|of| of.person.to_string()), source, state }
}
