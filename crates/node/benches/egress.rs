//! What a forwarded packet costs: `cargo bench -p node --bench egress [VIEWERS...]`.
//!
//! One worker's engine with viewers who have really shaken hands, and a source whose packets come over a link from another
//! worker, so that nothing but the way out is measured. A virtual clock: nothing sleeps, so CPU time per packet is all there is
//! to see. Two tables:
//!
//! * *rewrite and seal*: `Engine::flush` alone, and how often it allocates;
//! * *with the kernel*: the same and `Socket::send` to one loopback socket per viewer. Nobody reads those, so the receiver's
//!   half of the kernel's work ends where its (tiny) buffer is full; it is inside the figure all the same.
//!
//! Packets of a frame reach the viewers together (whole frames), three at a time (what a paced publisher and the 5 ms tick
//! make of it), or one by one. Prints tables, and JSON into the file that `WEIR_BENCH_JSON` names.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use engine::{Command, Config, Engine, Event, Flushed, Limits, Owner, Reply, Ticket};
use media::codec::Codec;
use media::testing::Source;
use node::udp::Socket;
use proto::frame::Frame;
use proto::room::{Layer, LinkMessage, Notice, RoomEvent, Track};
use proto::{RoomName, TrackId, WorkerId};
use transport::client::{self, Client, Setup, Watch};
use transport::{CodecChoice, Identity, Offer};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches no memory that is handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Packets of a 2.5 Mbit/s frame at 30 a second, and their length on the wire before headers and tag.
const FRAME_PACKETS: usize = 9;
const PAYLOAD: usize = 1172;
const FRAME: Duration = Duration::from_micros(33_333);
/// Five slices of 16 frames for each way of coming: 10 s of the virtual clock in all, below the 30 s after which a viewer who
/// sends no consent is dropped.
const SLICES: usize = 5;
const SLICE: usize = 16;
const WARM_UP: usize = 20;

/// How a frame's packets come: this many per visit.
const VISITS: [(&str, usize); 3] = [("whole frames", FRAME_PACKETS), ("5 ms tick", 3), ("single packets", 1)];

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Engine,
    Kernel,
}

struct Row {
    way: &'static str,
    viewers: usize,
    visit: &'static str,
    ns: f64,
    allocations: f64,
    segments: f64,
}

fn main() {
    // Cargo adds words of its own (`--bench`): whatever is a number counts.
    let named: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let or = |default: &[usize]| if named.is_empty() { default.to_vec() } else { named.clone() };
    let mut rows = Vec::new();
    for viewers in or(&[1000, 4000]) {
        measure(Way::Engine, viewers, &mut rows);
    }
    for viewers in or(&[100, 1000, 2000]) {
        measure(Way::Kernel, viewers, &mut rows);
    }
    println!(
        "{:<18}{:>8}  {:<16}{:>12}{:>14}{:>20}",
        "", "viewers", "packets come as", "ns/packet", "allocs/packet", "packets per message"
    );
    for Row { way, viewers, visit, ns, allocations, segments } in &rows {
        println!("{way:<18}{viewers:>8}  {visit:<16}{ns:>12.0}{allocations:>14.4}{segments:>20.2}");
    }
    if let Some(path) = std::env::var_os("WEIR_BENCH_JSON") {
        let rows: Vec<String> = rows.iter().map(Row::json).collect();
        std::fs::write(path, format!("[\n{}\n]\n", rows.join(",\n")))
            .expect("the file of WEIR_BENCH_JSON can be written");
    }
}

impl Row {
    fn json(&self) -> String {
        let Row { way, viewers, visit, ns, allocations, segments } = self;
        format!(
            "  {{\"way\": \"{way}\", \"viewers\": {viewers}, \"packets_come_as\": \"{visit}\", \"ns_per_packet\": {ns:.0}, \
             \"allocations_per_packet\": {allocations:.4}, \"packets_per_message\": {segments:.2}}}"
        )
    }
}

fn measure(way: Way, viewers: usize, rows: &mut Vec<Row>) {
    let mut world = World::new(viewers);
    for (visit, packets) in VISITS {
        world.run(way, packets, WARM_UP);
        // The median of slices: a neighbour on the machine disturbs some of them.
        let mut slices: Vec<(f64, f64, f64)> = (0..SLICES).map(|_| world.run(way, packets, SLICE)).collect();
        slices.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ns, _, segments) = slices[slices.len() / 2];
        let allocations = slices.iter().map(|slice| slice.1).sum::<f64>() / slices.len() as f64;
        let way = if way == Way::Engine { "rewrite and seal" } else { "with the kernel" };
        rows.push(Row { way, viewers, visit, ns, allocations, segments });
    }
}

struct World {
    now: Instant,
    epoch: Instant,
    engine: Engine,
    socket: Socket,
    /// Keeps the viewers' ports.
    _viewers: Vec<UdpSocket>,
    source: Source,
    track: TrackId,
    seq: u64,
    sent: u64,
}

