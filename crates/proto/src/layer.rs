//! Which layer of a track a viewer asks for.

/// A viewer's wish. With nothing set the server chooses again, by what the line carries.
///
/// Both texts come from outside and are bounded by whoever parses them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerChoice {
    /// The track: its mid, or the number of its m-line. Absent: the first video track.
    pub mid: Option<String>,
    pub rid: Option<String>,
    pub spatial: Option<u8>,
    pub temporal: Option<u8>,
    pub width_max: Option<u32>,
    pub height_max: Option<u32>,
    /// The best layer that costs no more, or the smallest if all cost more.
    pub kbps_max: Option<u32>,
    /// Nothing at all is to be sent of it.
    pub paused: bool,
}

impl LayerChoice {
    /// The track is named or not; what is to be shown of it is left to the server.
    pub fn is_automatic(&self) -> bool {
        *self == LayerChoice { mid: self.mid.clone(), ..LayerChoice::default() }
    }
}
