//! The model, as somebody who programs a bad network would check it.

use std::time::{Duration, Instant};

use netsim::{Link, Loss, Percent, Profile};
use proptest::prelude::*;

/// Sends `count` numbered datagrams of `bytes` bytes every `every`, and returns (arrival since start, number, bytes).
fn run(profile: &Profile, seed: u64, count: u32, every: Duration, bytes: usize) -> (Vec<(Duration, u32, usize)>, Link) {
    let start = Instant::now();
    let mut link = Link::new(profile.clone(), seed);
    let mut arrived = Vec::new();
    let mut take = |link: &mut Link, now: Instant| {
        while let Some(at) = link.next().filter(|at| *at <= now) {
            let datagram = link.poll(at).expect("next() said so");
            let number = u32::from_be_bytes(datagram[..4].try_into().unwrap());
            arrived.push((at - start, number, datagram.len()));
        }
    };
    for n in 0..count {
        let now = start + every * n;
        take(&mut link, now);
        let mut datagram = vec![0; bytes.max(4)];
        datagram[..4].copy_from_slice(&n.to_be_bytes());
        link.send(now, datagram);
    }
    take(&mut link, start + every * count + Duration::from_secs(3600));
    (arrived, link)
}

const MS: Duration = Duration::from_millis(1);

fn profile(text: &str) -> Profile {
    text.parse().unwrap()
}

fn lost_share(link: &Link) -> f64 {
    link.stats().dropped_loss as f64 / link.stats().sent as f64
}

