//! Why something was not forwarded. Each reason is counted, so that "why is it black" is a metric and not a debugging
//! session.

use std::fmt;

macro_rules! drops {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// The reason for dropping a datagram or a packet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Drop { $($(#[$doc])* $name,)* }

        impl Drop {
            pub const ALL: &'static [Drop] = &[$(Drop::$name,)*];

            /// The value of the metric label `reason`.
            pub fn label(self) -> &'static str {
                match self { $(Drop::$name => $label,)* }
            }
        }
    };
}

drops! {
    /// First byte of no protocol we speak.
    NotOurs = "not_ours",
    /// A STUN request for a ufrag that nobody here has.
    UnknownUfrag = "unknown_ufrag",
    /// A STUN request whose integrity does not hold under our password.
    BadIntegrity = "bad_integrity",
    /// DTLS or media from an address that ICE has not validated.
    NotValidated = "not_validated",
    /// SRTP or SRTCP that does not authenticate, or a replay.
    NotAuthentic = "not_authentic",
    /// RTP from a viewer, who has nothing to send.
    Unexpected = "unexpected",
    /// A packet the ring already holds.
    Duplicate = "duplicate",
    /// A packet older than the ring.
    TooOld = "too_old",
    /// More layers or tracks than a session may have.
    TooManyLayers = "too_many_layers",
    /// A packet in a codec we do not know, or larger than a datagram.
    Unusable = "unusable",
    /// Its publisher's microphone or camera is off.
    Muted = "muted",
    /// The viewer has no keyframe of this source yet.
    WaitingForKeyframe = "waiting_for_keyframe",
    /// The viewer watches another layer.
    LayerNotWanted = "layer_not_wanted",
    /// A straggler from before the viewer's splice point.
    BeforeSplice = "before_splice",
    /// Repair asked for, but the packet is gone from the ring.
    RepairTooLate = "repair_too_late",
    /// Repair asked for before the packet was sent at all: it waits for the pacer.
    RepairTooEarly = "repair_too_early",
    /// Repair asked for, but the viewer negotiated no RTX.
    RepairWithoutRtx = "repair_without_rtx",
    /// Repair asked for of a layer that the line could not carry: its successor begins with a keyframe.
    RepairOfAbandoned = "repair_of_abandoned",
    /// Repair asked for beyond the budget of a fifth of the stream and a quarter of the line.
    RepairBudget = "repair_budget",
    /// A packet waited for the pacer until its ring had moved on. Must stay zero: a ring remembers seconds, and the pacer holds for 200 ms.
    HeldTooLong = "held_too_long",
    /// A message of an application beyond what its sender may send at a time.
    MessageTooFast = "message_too_fast",
    /// A message that is malformed, too large, or not allowed.
    MessageRefused = "message_refused",
    /// A message on a channel of nobody who takes part in a meeting.
    MessageOfStranger = "message_of_stranger",
    /// A lossy message for which a newer one was sent.
    MessageOutdated = "message_outdated",
    /// Not a message but a reader, who was closed because reliable messages came faster than they were read.
    MessageReaderSlow = "message_reader_slow",
    /// A plain feed's packet for which the queue to its worker was full.
    FeedQueueFull = "feed_queue_full",
    /// The ring to another worker was full.
    LinkFull = "link_full",
    /// More was to be sent at once than an outbox takes: a whole audience whose packets waited for their pace, and whose source ended.
    OutboxFull = "outbox_full",
    /// The socket's send buffer was full.
    SendBufferFull = "send_buffer_full",
    /// A packet under a number that was sealed before, or so old that we cannot tell. Must stay zero: the guard behind the safety rule.
    SealedTwice = "sealed_twice",
    /// str0m wanted to send SRTP for a viewer: a second sender under one key. Must stay zero.
    SecondSender = "second_sender",
}

impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// A count for each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drops([u64; Drop::ALL.len()]);

impl Default for Drops {
    fn default() -> Self {
        Drops([0; Drop::ALL.len()])
    }
}

impl Drops {
    pub fn count(&mut self, reason: Drop) {
        self.add(reason, 1);
    }

    pub fn add(&mut self, reason: Drop, n: u64) {
        self.0[reason as usize] += n;
    }

    pub fn get(&self, reason: Drop) -> u64 {
        self.0[reason as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (Drop, u64)> + '_ {
        Drop::ALL.iter().map(|&reason| (reason, self.get(reason)))
    }
}
