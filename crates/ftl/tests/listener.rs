//! The listener on real sockets, with a node that only writes down what it gets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::time::Duration;

use ftl::client::{Client, Clip, Loop, Tracks, play};
use ftl::desk::{Content, How};
use ftl::listener::Settings;
use ftl::stream::Ignored;
use ftl::{Ask, Brought, Desk, Error, Key, Keys, Listener, Packet, Refusal, Stats};
use media::codec::Kind;
use proto::{PeerId, WorkerId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

const BOTH: Tracks = Tracks { video: true, audio: true };
const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    server: SocketAddr,
    stats: watch::Receiver<Stats>,
    packets: mpsc::Receiver<(u32, Packet)>,
    ends: mpsc::Receiver<(u32, How)>,
    /// Ends a session from the node's side.
    kill: mpsc::Receiver<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    /// Channels 1 to 100, whose secrets are "s". The room "100" is taken.
    async fn new(sessions_max: usize) -> Bench {
        let keys = Keys::new((1..=100).map(|n| key(n, "s"))).unwrap();
        let here = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let listener = Listener::bind(Settings { listen: here, media: here, keys, sessions_max }).await.unwrap();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.address().port()));
        let stats = listener.stats();
        let (desk, mut asks) = Desk::new();
        let (packets_out, packets) = mpsc::channel();
        let (ends_out, ends) = mpsc::channel();
        let (kill_out, kill) = mpsc::channel();
        let task = tokio::spawn(async move {
            let mut slots = 0;
            let node = async {
                while let Some(ask) = asks.recv().await {
                    match ask {
                        Ask::Bring { room, reply, .. } if room.as_str() == "100" => {
                            let _ = reply.send(Err(Refusal::Occupied));
                        }
                        Ask::Bring { reply, .. } => {
                            slots += 1;
                            let slot = slots;
                            let packets_out = packets_out.clone();
                            let (killer, ended) = oneshot::channel();
                            kill_out.send(killer).unwrap();
                            let deliver = Box::new(move |packet| packets_out.send((slot, packet)).is_ok());
                            let peer = PeerId { worker: WorkerId(0), slot, generation: 0 };
                            let _ = reply.send(Ok(Brought { peer, deliver, ended }));
                        }
                        Ask::End { peer, how } => ends_out.send((peer.slot, how)).unwrap(),
                    }
                }
            };
            tokio::join!(listener.run(desk), node);
        });
        Bench { server, stats, packets, ends, kill, task }
    }

    async fn connect(&self, channel: u32) -> Result<Client, Error> {
        Client::connect(self.server, &key(channel, "s"), BOTH).await
    }

    /// The numbers when they satisfy this, which they must soon.
    async fn stats_when(&mut self, satisfied: impl FnMut(&Stats) -> bool) -> Stats {
        timeout(3 * SECOND, self.stats.wait_for(satisfied)).await.expect("the counters get there").unwrap().clone()
    }

    async fn end(&self) -> (u32, How) {
        for _ in 0..400 {
            if let Ok(end) = self.ends.try_recv() {
                return end;
            }
            sleep(SECOND / 100).await;
        }
        panic!("no session ended");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn key(channel: u32, secret: &str) -> Key {
    Key::parse(&format!("{channel}-{secret}")).unwrap()
}

/// The code of a refusal, and 0 for anything else.
fn refusal<T>(result: Result<T, Error>) -> u16 {
    match result {
        Err(Error::Refused(code)) => code,
        _ => 0,
    }
}

/// A connection from another address of this machine.
async fn dial_from(server: SocketAddr, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(server).await.unwrap()
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 1024];
    let len = timeout(3 * SECOND, stream.read(&mut bytes)).await.expect("an answer").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..len]).into_owned()
}

#[tokio::test]
async fn media_reaches_the_node_numbered_and_a_goodbye_ends_it() {
    let mut bench = Bench::new(10).await;
    let mut client = bench.connect(7).await.unwrap();
    for n in 0..5 {
        client.send(Kind::Video, &[0x41, n], true, 3000 * u32::from(n)).await.unwrap();
    }
    client.send(Kind::Audio, &[0xfc, 1], false, 960).await.unwrap();
    client.report(Kind::Audio, 5 << 32, 960).await.unwrap();
    client.ping().await.unwrap();
    bench.stats_when(|stats| stats.packets == 6 && stats.sessions == 1).await;
    client.leave().await.unwrap();
    assert_eq!(bench.end().await, (1, How::Left));
    let packets: Vec<Packet> = bench.packets.try_iter().map(|(_, packet)| packet).collect();
    let numbers: Vec<u64> = packets
        .iter()
        .filter(|p| p.kind == Kind::Video)
        .filter_map(|p| match &p.content {
            Content::Media { seq, .. } => Some(*seq),
            Content::Clock { .. } => None,
        })
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(packets.iter().any(|p| p.kind == Kind::Audio && p.content == Content::Clock { ntp: 5 << 32, time: 960 }));
    bench.stats_when(|stats| stats.sessions == 0).await;
}

