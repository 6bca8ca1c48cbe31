//! Over the loopback interface, with plain sockets at the other end.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::Duration;

use transport::Outbox;

use super::*;
use crate::wake::Poller;

fn bind(address: &str) -> Socket {
    Socket::bind(address.parse().unwrap()).unwrap()
}

fn receiver(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

fn add(outbox: &mut Outbox, to: SocketAddr, segment: u16, bytes: &[u8]) {
    outbox.push_run(to, segment, bytes);
}

/// `count` datagrams of `segment` bytes, the last `last`, each naming its viewer and its number.
fn frame(viewer: u8, count: usize, segment: usize, last: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|i| {
            let len = if i + 1 == count { last } else { segment };
            let mut datagram = vec![i as u8; len];
            datagram[0] = viewer;
            datagram
        })
        .collect()
}

/// Everything that is waiting at `socket`, until nothing has come for `patience`.
fn drain(socket: &mut Socket, patience: Duration) -> Vec<(SocketAddr, SocketAddr, Vec<u8>)> {
    let (mut poller, _waker) = Poller::new().unwrap();
    let mut batch = RecvBatch::new();
    let mut got = Vec::new();
    while poller.wait(Some(patience), &[socket.as_fd()]).unwrap().sockets != 0 {
        socket.recv_batch(&mut batch);
        got.extend(batch.iter().map(|d| (d.from, d.to, d.bytes.to_vec())));
    }
    got
}

#[test]
fn every_datagram_of_many_viewers_arrives_whole_and_once() {
    let mut sender = bind("127.0.0.1:0");
    assert!(sender.sends_gso(), "this kernel knows UDP_SEGMENT");
    let viewers: Vec<_> = (0..100).map(|_| receiver("127.0.0.1:0")).collect();
    let mut outbox = Outbox::default();
    let mut expected = Vec::new();
    for (i, viewer) in viewers.iter().enumerate() {
        let frame = frame(i as u8, 1 + i % 12, 1200, 1 + 7 * i);
        add(&mut outbox, viewer.local_addr().unwrap(), 1200, &frame.concat());
        // Audio in the same tick: a single datagram.
        let audio = vec![i as u8; 90];
        add(&mut outbox, viewer.local_addr().unwrap(), 0, &audio);
        expected.push((frame, audio));
    }
    let report = sender.send(&outbox);
    let datagrams: usize = expected.iter().map(|(frame, _)| frame.len() + 1).sum();
    assert_eq!(report.sent, datagrams as u64);
    assert_eq!(report.sent_bytes, outbox.bytes().len() as u64);
    assert_eq!((report.dropped_full, report.dropped_refused, report.notice), (0, 0, None));
    // One of twelve frames is a single datagram.
    assert_eq!(report.gso_messages, 100 - 100u64.div_ceil(12));
    assert_eq!(report.calls, 200u64.div_ceil(64));

    let mut buffer = [0; 2000];
    for (viewer, (frame, audio)) in viewers.iter().zip(expected) {
        for datagram in frame.iter().chain([&audio]) {
            let (len, from) = viewer.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], &datagram[..]);
            assert_eq!(from, sender.local_addr());
        }
        viewer.set_nonblocking(true).unwrap();
        assert!(viewer.recv_from(&mut buffer).is_err(), "nothing more");
    }
}

#[test]
fn a_message_longer_than_the_kernel_takes_arrives_in_full() {
    let (mut sender, mut viewer) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let frame = frame(1, 150, 1000, 10);
    let mut outbox = Outbox::default();
    add(&mut outbox, viewer.local_addr(), 1000, &frame.concat());
    let report = sender.send(&outbox);
    assert_eq!((report.sent, report.gso_messages), (150, 3));
    let got: Vec<_> = drain(&mut viewer, Duration::from_millis(200)).into_iter().map(|(_, _, bytes)| bytes).collect();
    assert_eq!(got, frame);
    assert_eq!(viewer.recv_stats().datagrams, 150);
    assert!(
        viewer.receives_gro() && viewer.recv_stats().batches < 150,
        "joined by the kernel: {:?}",
        viewer.recv_stats()
    );
}

#[test]
fn a_dual_stack_socket_serves_both_families_and_says_where_a_datagram_came_to() {
    let mut node = bind("[::]:0");
    if node.local_addr().is_ipv4() {
        return; // a machine without IPv6
    }
    let port = node.local_addr().port();
    let (v4, v6) = (receiver("127.0.0.1:0"), receiver("[::1]:0"));
    v4.send_to(b"four", ("127.0.0.1", port)).unwrap();
    v6.send_to(b"six", ("::1", port)).unwrap();
    // Another of our addresses: the answer to "which of mine did you mean" differs.
    v4.send_to(b"other", ("127.0.0.2", port)).unwrap();

    let mut got = drain(&mut node, Duration::from_millis(200));
    got.sort_by(|a, b| a.2.cmp(&b.2));
    let v4_from = v4.local_addr().unwrap();
    let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), port);
    assert_eq!(
        got,
        [
            (v4_from, at("127.0.0.1"), b"four".to_vec()),
            (v4_from, at("127.0.0.2"), b"other".to_vec()),
            (v6.local_addr().unwrap(), at("::1"), b"six".to_vec()),
        ]
    );

    let mut outbox = Outbox::default();
    let frame = frame(9, 5, 1200, 300);
    for to in [v4_from, v6.local_addr().unwrap()] {
        add(&mut outbox, to, 1200, &frame.concat());
    }
    let report = node.send(&outbox);
    assert_eq!((report.sent, report.gso_messages), (10, 2));
    let mut buffer = [0; 2000];
    for viewer in [&v4, &v6] {
        for datagram in &frame {
            let (len, from) = viewer.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..len], from.port()), (&datagram[..], port));
        }
    }
}

