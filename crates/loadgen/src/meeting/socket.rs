//! A person's end of the meeting's WebSocket.

use dial::{Client, Connection, Url};
use futures_util::{SinkExt, StreamExt};
use proto::meeting::{ClientBody, ClientPacket, ServerBody, ServerPacket};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message, protocol::WebSocketConfig};

use crate::Error;

pub struct Socket {
    stream: WebSocketStream<Box<dyn Connection>>,
    meeting: String,
    last_seq: u64,
}

/// A node lets a megabyte be unread; a packet is less.
const PACKET_BYTES_MAX: usize = 1 << 20;

impl Socket {
    /// `url` as a join has it: ws:// or wss://.
    pub async fn open(http: &Client, url: &str, meeting: &str) -> Result<Socket, Error> {
        let server: Url = url.replacen("ws", "http", 1).parse()?;
        let connection = http.open(&server).await?;
        let config = WebSocketConfig::default().max_message_size(Some(PACKET_BYTES_MAX));
        let opened = tokio_tungstenite::client_async_with_config(url, connection, Some(config)).await;
        let (stream, _) = opened.map_err(failed)?;
        Ok(Socket { stream, meeting: meeting.to_owned(), last_seq: 0 })
    }

    pub async fn send(&mut self, body: ClientBody) -> Result<(), Error> {
        let packet = ClientPacket { meeting_id: self.meeting.clone(), body };
        let text = serde_json::to_string(&packet).expect("a packet is JSON");
        self.stream.send(Message::text(text)).await.map_err(failed)
    }

    /// The next packet; `None` when the server has closed. Nothing is lost by not waiting for it to the end.
    pub async fn next(&mut self) -> Result<Option<ServerBody>, Error> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let packet: ServerPacket = serde_json::from_str(&text)
                        .map_err(|error| Error::Meeting(format!("a packet that is none of its protocol: {error}")))?;
                    self.last_seq = packet.seq.unwrap_or(self.last_seq);
                    return Ok(Some(packet.body));
                }
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(failed(error)),
            }
        }
    }

    /// The number of the last packet that had one.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

fn failed(error: tungstenite::Error) -> Error {
    Error::Meeting(format!("its socket broke: {error}"))
}