#[tokio::test]
async fn each_way_to_be_refused_has_its_code() {
    let bench = Bench::new(2).await;
    let wrong = Client::connect(bench.server, &key(7, "wrong"), BOTH).await;
    assert_eq!(refusal(wrong), 405);
    let strange = Client::connect(bench.server, &key(999, "s"), BOTH).await;
    assert_eq!(refusal(strange), 401);
    assert_eq!(refusal(bench.connect(100).await), 406, "its room is taken");
    let nothing = Client::connect(bench.server, &key(7, "s"), Tracks { video: false, audio: false }).await;
    assert_eq!(refusal(nothing), 400);
    let _first = bench.connect(7).await.unwrap();
    assert_eq!(refusal(bench.connect(7).await), 406, "the same channel again");
    assert_eq!(refusal(bench.connect(8).await), 403, "8 is the first one's video, and this one's audio");
    assert_eq!(refusal(bench.connect(6).await), 404, "7 is the first one's audio, and this one's video");
    let _second = bench.connect(20).await.unwrap();
    assert_eq!(refusal(bench.connect(30).await), 500, "the third of two");
}

#[tokio::test]
async fn packets_from_elsewhere_and_of_other_ssrcs_are_not_forwarded() {
    let mut bench = Bench::new(10).await;
    let mut client = bench.connect(7).await.unwrap();
    client.send(Kind::Video, &[0x41, 1], true, 0).await.unwrap();
    let port = client.media_server().unwrap().port();
    let video = |ssrc: u32, payload_type| {
        let mut packet = vec![0x80, payload_type, 0, 9, 0, 0, 0, 0];
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet.extend_from_slice(&[0x41, 66]);
        packet
    };
    // All of 127/8 is this machine's: another address of it is another host to the listener.
    let elsewhere = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let beside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..50 {
        elsewhere.send_to(&video(8, 96), ("127.0.0.1", port)).await.unwrap();
        beside.send_to(&video(9, 96), ("127.0.0.1", port)).await.unwrap();
        beside.send_to(&video(8, 97), ("127.0.0.1", port)).await.unwrap();
        beside.send_to(&[0; 5], ("127.0.0.1", port)).await.unwrap();
    }
    let stats = bench.stats_when(|stats| stats.packets + stats.ignored.iter().sum::<u64>() >= 201).await;
    assert_eq!(stats.packets, 1);
    for reason in [Ignored::Stranger, Ignored::WrongSsrc, Ignored::WrongPayloadType, Ignored::NotRtp] {
        assert_eq!(stats.ignored[reason as usize], 50, "{reason:?}");
    }
    assert_eq!(bench.packets.try_iter().count(), 1);
}

#[tokio::test]
async fn a_flood_of_wrong_keys_is_throttled_by_address_and_the_right_key_from_elsewhere_gets_in() {
    let mut bench = Bench::new(10).await;
    let line = format!("HMAC\r\n\r\nCONNECT 7 ${}\r\n\r\n", "ab".repeat(64));
    let mut answers = Vec::new();
    // Many at once get no more tries than one after the other.
    for _ in 0..10 {
        let flood: Vec<_> = (0..30)
            .map(|_| {
                let (line, server) = (line.clone(), bench.server);
                tokio::spawn(async move {
                    let mut stream = dial_from(server, 9).await;
                    let _ = stream.write_all(line.as_bytes()).await;
                    let mut text = String::new();
                    let _ = timeout(5 * SECOND, stream.read_to_string(&mut text)).await;
                    text.lines().last().unwrap_or_default().get(..3).unwrap_or_default().to_owned()
                })
            })
            .collect();
        for one in flood {
            answers.push(one.await.unwrap());
        }
    }
    let count = |code| answers.iter().filter(|answer| *answer == code).count();
    assert_eq!((count("405"), count("401")), (10, 290), "{answers:?}");
    let stats = bench.stats_when(|stats| stats.wrong_keys + stats.throttled == 300).await;
    assert_eq!((stats.wrong_keys, stats.throttled), (10, 290));
    assert!(bench.connect(7).await.is_ok());
}

