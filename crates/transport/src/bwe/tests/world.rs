//! A bottleneck with senders and viewers around it, in virtual time: senders of video at what their estimator says,
//! receivers that report as browsers do, in real bytes.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use netsim::{Link, Profile, Rng};

use crate::bwe::{Estimator, Limits, Sent};
use crate::rtcp::{self, Packet};

pub struct World {
    pub now: Instant,
    start: Instant,
    pub link: Link,
    pub flows: Vec<Flow>,
    rng: Rng,
}

pub struct Flow {
    pub estimator: Estimator,
    begins: Duration,
    /// What the encoder makes at most, and what the sender asks to be probed for.
    pub max_bps: u64,
    pub wanted_bps: u64,
    pub reports: Reports,
    outbox: VecDeque<(Instant, usize, Sent)>,
    next_frame: Instant,
    next_audio: Instant,
    next_tick: Instant,
    receiver: Receiver,
    back: Link,
    samples: Vec<Sample>,
    sent_bytes: u64,
    pub probe_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports {
    Twcc,
    Remb(u64),
    /// Receiver reports with what was lost.
    Loss,
}

/// Every 10 ms.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Duration,
    estimate: u64,
    sent: u64,
    delivered: u64,
    /// Longest wait of a packet that arrived since the last sample.
    queue: Duration,
}

struct Receiver {
    unreported: BTreeMap<u64, i64>,
    next: u64,
    highest: u64,
    reports: u8,
    next_report: Instant,
    delivered: u64,
    queue: Duration,
    received: u64,
    reported: (u64, u64),
}

const AUDIO_BYTES: usize = 100;
const AUDIO_EVERY: Duration = Duration::from_millis(20);
const AUDIO_BPS: u64 = 40_000;
const FRAME_EVERY: Duration = Duration::from_micros(33_333);
/// A publisher paces its frames at about 2.5 times their rate.
const FRAME_LASTS: Duration = Duration::from_millis(13);
/// The receiver's clock passes the end of the 24 bits of its reference time after 10 s.
const RECEIVER_CLOCK: i64 = (1 << 32) - 40_000;

impl World {
    pub fn new(profile: &str, seed: u64) -> World {
        let start = Instant::now();
        let link = Link::new(profile.parse().expect("a profile"), seed);
        World { now: start, start, link, flows: Vec::new(), rng: Rng::seed(seed + 1) }
    }

    /// A sender that makes use of everything up to `max_bps`, from `begins` on.
    pub fn flow(mut self, begins: Duration, max_bps: u64) -> World {
        let at = self.start + begins;
        let delay = self.link.profile().delay;
        let back = Profile { delay, ..Profile::clean() };
        self.flows.push(Flow {
            estimator: Estimator::new(Limits::default()),
            begins,
            max_bps,
            wanted_bps: max_bps,
            reports: Reports::Twcc,
            outbox: VecDeque::new(),
            next_frame: at,
            next_audio: at,
            next_tick: at,
            receiver: Receiver::new(at),
            back: Link::new(back, 1),
            samples: Vec::new(),
            sent_bytes: 0,
            probe_bytes: 0,
        });
        self
    }

    pub fn one(profile: &str, seed: u64) -> World {
        World::new(profile, seed).flow(Duration::ZERO, 20_000_000)
    }

    pub fn change(&mut self, profile: &str) {
        self.link.set_profile(profile.parse().expect("a profile"));
    }

    pub fn cut_reports(&mut self, cut: bool) {
        for flow in &mut self.flows {
            let partition = Profile { partition: cut, ..flow.back.profile().clone() };
            flow.back.set_profile(partition);
        }
    }

    pub fn run(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while self.now < end {
            self.now += Duration::from_millis(1);
            self.step();
        }
    }

    fn step(&mut self) {
        let (now, start) = (self.now, self.start);
        for (index, flow) in self.flows.iter_mut().enumerate().filter(|(_, flow)| now >= start + flow.begins) {
            flow.make_media(now, &mut self.rng);
            flow.ask_for_probe(now);
            while let Some((_, bytes, what)) = flow.outbox.pop_front_if(|(at, ..)| *at <= now) {
                let seq = flow.estimator.sent(now, bytes, what);
                flow.sent_bytes += bytes as u64;
                if what != Sent::Media {
                    flow.probe_bytes += bytes as u64;
                }
                self.link.send(now, datagram(index, seq, now - start, bytes));
            }
        }
        while let Some(due) = self.link.next().filter(|due| *due <= now) {
            let bytes = self.link.poll(due).expect("it is due");
            let delay = self.link.profile().delay;
            self.flows[usize::from(bytes[0])].receiver.take(&bytes, due - start, delay);
        }
        for flow in self.flows.iter_mut().filter(|flow| now >= start + flow.begins) {
            flow.report(now, &mut self.rng);
            flow.hear(now);
            flow.sample(now - start);
        }
    }
}

