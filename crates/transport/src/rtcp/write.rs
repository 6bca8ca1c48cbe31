//! Writing RTCP. Each function appends one packet to a compound.

use super::{ReportBlock, SenderInfo, format, kind};

/// Longest CNAME; an SDES item counts its bytes in one.
const CNAME_LEN_MAX: usize = 255;

/// Sender report with the CNAME, which together are what a regular compound has to hold (RFC 3550 §6.1). At most 31
/// blocks fit; more are left out.
pub fn sender_report(out: &mut Vec<u8>, ssrc: u32, info: &SenderInfo, blocks: &[ReportBlock], cname: &str) {
    let blocks = &blocks[..blocks.len().min(31)];
    packet(out, blocks.len() as u8, kind::SENDER_REPORT, |out| {
        for word in [ssrc, (info.ntp >> 32) as u32, info.ntp as u32, info.rtp_time, info.packets, info.bytes] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        report_blocks(out, blocks);
    });
    source_description(out, ssrc, cname);
}

/// The same from somebody who sends no media.
pub fn receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[ReportBlock], cname: &str) {
    let blocks = &blocks[..blocks.len().min(31)];
    packet(out, blocks.len() as u8, kind::RECEIVER_REPORT, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        report_blocks(out, blocks);
    });
    source_description(out, ssrc, cname);
}

fn report_blocks(out: &mut Vec<u8>, blocks: &[ReportBlock]) {
    for block in blocks {
        let loss = u32::from(block.fraction_lost) << 24 | (block.lost as u32 & 0x00ff_ffff);
        for word in [block.ssrc, loss, block.highest_seq, block.jitter, block.last_sr, block.delay] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

fn source_description(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let cname = &cname.as_bytes()[..cname.len().min(CNAME_LEN_MAX)];
    packet(out, 1, kind::SDES, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        out.extend_from_slice(&[1, cname.len() as u8]);
        out.extend_from_slice(cname);
        // The list of items ends with a zero, and the chunk at a word.
        out.push(0);
    });
}

/// Asks the sender of `media` for a keyframe.
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    packet(out, format::PLI, kind::PAYLOAD_FEEDBACK, |out| {
        out.extend_from_slice(&sender.to_be_bytes());
        out.extend_from_slice(&media.to_be_bytes());
    });
}

/// Asks for packets again. `lost` in ascending order makes the shortest packet.
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, lost: &[u16]) {
    packet(out, format::NACK, kind::TRANSPORT_FEEDBACK, |out| {
        out.extend_from_slice(&sender.to_be_bytes());
        out.extend_from_slice(&media.to_be_bytes());
        let mut lost = lost.iter().copied().peekable();
        while let Some(first) = lost.next() {
            let mut mask = 0u16;
            while let Some(offset @ 1..=16) = lost.peek().map(|seq| seq.wrapping_sub(first)) {
                mask |= 1 << (offset - 1);
                lost.next();
            }
            out.extend_from_slice(&first.to_be_bytes());
            out.extend_from_slice(&mask.to_be_bytes());
        }
    });
}

/// The streams end. At most 31 fit into one packet; more are left out.
pub fn bye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(31)];
    packet(out, ssrcs.len() as u8, kind::BYE, |out| {
        for ssrc in ssrcs {
            out.extend_from_slice(&ssrc.to_be_bytes());
        }
    });
}

/// Transport-wide feedback. `arrivals` are in units of 250 µs on one clock, `None` for lost, from `base_seq` on; what
/// does not fit a delta or a packet ends the report. Returns how many statuses were written.
pub fn transport_feedback(
    out: &mut Vec<u8>,
    (sender, media): (u32, u32),
    (base_seq, feedback_count): (u16, u8),
    arrivals: &[Option<i64>],
) -> usize {
    /// Statuses in one packet: far above what arrives between two reports, and small enough for any path.
    const STATUSES_MAX: usize = 400;
    let Some(first) = arrivals.iter().flatten().next() else {
        return 0;
    };
    let reference = first.div_euclid(256);
    let mut time = reference * 256;
    let mut statuses: Vec<u16> = Vec::new();
    let mut deltas: Vec<u8> = Vec::new();
    for arrival in arrivals.iter().take(STATUSES_MAX) {
        let Some(at) = arrival else {
            statuses.push(0);
            continue;
        };
        let delta = at - time;
        if let Ok(small) = u8::try_from(delta) {
            statuses.push(1);
            deltas.push(small);
        } else if let Ok(large) = i16::try_from(delta) {
            statuses.push(2);
            deltas.extend_from_slice(&large.to_be_bytes());
        } else {
            break;
        }
        time = *at;
    }
    packet(out, format::TWCC, kind::TRANSPORT_FEEDBACK, |out| {
        out.extend_from_slice(&sender.to_be_bytes());
        out.extend_from_slice(&media.to_be_bytes());
        out.extend_from_slice(&base_seq.to_be_bytes());
        out.extend_from_slice(&(statuses.len() as u16).to_be_bytes());
        out.extend_from_slice(&(reference as i32).to_be_bytes()[1..]);
        out.push(feedback_count);
        for chunk in statuses.chunks(7) {
            let vector = chunk.iter().enumerate().fold(0xc000, |v, (i, status)| v | status << (12 - 2 * i));
            out.extend_from_slice(&vector.to_be_bytes());
        }
        out.extend_from_slice(&deltas);
    });
    statuses.len()
}

/// Header, body, zeros up to a whole word, and the length once it is known.
fn packet(out: &mut Vec<u8>, count: u8, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    body(out);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}
