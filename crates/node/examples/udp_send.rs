//! What one datagram costs this machine's kernel: `cargo run --release -p node --example udp_send`.
//!
//! Time per 1,200-byte datagram to 100 destinations on loopback, where the receivers' half of the kernel's work runs inside
//! the send. Nothing sleeps, and the median of 20 rounds hides what else the machine does.

use std::net::UdpSocket;
use std::time::Instant;

use node::udp::{RecvBatch, Socket};
use transport::Outbox;

const VIEWERS: usize = 100;
const DATAGRAM: usize = 1200;

fn main() {
    let viewers: Vec<_> = (0..VIEWERS).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a free port")).collect();
    let mut sender = Socket::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    println!("buffers granted: {} receive, {} send", sender.recv_buffer_bytes(), sender.send_buffer_bytes());
    println!("{:>22} {:>10} {:>12} {:>10}", "datagrams per message", "ns each", "calls", "lost");
    for per_message in [1, 2, 4, 9, 16, 30, 50] {
        let mut outbox = Outbox::default();
        for viewer in &viewers {
            let to = viewer.local_addr().expect("bound");
            outbox.push_run(to, DATAGRAM as u16, &vec![7; per_message * DATAGRAM]);
        }
        let datagrams = (VIEWERS * per_message) as u64;
        let (mut rounds, mut calls, mut lost) = (Vec::new(), 0, 0);
        for _ in 0..20 {
            let before = Instant::now();
            let report = sender.send(&outbox);
            rounds.push(before.elapsed().as_nanos() as u64 / datagrams);
            calls += report.calls;
            lost += report.dropped_full + report.dropped_refused;
        }
        rounds.sort_unstable();
        println!("{per_message:>22} {:>10} {:>12} {lost:>10}", rounds[10], calls / 20);
    }
    receive(&mut sender);
}

/// The other direction: one sender's GSO messages, joined again by GRO.
fn receive(sender: &mut Socket) {
    let mut receiver = Socket::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let mut batch = RecvBatch::new();
    for per_message in [1, 9] {
        let mut outbox = Outbox::default();
        for _ in 0..32 {
            outbox.push_run(receiver.local_addr(), DATAGRAM as u16, &vec![7; per_message * DATAGRAM]);
        }
        let mut rounds: Vec<u64> = (0..20)
            .map(|_| {
                sender.send(&outbox);
                let before = Instant::now();
                let mut got = 0;
                while got < 32 * per_message {
                    got += receiver.recv_batch(&mut batch);
                }
                before.elapsed().as_nanos() as u64 / got as u64
            })
            .collect();
        rounds.sort_unstable();
        println!("receiving, {per_message} per message: {} ns each", rounds[10]);
    }
}