/// What a test asks about the past of a flow; times in seconds since the beginning of the world.
impl Flow {
    /// Mean rate sent, between two times.
    pub fn sent_bps(&self, from: f64, to: f64) -> f64 {
        self.rate(from, to, |sample| sample.sent)
    }

    pub fn delivered_bps(&self, from: f64, to: f64) -> f64 {
        self.rate(from, to, |sample| sample.delivered)
    }

    pub fn estimates(&self, from: f64, to: f64) -> Vec<f64> {
        self.between(from, to).map(|sample| sample.estimate as f64).collect()
    }

    /// The first time from `from` on at which the estimate is at least `bps`.
    pub fn reaches(&self, from: f64, bps: f64) -> f64 {
        self.when(from, |sample| sample.estimate as f64 >= bps)
    }

    pub fn falls_to(&self, from: f64, bps: f64) -> f64 {
        self.when(from, |sample| sample.estimate as f64 <= bps)
    }

    /// In ms, of samples of the longest wait in 10 ms.
    pub fn queue_ms(&self, from: f64, to: f64, percentile: f64) -> f64 {
        let mut all: Vec<f64> = self.between(from, to).map(|sample| 1000.0 * sample.queue.as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        all[((all.len() - 1) as f64 * percentile / 100.0) as usize]
    }

    /// How often the estimate turned from rising to falling by at least a tenth.
    pub fn drops(&self, from: f64, to: f64) -> usize {
        let (mut peak, mut trough, mut drops) = (0.0f64, f64::MAX, 0);
        for bps in self.estimates(from, to) {
            if peak > 0.0 && bps < 0.9 * peak {
                drops += 1;
                (peak, trough) = (0.0, bps);
            }
            trough = trough.min(bps);
            if peak > 0.0 || bps > 1.02 * trough || drops == 0 {
                peak = peak.max(bps);
            }
        }
        drops
    }

    fn when(&self, from: f64, what: impl Fn(&Sample) -> bool) -> f64 {
        let found = self.between(from, f64::MAX).find(|sample| what(sample));
        found.map_or(f64::INFINITY, |sample| sample.at.as_secs_f64())
    }

    fn rate(&self, from: f64, to: f64, of: impl Fn(&Sample) -> u64) -> f64 {
        let all: Vec<&Sample> = self.between(from, to).collect();
        let (first, last) = (all[0], all[all.len() - 1]);
        (of(last) - of(first)) as f64 * 8.0 / (last.at - first.at).as_secs_f64()
    }

    fn between(&self, from: f64, to: f64) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(move |sample| (from..=to).contains(&sample.at.as_secs_f64()))
    }
}

/// The sender.
impl Flow {
    fn make_media(&mut self, now: Instant, rng: &mut Rng) {
        if now >= self.next_audio {
            self.next_audio += AUDIO_EVERY;
            self.outbox.push_back((now, AUDIO_BYTES, Sent::Media));
        }
        if now >= self.next_frame {
            self.next_frame += FRAME_EVERY;
            let bps = self.estimator.bps().min(self.max_bps).saturating_sub(AUDIO_BPS);
            let bytes = (bps as f64 / 8.0 * FRAME_EVERY.as_secs_f64() * (0.8 + 0.4 * rng.unit())) as usize;
            self.spread(now, FRAME_LASTS, bytes.max(100), bytes.div_ceil(1200).max(1), Sent::Media);
        }
        self.outbox.make_contiguous().sort_by_key(|(at, ..)| *at);
    }

    fn ask_for_probe(&mut self, now: Instant) {
        if let Some(probe) = self.estimator.probe(now, self.wanted_bps) {
            self.spread(now, probe.duration, probe.bytes, probe.packets, Sent::Probe(probe.id));
            self.outbox.make_contiguous().sort_by_key(|(at, ..)| *at);
        }
        if now >= self.next_tick {
            self.next_tick += Duration::from_millis(100);
            self.estimator.tick(now);
        }
    }

    fn spread(&mut self, now: Instant, lasts: Duration, bytes: usize, packets: usize, what: Sent) {
        for number in 0..packets {
            let size = bytes * (number + 1) / packets - bytes * number / packets;
            self.outbox.push_back((now + lasts * number as u32 / packets as u32, size.max(16), what));
        }
    }