#[tokio::test]
async fn many_sessions_stream_at_once_each_to_its_own_feed() {
    let mut bench = Bench::new(64).await;
    let mut clients = Vec::new();
    for n in 0..30 {
        clients.push(bench.connect(2 * n + 1).await.unwrap());
    }
    for n in 0..20u8 {
        for (who, client) in clients.iter_mut().enumerate() {
            client.send(Kind::Video, &[0x41, who as u8, n], true, 0).await.unwrap();
        }
        sleep(Duration::from_millis(5)).await;
    }
    bench.stats_when(|stats| stats.sessions == 30 && stats.packets == 600).await;
    let mut whose = std::collections::BTreeMap::new();
    for (slot, packet) in bench.packets.try_iter() {
        let Content::Media { payload, .. } = packet.content else { continue };
        assert_eq!(*whose.entry(slot).or_insert(payload[1]), payload[1], "a feed has one sender");
    }
    assert_eq!(whose.len(), 30);
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_is_told_408_and_its_session_ends() {
    let bench = Bench::new(10).await;
    let mut client = bench.connect(7).await.unwrap();
    client.send(Kind::Audio, &[0xfc, 1], false, 0).await.unwrap();
    let error = timeout(3 * SECOND, client.hear()).await.expect("within a second or so");
    assert!(matches!(error, Error::Refused(408)), "{error}");
    assert_eq!(bench.end().await, (1, How::Silent));
}

#[tokio::test]
async fn a_connection_that_breaks_ends_its_session_and_the_channel_can_come_again() {
    let bench = Bench::new(10).await;
    drop(bench.connect(7).await.unwrap());
    assert_eq!(bench.end().await, (1, How::Closed));
    assert!(bench.connect(7).await.is_ok());
}

#[tokio::test]
async fn a_session_that_the_node_ends_is_told_410() {
    let bench = Bench::new(10).await;
    let mut client = bench.connect(7).await.unwrap();
    bench.kill.try_recv().unwrap().send(()).unwrap();
    let error = timeout(3 * SECOND, client.hear()).await.expect("at once");
    assert!(matches!(error, Error::Refused(410)), "{error}");
    assert!(bench.ends.try_recv().is_err(), "the node knows");
}

#[tokio::test]
async fn connections_of_one_address_and_of_all_are_bounded() {
    let bench = Bench::new(10).await;
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(dial_from(bench.server, 5).await);
    }
    // The first ones are served.
    held[31].write_all(b"HMAC\n").await.unwrap();
    assert!(answer(&mut held[31]).await.starts_with("200 "));
    let mut over = dial_from(bench.server, 5).await;
    assert!(answer(&mut over).await.starts_with("500"));
    assert!(bench.connect(7).await.is_ok(), "others are not concerned");
    drop(held);
    for _ in 0..100 {
        let mut again = dial_from(bench.server, 5).await;
        again.write_all(b"HMAC\n").await.unwrap();
        if answer(&mut again).await.starts_with("200 ") {
            return;
        }
        sleep(SECOND / 100).await;
    }
    panic!("places of connections that ended stay taken");
}

#[tokio::test]
async fn a_line_that_is_no_ftl_is_answered_400_and_closed() {
    let bench = Bench::new(10).await;
    let mut stream = TcpStream::connect(bench.server).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut text = String::new();
    timeout(3 * SECOND, stream.read_to_string(&mut text)).await.expect("it is closed").unwrap();
    assert!(text.starts_with("400 "), "{text}");
}

#[tokio::test]
async fn the_library_s_ping_comes_back_to_whoever_has_a_session() {
    let bench = Bench::new(10).await;
    let client = bench.connect(7).await.unwrap();
    let to = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), client.media_server().unwrap().port());
    let beside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let ping = [0x81, 250, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8];
    beside.send_to(&ping, to).await.unwrap();
    let mut bytes = [0; 64];
    let len = timeout(SECOND, beside.recv(&mut bytes)).await.expect("a pong").unwrap();
    assert_eq!(bytes[..len], ping);
    let elsewhere = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    elsewhere.send_to(&ping, to).await.unwrap();
    assert!(timeout(SECOND / 5, elsewhere.recv(&mut bytes)).await.is_err());
}

#[tokio::test]
async fn a_clip_is_played_in_real_time_and_goes_on_when_it_is_looped() {
    let mut bench = Bench::new(10).await;
    let picture = [0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 1, 0x65, 0x88, 1];
    let clip = Clip::default().with_video(&picture.repeat(10), 50.0).unwrap();
    let client = bench.connect(7).await.unwrap();
    let stop = sleep(SECOND / 2);
    let started = std::time::Instant::now();
    let played = play(client, &clip, Loop::Forever, stop).await.unwrap();
    assert!(started.elapsed() >= SECOND / 2 && (20..=26).contains(&played.pictures), "{played:?}");
    bench.stats_when(|stats| stats.packets == played.packets).await;
    let times: Vec<u32> = bench
        .packets
        .try_iter()
        .filter_map(|(_, packet)| match packet.content {
            Content::Media { time, .. } => Some(time),
            Content::Clock { .. } => None,
        })
        .collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 1800), "{times:?}");
    let client = bench.connect(7).await.unwrap();
    let once = play(client, &clip, Loop::Once, std::future::pending()).await.unwrap();
    assert_eq!(once.pictures, 10);
}
