//! Data channels: the messages of one peer beside its media. What they say is not known here.

use super::Peer;

/// A data channel of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel(pub(crate) str0m::channel::ChannelId);

impl Peer {
    /// Sends a message on a data channel. False when the channel is not open or has too much waiting.
    pub fn send_message(&mut self, channel: Channel, binary: bool, data: &[u8]) -> bool {
        match self.rtc.channel(channel.0) {
            Some(mut open) => open.write(binary, data).unwrap_or(false),
            None => false,
        }
    }

    /// Bytes of a channel's messages that are not sent, or not confirmed, yet.
    pub fn unconfirmed(&mut self, channel: Channel) -> usize {
        self.rtc.channel(channel.0).map_or(0, |mut open| open.buffered_amount())
    }

    /// [`Event::ChannelDrained`] comes whenever a channel's unconfirmed bytes fall to so many.
    pub fn set_low_mark(&mut self, channel: Channel, bytes: usize) {
        if let Some(mut open) = self.rtc.channel(channel.0) {
            open.set_buffered_amount_low_threshold(bytes);
        }
    }

    /// Closes a data channel. What waits in it is not sent any more; the peer may open another one.
    pub fn close_channel(&mut self, channel: Channel) {
        self.rtc.direct_api().close_data_channel(channel.0);
    }
}