#[test]
fn a_socket_on_every_ipv4_address_says_where_a_datagram_came_to() {
    let mut node = bind("0.0.0.0:0");
    let port = node.local_addr().port();
    receiver("127.0.0.1:0").send_to(b"x", ("127.0.0.3", port)).unwrap();
    let got = drain(&mut node, Duration::from_millis(200));
    assert_eq!(got[0].1, format!("127.0.0.3:{port}").parse().unwrap());
}

#[test]
fn one_unreachable_viewer_costs_the_others_nothing() {
    let mut sender = bind("127.0.0.1:0");
    let (first, last) = (receiver("127.0.0.1:0"), receiver("127.0.0.1:0"));
    let mut outbox = Outbox::default();
    add(&mut outbox, first.local_addr().unwrap(), 1200, &frame(1, 3, 1200, 5).concat());
    // No such port; the other family; a segment longer than a datagram can be; an address loopback has no route to.
    add(&mut outbox, "127.0.0.1:0".parse().unwrap(), 1200, &[0; 2400]);
    add(&mut outbox, "[2001:db8::1]:9".parse().unwrap(), 1200, &[0; 2400]);
    add(&mut outbox, first.local_addr().unwrap(), 0, &[0; 65_600]);
    add(&mut outbox, "203.0.113.9:9".parse().unwrap(), 0, &[0; 10]);
    add(&mut outbox, last.local_addr().unwrap(), 1200, &frame(2, 3, 1200, 5).concat());
    let report = sender.send(&outbox);
    assert_eq!((report.sent, report.dropped_refused, report.dropped_full), (6, 2 + 2 + 1 + 1, 0));
    let mut buffer = [0; 2000];
    for (viewer, name) in [(&first, 1), (&last, 2)] {
        for _ in 0..3 {
            viewer.recv_from(&mut buffer).unwrap();
            assert_eq!(buffer[0], name);
        }
    }
    assert!(sender.sends_gso(), "one refusal is one route's");
}

#[test]
fn a_route_that_cannot_segment_gets_its_datagrams_singly_and_gso_rests() {
    let (mut sender, mut viewer) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    sys::refuse_gso(sender.as_fd());
    let frame = frame(1, 3, 1200, 5);
    let mut outbox = Outbox::default();
    add(&mut outbox, viewer.local_addr(), 1200, &frame.concat());
    for round in 1..=17 {
        let report = sender.send(&outbox);
        assert_eq!((report.sent, report.gso_messages, report.dropped_refused), (3, 0, 0));
        // The refused message and its three datagrams; without the attempt, only those.
        assert_eq!(report.calls, if round <= 16 { 2 } else { 1 });
        assert_eq!(report.notice, (round == 16).then_some(Notice::GsoRefused(libc::EINVAL)));
    }
    assert!(!sender.sends_gso());
    let got: Vec<_> = drain(&mut viewer, Duration::from_millis(200)).into_iter().map(|(_, _, bytes)| bytes).collect();
    assert_eq!(got, vec![frame; 17].concat());
}

#[test]
fn where_a_sandbox_refuses_sendmmsg_everything_still_leaves() {
    let (mut sender, mut viewer) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    sender.send.refuse_batches();
    let frame = frame(1, 9, 1200, 5);
    let mut outbox = Outbox::default();
    add(&mut outbox, viewer.local_addr(), 1200, &frame.concat());
    add(&mut outbox, viewer.local_addr(), 0, &frame[0]);
    let report = sender.send(&outbox);
    assert_eq!((report.sent, report.gso_messages, report.calls), (10, 1, 2));
    let got: Vec<_> = drain(&mut viewer, Duration::from_millis(200)).into_iter().map(|(_, _, bytes)| bytes).collect();
    assert_eq!(got, [frame.clone(), vec![frame[0].clone()]].concat());
}

#[test]
fn a_flood_beyond_the_buffers_is_counted_and_nothing_blocks() {
    let (mut sender, mut viewer) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    assert_eq!((sender.send_buffer_bytes() > 0, viewer.recv_buffer_bytes() > 0), (true, true));
    let mut outbox = Outbox::default();
    let frame = frame(1, 50, 1200, 1200).concat();
    for _ in 0..50 {
        add(&mut outbox, viewer.local_addr(), 1200, &frame);
    }
    let reports: Vec<_> = (0..8).map(|_| sender.send(&outbox)).collect();
    assert!(reports.iter().all(|r| r.sent + r.dropped_full + r.dropped_refused == 2500));
    let sent = reports.iter().map(|r| r.sent).sum();
    let got = drain(&mut viewer, Duration::from_millis(200)).len() as u64;
    assert!(got > 0 && got < sent, "24 MB fit no 4 MiB buffer: {got} of {sent}");
    // The kernel reports its counter with the next datagram that does get in.
    outbox.messages.truncate(1);
    sender.send(&outbox);
    let mut counts = BTreeMap::new();
    for (_, _, bytes) in drain(&mut viewer, Duration::from_millis(200)) {
        *counts.entry(bytes.len()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([(1200, 50)]));
    assert!(viewer.recv_stats().overflowed > 0, "{:?}", viewer.recv_stats());
}

#[test]
fn a_taken_port_is_an_error() {
    let first = bind("127.0.0.1:0");
    let error = Socket::bind(first.local_addr()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}