impl World {
    fn new(viewers: usize) -> World {
        let epoch = Instant::now();
        let socket = Socket::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let identity = Identity::generate().expect("a certificate can be made");
        let config = Config {
            worker: WorkerId(0),
            workers: 2,
            candidates: vec![socket.local_addr()],
            epoch,
            limits: Limits::default(),
            idle_clip: None,
        };
        let mut dice = 7u64;
        let entropy = move |bytes: &mut [u8]| {
            bytes.fill_with(|| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (dice >> 56) as u8
            });
        };
        let mut engine = Engine::new(epoch, config, identity.clone(), Box::new(entropy));
        let room: RoomName = "bench".parse().expect("a name");
        let track = TrackId { origin: WorkerId(1), n: 1 };
        let added = Track {
            id: track,
            room: room.clone(),
            by: None,
            codec: Codec::Vp8.name().to_owned(),
            fmtp: String::new(),
            layers: vec![Layer { rid: String::new(), kbps: 0, height: None }],
            best: 0,
            since_ms: 1,
        };
        let notice = Notice { origin: WorkerId(1), seq: 1, event: RoomEvent::TrackAdded(added) };
        engine.handle_message(epoch, LinkMessage::Notice(notice));

        let mut world = World {
            now: epoch,
            epoch,
            engine,
            socket,
            _viewers: Vec::new(),
            source: Source::video(Codec::Vp8, 2500, 30, 100_000, 1, 1),
            track,
            seq: 1,
            sent: 0,
        };
        for _ in 0..viewers {
            world.join(&identity, &room);
        }
        world.source.request_keyframe();
        world
    }

    /// A whole WHEP join, without HTTP.
    fn join(&mut self, identity: &Identity, room: &RoomName) {
        let port = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        // Nobody reads: keep what the kernel holds for it small.
        socket2::SockRef::from(&port).set_recv_buffer_size(1).expect("a buffer can be small");
        let address = port.local_addr().expect("bound");
        let setup = Setup { now: self.now, identity, address };
        let video = vec![CodecChoice { codec: Codec::Vp8, fmtp: String::new() }];
        let mut client = Client::viewer(setup, &Watch { video, ..Watch::default() }).expect("a viewer");
        let offer = Offer::parse(client.offer()).expect("str0m's offers are read");
        let (ticket, owner) = (Ticket(1), Owner(None));
        self.engine.command(self.now, Command::Watch { ticket, room: room.clone(), offer, owner });
        while let Some(event) = self.engine.poll_event() {
            if let Event::Reply { reply: Reply::Answered(answered), .. } = event {
                client.accept_answer(&answered.sdp).expect("str0m reads our answers");
            }
        }
        let server = self.socket.local_addr();
        let mut connected = false;
        while !connected {
            self.now += Duration::from_micros(50);
            client.handle_timeout(self.now);
            while let Some(output) = client.poll() {
                if let client::Output::Datagram { bytes, .. } = output {
                    self.engine.handle_datagram(self.now, address, server, &bytes);
                }
            }
            for (to, bytes) in self.engine.outbox().datagrams() {
                if to == address {
                    client.handle_datagram(self.now, server, bytes);
                }
            }
            self.engine.outbox().clear();
            while let Some(event) = self.engine.poll_event() {
                connected |= matches!(event, Event::Connected { .. });
            }
        }
        self._viewers.push(port);
    }

    /// Sends `frames`; answers CPU nanoseconds and allocations per packet, and packets per message.
    fn run(&mut self, way: Way, per_visit: usize, frames: usize) -> (f64, f64, f64) {
        let (mut cpu, mut allocations, mut messages) = (Duration::ZERO, 0, 0);
        let before = self.sent;
        for _ in 0..frames {
            let time = self.source.next_frame()[0].time.0;
            for first in (0..FRAME_PACKETS).step_by(per_visit) {
                for n in first..first + per_visit {
                    self.push(time, n);
                }
                // Long enough for what is no whole frame to be due.
                self.now += (FRAME / (FRAME_PACKETS.div_ceil(per_visit) as u32)).max(Duration::from_micros(5_100));
                let (start, counted) = (thread_cpu(), ALLOCATIONS.with(Cell::get));
                loop {
                    let flushed = self.engine.flush(self.now);
                    let outbox = self.engine.outbox();
                    messages += outbox.messages.len() as u64;
                    self.sent += outbox.messages.iter().map(|m| m.datagrams() as u64).sum::<u64>();
                    if way == Way::Kernel {
                        self.socket.send(outbox);
                    }
                    outbox.clear();
                    self.engine.sent(self.now, 0);
                    if flushed == Flushed::All {
                        break;
                    }
                }
                allocations += ALLOCATIONS.with(Cell::get) - counted;
                cpu += thread_cpu() - start;
            }
        }
        let packets = (self.sent - before).max(1) as f64;
        (cpu.as_nanos() as f64 / packets, allocations as f64 / packets, packets / messages.max(1) as f64)
    }

    fn push(&mut self, time: u32, n: usize) {
        // A VP8 descriptor with a 15-bit picture id, then a frame header: a keyframe to begin with, deltas after it.
        let mut payload = vec![0x55u8; PAYLOAD];
        let picture = (self.seq / FRAME_PACKETS as u64) as u16;
        let key = self.seq <= FRAME_PACKETS as u64;
        payload[..4].copy_from_slice(&[
            if n == 0 { 0x90 } else { 0x80 },
            0x80,
            0x80 | (picture >> 8) as u8,
            picture as u8,
        ]);
        if n == 0 {
            payload[4..14].copy_from_slice(&[u8::from(!key), 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2]);
        }
        let frame = Frame {
            track: self.track,
            layer: 0,
            marker: n + 1 == FRAME_PACKETS,
            generation: 0,
            seq: self.seq,
            time,
            arrival_us: (self.now - self.epoch).as_micros() as u64,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload: &payload,
        };
        let mut record = Vec::new();
        assert!(frame.encode(&mut record));
        self.engine.handle_record(self.now, &record);
        self.seq += 1;
    }
}

fn thread_cpu() -> Duration {
    node::udp::thread_cpu()
}
