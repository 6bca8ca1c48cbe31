//! Plays a clip to a server in real time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use media::codec::{Codec, Kind};
use tokio::time::{Instant, interval_at, sleep_until};

use super::{Client, Clip};
use crate::Error;

const PING_INTERVAL: Duration = Duration::from_secs(5);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Seconds from the NTP epoch (1900) to the Unix epoch.
const NTP_OFFSET: u64 = 2_208_988_800;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    Once,
    Forever,
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Played {
    pub pictures: u64,
    pub packets: u64,
}

/// Sends the clip until its end, or until `stop`; then says goodbye. Timestamps go on from one round to the next.
pub async fn play(
    mut client: Client,
    clip: &Clip,
    rounds: Loop,
    stop: impl Future<Output = ()>,
) -> Result<Played, Error> {
    let start = Instant::now();
    let mut pings = interval_at(start + PING_INTERVAL, PING_INTERVAL);
    let mut reports = interval_at(start, REPORT_INTERVAL);
    let mut stop = std::pin::pin!(stop);
    let mut played = Played::default();
    let mut round = Duration::ZERO;
    let (mut picture, mut sound) = (0, 0);
    loop {
        let (next_picture, next_sound) = (clip.video.get(picture), clip.audio.get(sound));
        let due = next_picture.map(|p| p.at).into_iter().chain(next_sound.map(|s| s.at)).min();
        let Some(due) = due else {
            round += clip.length();
            if rounds == Loop::Once {
                // The last picture has its time too.
                sleep_until(start + round).await;
                break;
            }
            (picture, sound) = (0, 0);
            continue;
        };
        tokio::select! {
            error = client.hear() => return Err(error),
            () = &mut stop => break,
            _ = pings.tick() => client.ping().await?,
            _ = reports.tick() => report(&mut client, clip, start.elapsed()).await?,
            () = sleep_until(start + round + due) => {
                if let Some(next) = next_picture.filter(|next| next.at == due) {
                    let time = ticks(Codec::H264, round + due);
                    for (i, payload) in next.payloads.iter().enumerate() {
                        client.send(Kind::Video, payload, i + 1 == next.payloads.len(), time).await?;
                    }
                    played.pictures += 1;
                    played.packets += next.payloads.len() as u64;
                    picture += 1;
                }
                if let Some(next) = next_sound.filter(|next| next.at == due) {
                    client.send(Kind::Audio, &next.payload, false, ticks(Codec::Opus, round + due)).await?;
                    played.packets += 1;
                    sound += 1;
                }
            }
        }
    }
    client.leave().await?;
    Ok(played)
}

async fn report(client: &mut Client, clip: &Clip, since: Duration) -> Result<(), Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    let ntp = ((now.as_secs() + NTP_OFFSET) << 32) | fraction;
    if !clip.video.is_empty() {
        client.report(Kind::Video, ntp, ticks(Codec::H264, since)).await?;
    }
    if !clip.audio.is_empty() {
        client.report(Kind::Audio, ntp, ticks(Codec::Opus, since)).await?;
    }
    Ok(())
}

/// A time in a codec's clock, which wraps.
fn ticks(codec: Codec, time: Duration) -> u32 {
    media::seq::ticks(time, codec.clock_rate()) as u32
}
