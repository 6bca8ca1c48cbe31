use super::*;

fn all(bytes: &[u8]) -> Vec<Packet<'_>> {
    read(bytes).collect()
}

#[test]
fn a_sender_report_with_its_name_comes_back() {
    let info = SenderInfo { ntp: 0x0123_4567_89ab_cdef, rtp_time: 7, packets: 8, bytes: 9 };
    let block = ReportBlock {
        ssrc: 5,
        fraction_lost: 128,
        lost: -3,
        highest_seq: 0x0001_ffff,
        jitter: 4,
        last_sr: 5,
        delay: 6,
    };
    let mut bytes = Vec::new();
    sender_report(&mut bytes, 42, &info, &[block], "weir");
    let packets = all(&bytes);
    let Packet::SenderReport { ssrc: 42, info: read, blocks } = packets[0] else { panic!("{packets:?}") };
    assert_eq!(read, info);
    assert_eq!(blocks.collect::<Vec<_>>(), [block]);
    let Packet::Sdes(chunk) = packets[1] else { panic!("{packets:?}") };
    assert_eq!(&chunk[..10], b"\0\0\0\x2a\x01\x04weir");
    assert_eq!(packets.len(), 2);
}

#[test]
fn a_receiver_report_with_its_name_comes_back() {
    let block = ReportBlock { ssrc: 5, fraction_lost: 1, lost: 2, highest_seq: 3, jitter: 4, last_sr: 5, delay: 6 };
    let mut bytes = Vec::new();
    receiver_report(&mut bytes, 42, &[block], "weir");
    let packets = all(&bytes);
    let Packet::ReceiverReport { ssrc: 42, blocks } = packets[0] else { panic!("{packets:?}") };
    assert_eq!(blocks.collect::<Vec<_>>(), [block]);
    assert!(matches!(packets[1], Packet::Sdes(_)) && packets.len() == 2);
}

#[test]
fn a_nack_names_what_is_lost_across_the_wrap() {
    let lost = [65_530, 65_531, 65_535, 0, 9, 10, 200];
    let mut bytes = Vec::new();
    nack(&mut bytes, 1, 2, &lost);
    let packets = all(&bytes);
    let Packet::Nack { sender: 1, media: 2, lost: read } = packets[0] else { panic!("{packets:?}") };
    assert_eq!(read.collect::<Vec<_>>(), lost);
    assert_eq!(bytes.len(), 12 + 2 * 4, "runs share an entry");
}

#[test]
fn keyframe_requests_and_goodbyes_come_back() {
    let mut bytes = Vec::new();
    pli(&mut bytes, 1, 2);
    bye(&mut bytes, &[3, 4]);
    // FIR with two entries, as RFC 5104 §4.3.1.1 lays it out.
    bytes.extend_from_slice(&[0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0]);
    bytes.extend_from_slice(&[0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
    let packets = all(&bytes);
    assert_eq!(packets[0], Packet::Pli { sender: 1, media: 2 });
    let Packet::Bye(ssrcs) = packets[1] else { panic!("{packets:?}") };
    assert_eq!(ssrcs.collect::<Vec<_>>(), [3, 4]);
    let Packet::Fir { requests, .. } = packets[2] else { panic!("{packets:?}") };
    assert_eq!(requests.collect::<Vec<_>>(), [(7, 1), (8, 2)]);
}

#[test]
fn a_remb_is_read_and_an_absurd_one_does_not_wrap() {
    let remb = |exponent_and_mantissa: [u8; 3]| {
        let [a, b, c] = exponent_and_mantissa;
        let mut bytes = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
        bytes.extend_from_slice(b"REMB");
        bytes.extend_from_slice(&[1, a, b, c, 0, 0, 0, 9]);
        let packets: Vec<Packet<'static>> = all(Box::leak(bytes.into_boxed_slice()));
        packets
    };
    assert_eq!(remb([0x04 | 0x02, 0x49, 0xf0])[0], Packet::Remb { sender: 1, bitrate: 150_000 << 1 });
    assert_eq!(remb([0xff, 0xff, 0xff])[0], Packet::Remb { sender: 1, bitrate: u64::MAX });
}

#[test]
fn transport_feedback_comes_back_with_its_arrivals() {
    let arrivals = [Some(1000), Some(1000), None, Some(999), Some(1255), Some(9000), None, None, Some(9001)];
    let mut bytes = Vec::new();
    assert_eq!(transport_feedback(&mut bytes, (1, 2), (65_533, 7), &arrivals), arrivals.len());
    let packets = all(&bytes);
    let Packet::Twcc(twcc) = packets[0] else { panic!("{packets:?}") };
    assert_eq!((twcc.base_seq, twcc.feedback_count, twcc.status_count), (65_533, 7, 9));
    let read: Vec<_> = twcc.arrivals().collect();
    let expected: Vec<_> = arrivals.iter().enumerate().map(|(i, a)| (65_533u16.wrapping_add(i as u16), *a)).collect();
    assert_eq!(read, expected);
}

#[test]
fn run_length_and_one_bit_chunks_are_read() {
    // Reference time -1 (x 64 ms), a run of 3 small deltas, then 14 one-bit statuses of which 2 are announced.
    let mut bytes = vec![0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend_from_slice(&[0, 10, 0, 5, 0xff, 0xff, 0xff, 0]);
    bytes.extend_from_slice(&[0x20, 0x03, 0x80 | 0x20, 0x00, 1, 2, 3, 4]);
    let packets = all(&bytes);
    let Packet::Twcc(twcc) = packets[0] else { panic!("{packets:?}") };
    assert_eq!(twcc.reference_time, -1);
    let read: Vec<_> = twcc.arrivals().collect();
    assert_eq!(read, [(10, Some(-255)), (11, Some(-253)), (12, Some(-250)), (13, Some(-246)), (14, None)]);
}

#[test]
fn a_status_count_without_statuses_costs_nothing() {
    let bytes = [0x8f, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
    let packets = all(&bytes);
    let Packet::Twcc(twcc) = packets[0] else { panic!("{packets:?}") };
    assert_eq!(twcc.arrivals().count(), 0);
}

#[test]
fn a_compound_is_read_up_to_where_it_is_cut() {
    let mut bytes = Vec::new();
    pli(&mut bytes, 1, 2);
    pli(&mut bytes, 3, 4);
    for len in 0..bytes.len() {
        assert_eq!(all(&bytes[..len]).len(), len / 12);
    }
    // Padding longer than the packet, and a body shorter than its kind asks for.
    assert_eq!(all(&[0xa1, 206, 0, 1, 0, 0, 0, 200]), [Packet::Other { kind: 206 }]);
    assert_eq!(all(&[0x81, 206, 0, 0]), [Packet::Other { kind: 206 }]);
    assert_eq!(all(&[0x80, 200, 0, 0]), [Packet::Other { kind: 200 }]);
}
