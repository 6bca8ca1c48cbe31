//! What strangers can do (nothing), and what a bug of ours can do (end one session).

use std::net::SocketAddr;

use engine::Drop;
use media::codec::Kind;
use sim::{Sim, ms, secs};

fn is_clean(sim: &Sim, who: &str) {
    for kind in [Kind::Video, Kind::Audio] {
        let track = sim.viewer(who).track(kind);
        assert!(track.report().is_clean(), "{who}: {:?}", track.report());
        assert_eq!((track.missing(), track.duplicates, track.corrupt), (0, 0, 0), "{who}");
    }
}

#[test]
fn a_bug_in_one_session_ends_that_session_and_no_other() {
    let mut sim = Sim::with_workers(1, 2);
    sim.publish("room", "ann");
    sim.run(secs(1));
    for (worker, who) in [(0, "bob"), (0, "eve"), (1, "zoe")] {
        sim.watch_on(worker, "room", who);
    }
    sim.run(secs(2));
    sim.sabotage("eve");
    // The next consent check of hers meets it.
    sim.run(secs(8));
    let stats = sim.stats(0);
    assert_eq!((stats.panics, stats.viewers, stats.publishers), (1, 1, 1));
    assert_eq!(stats.ended[engine::EndReason::Panicked as usize], 1);
    is_clean(&sim, "bob");
    is_clean(&sim, "zoe");
    let late = sim.now() - sim.viewer("bob").track(Kind::Video).last_arrival.unwrap();
    assert!(late < ms(100), "bystanders notice nothing");
}

#[test]
fn a_bug_in_the_publishers_session_leaves_the_viewers_waiting_for_the_next_one() {
    let mut sim = Sim::seed(2);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.sabotage("ann");
    sim.run(secs(1));
    assert_eq!((sim.stats(0).panics, sim.stats(0).publishers, sim.stats(0).viewers), (1, 0, 1));
    sim.publish("room", "ann again");
    sim.run(secs(3));
    is_clean(&sim, "bob");
}

#[test]
fn a_stranger_cannot_speak_dtls_or_media_and_is_counted() {
    let mut sim = Sim::seed(3);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    let stranger: SocketAddr = "203.0.113.66:6666".parse().unwrap();
    let to: SocketAddr = "10.0.0.1:7000".parse().unwrap();
    // A ClientHello's first bytes, and an RTP packet's.
    let hello = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    let rtp = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4];
    // Sprayed all through the handshake of somebody else.
    for _ in 0..500 {
        let now = sim.now();
        sim.worker(0).handle_datagram(now, stranger, to, &hello);
        sim.worker(0).handle_datagram(now, stranger, to, &rtp);
        sim.run(ms(1));
    }
    sim.run(secs(3));
    assert_eq!(sim.stats(0).drops.get(Drop::NotValidated), 1000);
    is_clean(&sim, "bob");
}

#[test]
fn media_from_a_viewers_address_that_is_not_sealed_with_its_key_goes_nowhere() {
    let mut sim = Sim::seed(4);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(1));
    let (bob, ann, now) = (sim.address("bob"), sim.address("ann"), sim.now());
    let to: SocketAddr = "10.0.0.1:7000".parse().unwrap();
    let before = sim.stats(0).packets_in;
    for seq in 0..200u8 {
        let mut rtp = vec![0x80, 98, 0, seq, 0, 0, 0, 1, 0, 0, 0, 9];
        rtp.extend_from_slice(&[7; 100]);
        let mut rtcp = vec![0x80, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9];
        rtcp.extend_from_slice(&[7; 24]);
        for (from, bytes) in [(bob, &rtp), (bob, &rtcp), (ann, &rtp), (ann, &rtcp)] {
            sim.worker(0).handle_datagram(now, from, to, bytes);
        }
    }
    let stats = sim.stats(0);
    assert_eq!(stats.packets_in, before, "nothing forged was counted as media");
    assert_eq!(stats.drops.get(Drop::Unexpected), 200);
    assert_eq!(stats.drops.get(Drop::NotAuthentic), 200);
    sim.run(secs(2));
    is_clean(&sim, "bob");
}

#[test]
fn nothing_is_left_after_many_comings_and_goings() {
    let mut sim = Sim::with_workers(5, 2);
    for round in 0..60 {
        sim.publish("room", "ann");
        sim.run(ms(300));
        for worker in 0..2 {
            sim.watch_on(worker, "room", &format!("viewer {worker}"));
        }
        sim.run(ms(400));
        if round % 2 == 0 {
            sim.leave("ann");
        }
        for worker in 0..2 {
            sim.leave(&format!("viewer {worker}"));
        }
        if round % 2 == 1 {
            sim.leave("ann");
        }
        sim.run(ms(50));
    }
    sim.run(secs(20));
    for worker in 0..2 {
        let stats = sim.stats(worker);
        assert_eq!((stats.publishers, stats.viewers), (0, 0));
        assert_eq!((stats.rooms, stats.sources, stats.addresses, stats.timers), (0, 0, 0, 0), "worker {worker}");
    }
}