    fn report(&mut self, now: Instant, rng: &mut Rng) {
        if now < self.receiver.next_report {
            return;
        }
        let back = &mut self.back;
        match self.reports {
            Reports::Twcc => {
                self.receiver.next_report = now + Duration::from_millis(50 + rng.below(51));
                self.receiver.twcc(|bytes| back.send(now, bytes));
            }
            Reports::Remb(bps) => {
                self.receiver.next_report = now + Duration::from_secs(1);
                back.send(now, remb(bps));
            }
            Reports::Loss => {
                self.receiver.next_report = now + Duration::from_secs(1);
                back.send(now, self.receiver.loss());
            }
        }
    }

    fn hear(&mut self, now: Instant) {
        while let Some(bytes) = self.back.poll(now) {
            for packet in rtcp::read(&bytes) {
                match packet {
                    Packet::Twcc(report) => self.estimator.feedback(now, &report),
                    Packet::Remb { bitrate, .. } => self.estimator.remb(now, bitrate),
                    Packet::SenderReport { blocks, .. } => {
                        blocks.for_each(|block| self.estimator.receiver_report(now, &block, None));
                    }
                    _ => {}
                }
            }
        }
    }

    fn sample(&mut self, at: Duration) {
        if at.as_millis().is_multiple_of(10) {
            self.samples.push(Sample {
                at,
                estimate: self.estimator.bps(),
                sent: self.sent_bytes,
                delivered: self.receiver.delivered,
                queue: std::mem::take(&mut self.receiver.queue),
            });
        }
    }
}

impl Receiver {
    fn new(at: Instant) -> Receiver {
        Receiver {
            unreported: BTreeMap::new(),
            next: 0,
            highest: 0,
            reports: 0,
            next_report: at,
            delivered: 0,
            queue: Duration::ZERO,
            received: 0,
            reported: (0, 0),
        }
    }

    fn take(&mut self, bytes: &[u8], at: Duration, path: Duration) {
        let seq = u16::from_be_bytes([bytes[1], bytes[2]]);
        let sent = Duration::from_nanos(u64::from_be_bytes(bytes[3..11].try_into().unwrap()));
        let seq = (self.highest as i64 + i64::from(seq.wrapping_sub(self.highest as u16) as i16)) as u64;
        self.highest = self.highest.max(seq);
        self.delivered += bytes.len() as u64;
        self.received += 1;
        self.queue = self.queue.max((at - sent).saturating_sub(path));
        self.unreported.insert(seq, RECEIVER_CLOCK + (at.as_micros() / 250) as i64);
    }

    fn twcc(&mut self, mut send: impl FnMut(Vec<u8>)) {
        while let Some((&first, _)) = self.unreported.first_key_value() {
            let base = first.min(self.next);
            let arrivals: Vec<Option<i64>> =
                (base..=self.highest).map(|seq| self.unreported.get(&seq).copied()).collect();
            let mut out = Vec::new();
            let written = rtcp::transport_feedback(&mut out, (1, 2), (base as u16, self.reports), &arrivals) as u64;
            self.reports = self.reports.wrapping_add(1);
            self.unreported = self.unreported.split_off(&(base + written));
            self.next = self.next.max(base + written);
            send(out);
        }
    }

    fn loss(&mut self) -> Vec<u8> {
        let (expected, received) = (self.highest - self.reported.0, self.received - self.reported.1);
        self.reported = (self.highest, self.received);
        let lost = expected.saturating_sub(received);
        let block = rtcp::ReportBlock {
            ssrc: 2,
            fraction_lost: (256 * lost / expected.max(1)).min(255) as u8,
            lost: 0,
            highest_seq: self.highest as u32,
            jitter: 0,
            last_sr: 0,
            delay: 0,
        };
        let info = rtcp::SenderInfo { ntp: 0, rtp_time: 0, packets: 0, bytes: 0 };
        let mut out = Vec::new();
        rtcp::sender_report(&mut out, 1, &info, &[block], "viewer");
        out
    }
}

fn datagram(flow: usize, seq: u16, at: Duration, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    bytes[0] = flow as u8;
    bytes[1..3].copy_from_slice(&seq.to_be_bytes());
    bytes[3..11].copy_from_slice(&(at.as_nanos() as u64).to_be_bytes());
    bytes
}

/// draft-alvestrand-rmcat-remb, for no stream in particular.
fn remb(bps: u64) -> Vec<u8> {
    let exponent = (64 - bps.leading_zeros()).saturating_sub(18);
    let mut bytes = vec![0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend_from_slice(b"REMB");
    bytes.extend_from_slice(&(exponent << 18 | (bps >> exponent) as u32).to_be_bytes());
    bytes
}
