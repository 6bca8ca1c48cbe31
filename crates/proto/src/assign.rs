//! Whose picture each video section of a viewer is to show, and what each is given: the receive slots of a meeting.

use crate::PublisherName;

/// One section's part of a wish. A wish of several is carried out as one: a page of a gallery turns at once.
///
/// The mid comes from outside and is bounded by whoever parses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The section: its mid, or the number of its m-line.
    pub mid: String,
    /// `None` shows nothing. A name that nobody publishes under shows nothing until somebody does.
    pub of: Option<PublisherName>,
    /// The best layer that costs no more is sent, or the smallest if all cost more.
    pub ceiling_kbps: Option<u32>,
    /// Lines of the box that it is shown in: the smallest layer that fills it is enough.
    pub height_max: Option<u16>,
    /// Of a line that does not carry everything, the highest is served first.
    pub priority: u8,
}

/// What a section is given now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub mid: String,
    pub given: Given,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// It is assigned to nobody, or to somebody who does not publish a picture now.
    Nothing,
    /// The publisher's codec is another one than the section was negotiated with.
    Unplayable,
    /// The viewer asked for a pause.
    Paused,
    /// The publisher has sent nothing for a while: the last picture stays.
    Silent,
    /// A picture that a decoder can begin with is on its way.
    Waiting,
    /// The line does not carry it beside what comes first. It comes by itself when the line does.
    Withheld,
    Layer {
        /// Its RID, or its number where the publisher sends one stream.
        name: String,
        height: Option<u32>,
    },
}
