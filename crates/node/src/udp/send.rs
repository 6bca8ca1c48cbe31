//! Sending a tick's output: plan the messages, hand them over 64 at a time, and keep going when the kernel refuses some.
//!
//! A datagram that does not leave is lost, as it would be in the network, and counted by the reason. What the machine
//! cannot do is learnt by trying:
//!
//! * `EIO`, `EINVAL` for a GSO message: its route cannot segment (small MTU, device without checksum offload). Its datagrams
//!   go singly. After 16 such in a row GSO rests for 4,096 messages, then is tried again.
//! * `ENOSYS`, `EPERM` for `sendmmsg` that never worked, while a plain send does: a sandbox forbids it. From then on one
//!   call per message. (`EPERM` later on is a firewall's opinion of one packet.)

use std::io;
use std::os::fd::AsFd;

use transport::Outbox;

use super::Socket;
use super::address::Name;
use super::sys::{self, SEND_BATCH, Unit};

/// The kernel's UDP_MAX_SEGMENTS up to 6.8; later ones allow 128, which measured no better than 50.
const SEGMENTS_MAX: usize = 64;
/// Below the 65,507 bytes of one IPv4 datagram, because the kernel counts the headers in.
const GSO_BYTES_MAX: usize = 65_000;
/// A route that refuses is no reason to give up for all others; sixteen refusals without one success are.
const REFUSALS_MAX: u32 = 16;
/// How many messages go singly before GSO is tried again: an interface may have come up that can do it.
const REST_MESSAGES: u32 = 4096;
/// A full buffer may drain while the rest of a batch is handed over, so the next message is tried. After eight in a row
/// it will not, and each further try would cost a system call.
const FULL_MAX: u32 = 8;

/// What became of one [`Outbox`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SendReport {
    /// Datagrams the kernel took.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Datagrams lost because the socket's send buffer or the device queue was full.
    pub dropped_full: u64,
    /// Datagrams the kernel refused for another reason: no route, a firewall, too long, a family the socket has not.
    pub dropped_refused: u64,
    /// Messages that left with more than one datagram.
    pub gso_messages: u64,
    /// System calls.
    pub calls: u64,
    /// Something to log once; at most once of each kind in a socket's life.
    pub notice: Option<Notice>,
}

/// A capability found missing, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Sending several datagrams per message is refused (errno): sending costs two to three times the CPU.
    GsoRefused(i32),
    /// `sendmmsg` is refused (errno), probably by a sandbox: one call per message.
    BatchRefused(i32),
}

#[derive(Debug)]
pub(super) struct State {
    gso: Gso,
    gso_noticed: bool,
    batches: Batches,
    /// Kept between calls for its memory.
    plan: Vec<Unit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batches {
    Untried,
    Work,
    Refused,
}

#[derive(Debug)]
enum Gso {
    Unknown,
    On { refused_in_a_row: u32 },
    Resting { messages_left: u32 },
}

impl State {
    pub fn new(gso: bool) -> State {
        let gso = if gso { Gso::On { refused_in_a_row: 0 } } else { Gso::Unknown };
        State { gso, gso_noticed: false, batches: Batches::Untried, plan: Vec::new() }
    }

    pub fn gso_is_on(&self) -> bool {
        matches!(self.gso, Gso::On { .. })
    }

    #[cfg(test)]
    pub fn refuse_batches(&mut self) {
        self.batches = Batches::Refused;
    }

    fn gso_accepted(&mut self) {
        if let Gso::On { refused_in_a_row } = &mut self.gso {
            *refused_in_a_row = 0;
        }
    }

    fn gso_refused(&mut self, errno: i32, report: &mut SendReport) {
        if let Gso::On { refused_in_a_row } = &mut self.gso {
            *refused_in_a_row += 1;
            if *refused_in_a_row >= REFUSALS_MAX {
                self.gso = Gso::Resting { messages_left: REST_MESSAGES };
                if !self.gso_noticed {
                    self.gso_noticed = true;
                    report.notice = Some(Notice::GsoRefused(errno));
                }
            }
        }
    }

    /// Whether this message may leave as one; counts down a rest.
    fn gso_for_next(&mut self) -> bool {
        match &mut self.gso {
            Gso::Unknown => false,
            Gso::On { .. } => true,
            Gso::Resting { messages_left: 0 } => {
                // One refusal sends it back to rest.
                self.gso = Gso::On { refused_in_a_row: REFUSALS_MAX - 1 };
                true
            }
            Gso::Resting { messages_left } => {
                *messages_left -= 1;
                false
            }
        }
    }
}

impl Socket {
    /// Sends everything in `outbox`, in order. Never blocks: what meets a full buffer is dropped and counted.
    pub fn send(&mut self, outbox: &Outbox) -> SendReport {
        let mut report = SendReport::default();
        let mut plan = std::mem::take(&mut self.send.plan);
        plan.clear();
        for message in &outbox.messages {
            self.plan_message(outbox, message, &mut plan, &mut report);
        }
        self.send_units(outbox.bytes(), &plan, &mut report);
        self.send.plan = plan;
        report
    }

    fn plan_message(
        &mut self,
        outbox: &Outbox,
        message: &transport::Message,
        plan: &mut Vec<Unit>,
        report: &mut SendReport,
    ) {
        let segment = match usize::from(message.segment) {
            0 => message.len,
            segment => segment.min(message.len),
        };
        let inside = message.start.checked_add(message.len).is_some_and(|end| end <= outbox.bytes().len());
        debug_assert!(inside && segment > 0, "a message names bytes of its outbox");
        if !inside || segment == 0 {
            report.dropped_refused += 1;
            return;
        }
        let Some(to) = Name::new(message.to, self.local.is_ipv6()) else {
            report.dropped_refused += message.len.div_ceil(segment) as u64;
            return;
        };
        let gso = segment < message.len && self.send.gso_for_next();
        let segments = if gso { SEGMENTS_MAX.min(GSO_BYTES_MAX / segment).max(1) } else { 1 };
        let unit =
            Unit { start: message.start, len: message.len, segment: segment.min(usize::from(u16::MAX)) as u16, to };
        split(unit, segment, segments, |unit| plan.push(unit));
    }