#[test]
fn a_clean_link_delivers_everything_at_once_and_in_order() {
    let (arrived, link) = run(&Profile::clean(), 1, 1000, MS, 1200);
    assert_eq!(arrived.len(), 1000);
    assert!(arrived.iter().enumerate().all(|(n, &(at, number, _))| number == n as u32 && at == MS * number));
    assert_eq!(link.stats().dropped(), 0);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another_one() {
    let bad = profile("delay=40ms,jitter=20ms,reorder,bursts=5%x3,duplicate=2%,rate=4mbps,queue=100ms");
    let trace = |seed| run(&bad, seed, 3000, MS, 700).0;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

#[test]
fn random_loss_is_as_programmed_and_independent() {
    let (arrived, link) = run(&profile("loss=5%"), 3, 100_000, MS, 100);
    // Five standard deviations of a binomial: 5 · sqrt(0.05 · 0.95 / 100 000) = 0.34 %
    assert!((lost_share(&link) - 0.05).abs() < 0.0035, "{}", lost_share(&link));
    // Bursts of independent loss have a mean length of 1 / (1 - p) = 1.053.
    assert!((mean_burst(&arrived) - 1.053).abs() < 0.03, "{}", mean_burst(&arrived));
}

#[test]
fn bursty_loss_has_the_programmed_share_and_the_programmed_length() {
    let (arrived, link) = run(&profile("bursts=5%x8"), 4, 400_000, MS, 100);
    assert!((lost_share(&link) - 0.05).abs() < 0.006, "{}", lost_share(&link));
    assert!((mean_burst(&arrived) - 8.0).abs() < 0.6, "{}", mean_burst(&arrived));
}

#[test]
fn a_bad_state_that_loses_only_half_loses_half_while_it_lasts() {
    let percent = |p| Percent::new(p).unwrap();
    // A third of the time bad: 1 / (1 + 2); half of it lost: 1/6 in all.
    let loss =
        Loss::Bursts { enter: percent(1.0), leave: percent(2.0), loss_good: Percent::ZERO, loss_bad: percent(50.0) };
    let (_, link) = run(&Profile { loss, ..Profile::clean() }, 5, 400_000, MS, 100);
    assert!((lost_share(&link) - 1.0 / 6.0).abs() < 0.012, "{}", lost_share(&link));
}

#[test]
fn the_rate_holds_and_the_queue_drops_at_its_tail() {
    // 10 Mbit/s offered into 2 Mbit/s: a fifth gets through, one datagram every 5 ms, and nobody waits above the queue.
    let (arrived, link) = run(&profile("rate=2mbps,queue=200ms"), 6, 5000, MS, 1250);
    let (first, last) = (arrived[0], arrived[arrived.len() - 1]);
    let bits = (arrived.len() - 1) as f64 * 1250.0 * 8.0;
    let mbps = bits / (last.0 - first.0).as_secs_f64() / 1e6;
    assert!((mbps - 2.0).abs() < 0.001, "{mbps}");
    assert!(arrived.iter().all(|&(at, number, _)| at - MS * number <= 200 * MS + MS / 100));
    assert_eq!(link.stats().dropped_queue, 5000 - arrived.len() as u64);
    // A full queue of 200 ms holds 40 of them, so what is waiting at the end comes out too.
    assert!((1000..=1045).contains(&arrived.len()), "{}", arrived.len());
}

#[test]
fn bufferbloat_is_delay_and_not_loss() {
    // 6 Mbit/s for one second into 3 Mbit/s: one second of queue at the end, below the 1.5 s that fit.
    let (arrived, link) = run(&profile("bufferbloat"), 6, 600, Duration::from_micros(1667), 1250);
    assert_eq!(link.stats().dropped(), 0);
    let &(at, number, _) = arrived.last().unwrap();
    let waited = at - Duration::from_micros(1667) * number;
    assert!((1010..1020).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn a_black_hole_swallows_only_what_is_too_long() {
    let black_hole = profile("mtu=1200");
    assert_eq!(run(&black_hole, 1, 10, MS, 1200).0.len(), 10);
    let (arrived, link) = run(&black_hole, 1, 10, MS, 1201);
    assert_eq!((arrived.len(), link.stats().dropped_mtu), (0, 10));
}

#[test]
fn a_partition_lets_what_is_in_flight_arrive_and_heals() {
    let start = Instant::now();
    let mut link = Link::new(profile("delay=50ms"), 1);
    link.send(start, *b"before");
    link.set_profile(profile("delay=50ms,partition"));
    link.send(start + 10 * MS, *b"during");
    link.set_profile(profile("delay=50ms"));
    link.send(start + 20 * MS, *b"after");
    assert_eq!(link.poll(start + 49 * MS), None);
    assert_eq!(link.poll(start + 50 * MS).unwrap(), b"before");
    assert_eq!(link.poll(start + 70 * MS).unwrap(), b"after");
    assert_eq!(link.stats().dropped_partition, 1);
}

#[test]
fn corruption_flips_exactly_one_bit() {
    let start = Instant::now();
    let mut link = Link::new(profile("corrupt=100%"), 9);
    for _ in 0..200 {
        link.send(start, vec![0u8; 300]);
        let ones: u32 = link.poll(start).unwrap().iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(ones, 1);
    }
    link.send(start, Vec::new());
    assert_eq!(link.poll(start).unwrap(), b"", "nothing to corrupt, and no panic");
}

#[test]
fn reordering_happens_when_asked_for_and_only_then() {
    let overtakes = |text: &str| {
        let (arrived, _) = run(&profile(text), 2, 2000, MS, 100);
        arrived.windows(2).filter(|pair| pair[0].1 > pair[1].1).count()
    };
    assert_eq!(overtakes("delay=30ms,jitter=15ms"), 0);
    assert!(overtakes("delay=30ms,jitter=15ms,reorder") > 200);
}

fn mean_burst(arrived: &[(Duration, u32, usize)]) -> f64 {
    let gaps = arrived.windows(2).map(|pair| pair[1].1 - pair[0].1 - 1).filter(|gap| *gap > 0);
    let (bursts, lost) = gaps.fold((0, 0), |(bursts, lost), gap| (bursts + 1, lost + gap));
    f64::from(lost) / f64::from(bursts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_profile_the_books_balance_and_no_one_arrives_early(
        seed: u64, delay_ms in 0u64..300, jitter_ms in 0u64..100, reorder: bool, loss in 0.0f64..100.0,
        burst in 1.0f64..20.0, duplicate in 0.0f64..100.0, kbps in proptest::option::of(50u32..50_000),
        queue_ms in 0u64..1000, bytes in 4usize..1500,
    ) {
        let profile = Profile {
            delay: MS * delay_ms as u32,
            jitter: MS * jitter_ms as u32,
            reorder,
            loss: Loss::bursts(Percent::new(loss).unwrap(), burst),
            duplicate: Percent::new(duplicate).unwrap(),
            rate: kbps.map(|kbps| netsim::Rate { kbps: kbps.try_into().unwrap(), queue: MS * queue_ms as u32 }),
            ..Profile::clean()
        };
        let (arrived, link) = run(&profile, seed, 400, MS, bytes);
        let stats = link.stats();
        prop_assert_eq!(stats.sent + stats.duplicated, stats.delivered + stats.dropped());
        prop_assert_eq!(stats.delivered, arrived.len() as u64);
        prop_assert_eq!(stats.dropped_overflow, 0);

        let earliest = (MS * delay_ms as u32).saturating_sub(MS * jitter_ms as u32);
        prop_assert!(arrived.iter().all(|&(at, number, _)| at >= MS * number + earliest));
        if !reorder {
            prop_assert!(arrived.windows(2).all(|pair| pair[0].1 <= pair[1].1), "order kept");
            if let Some(rate) = profile.rate {
                // Over any stretch, at least the time that the rate needs — jitter may only squeeze it by its width.
                if let (Some(first), Some(last)) = (arrived.first(), arrived.last()) {
                    let distinct = arrived.windows(2).filter(|pair| pair[0].1 != pair[1].1).count() as u32;
                    let needed = rate.time_for(bytes) * distinct;
                    prop_assert!(last.0 - first.0 + 2 * MS * jitter_ms as u32 >= needed);
                }
            }
        }
    }

    #[test]
    fn no_text_panics_the_parser(text in "[a-z0-9=%.,x-]{0,60}|\\PC{0,40}") {
        netsim::fuzz::fuzz_profile(text.as_bytes());
    }
}