    fn send_units(&mut self, bytes: &[u8], units: &[Unit], report: &mut SendReport) {
        let mut next = 0;
        let mut full_in_a_row = 0;
        while next < units.len() {
            report.calls += 1;
            let unit = &units[next];
            let errno = match self.hand_over(bytes, &units[next..]) {
                Ok(taken) => {
                    full_in_a_row = 0;
                    for unit in &units[next..next + taken] {
                        report.sent += datagrams(unit);
                        report.sent_bytes += unit.len as u64;
                        if unit.segment > 0 {
                            report.gso_messages += 1;
                            self.send.gso_accepted();
                        }
                    }
                    next += taken;
                    continue;
                }
                Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
            };
            match errno {
                libc::EINTR => continue,
                libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM => {
                    report.dropped_full += datagrams(unit);
                    full_in_a_row += 1;
                    if full_in_a_row == FULL_MAX {
                        report.dropped_full += units[next + 1..].iter().map(datagrams).sum::<u64>();
                        return;
                    }
                }
                libc::EIO | libc::EINVAL if unit.segment > 0 => {
                    self.send.gso_refused(errno, report);
                    let mut singles = Vec::with_capacity(SEGMENTS_MAX);
                    split(*unit, usize::from(unit.segment), 1, |single| singles.push(single));
                    self.send_units(bytes, &singles, report);
                }
                libc::ENOSYS | libc::EPERM
                    if self.send.batches == Batches::Untried && self.can_send_singly(bytes, unit) =>
                {
                    self.send.batches = Batches::Refused;
                    report.notice.get_or_insert(Notice::BatchRefused(errno));
                    report.sent += datagrams(unit);
                    report.sent_bytes += unit.len as u64;
                    report.gso_messages += u64::from(unit.segment > 0);
                }
                _ => report.dropped_refused += datagrams(unit),
            }
            next += 1;
        }
    }

    /// One system call: how many of `units`, which is not empty, the kernel took, at least one.
    fn hand_over(&mut self, bytes: &[u8], units: &[Unit]) -> io::Result<usize> {
        if self.send.batches == Batches::Refused {
            return sys::send_one(self.socket.as_fd(), bytes, &units[0]).map(|()| 1);
        }
        let taken = sys::send_many(self.socket.as_fd(), bytes, &units[..units.len().min(SEND_BATCH)])?;
        self.send.batches = Batches::Work;
        Ok(taken.max(1))
    }

    fn can_send_singly(&self, bytes: &[u8], unit: &Unit) -> bool {
        sys::send_one(self.socket.as_fd(), bytes, unit).is_ok()
    }
}

/// Cuts `unit` into units of at most `segments` datagrams of `segment` bytes.
fn split(unit: Unit, segment: usize, segments: usize, mut each: impl FnMut(Unit)) {
    let step = segment * segments;
    let mut done = 0;
    while done < unit.len {
        let len = step.min(unit.len - done);
        let several = len > segment;
        each(Unit { start: unit.start + done, len, segment: if several { unit.segment } else { 0 }, to: unit.to });
        done += len;
    }
}

fn datagrams(unit: &Unit) -> u64 {
    match u64::from(unit.segment) {
        0 => 1,
        segment => (unit.len as u64).div_ceil(segment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(len: usize, segment: u16) -> Unit {
        Unit { start: 100, len, segment, to: Name::EMPTY }
    }

    #[test]
    fn a_message_beyond_the_kernels_limits_is_cut_at_datagram_borders() {
        // 100 segments of 1,200: 54 fit 65,000 bytes.
        let mut cut = Vec::new();
        split(unit(120_000, 1200), 1200, SEGMENTS_MAX.min(GSO_BYTES_MAX / 1200), |u| {
            cut.push((u.start, u.len, u.segment))
        });
        assert_eq!(cut, [(100, 64_800, 1200), (64_900, 55_200, 1200)]);
        // 130 segments of 100: 64 each, and the lone last ones need no GSO.
        cut.clear();
        split(unit(12_850, 100), 100, 64, |u| cut.push((u.start, u.len, u.segment)));
        assert_eq!(cut, [(100, 6400, 100), (6500, 6400, 100), (12_900, 50, 0)]);
    }

    #[test]
    fn sixteen_refusals_rest_gso_and_it_is_tried_again_later() {
        let mut state = State::new(true);
        let mut report = SendReport::default();
        for _ in 0..REFUSALS_MAX - 1 {
            state.gso_refused(libc::EINVAL, &mut report);
        }
        state.gso_accepted();
        state.gso_refused(libc::EINVAL, &mut report);
        assert!(state.gso_is_on(), "a success in between forgives");
        for _ in 0..REFUSALS_MAX - 1 {
            state.gso_refused(libc::EIO, &mut report);
        }
        assert!(!state.gso_is_on());
        assert_eq!(report.notice, Some(Notice::GsoRefused(libc::EIO)));

        let tries: Vec<bool> = (0..=REST_MESSAGES).map(|_| state.gso_for_next()).collect();
        assert_eq!(tries.iter().filter(|&&t| t).count(), 1);
        assert!(tries[REST_MESSAGES as usize]);
        report.notice = None;
        state.gso_refused(libc::EIO, &mut report);
        assert!(!state.gso_is_on());
        assert_eq!(report.notice, None, "said once");
    }
}
