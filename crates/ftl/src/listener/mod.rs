//! The shell: one TCP port for the sessions, one UDP port for the media of all of them.
//!
//! ```text
//!   accept ──▶ session (a task each) ──Question──▶ hub (one task) ◀── UDP
//!                      └────────────Ask──────────▶ node ◀──Packet────┘
//! ```
//!
//! The hub owns what the sessions share, keys, the count of wrong ones, and the streams, so nothing is locked.

mod hub;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

use crate::code::Code;
use crate::desk::Desk;
use crate::stream::Ignored;
use crate::{Error, Keys};

use hub::Hub;

/// Connections of one address: a studio with many encoders, and no more of a stranger.
const CONNECTIONS_PER_ADDRESS_MAX: u32 = 32;

/// Connections that have not become sessions, over those that may.
const STRANGERS_MAX: usize = 256;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients connect (TCP).
    pub listen: SocketAddr,
    /// Where their media goes (UDP).
    pub media: SocketAddr,
    pub keys: Keys,
    /// Sessions at once.
    pub sessions_max: usize,
}

/// Both ports, bound.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    udp: UdpSocket,
    settings: Settings,
    stats: watch::Sender<Stats>,
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions now.
    pub sessions: u64,
    pub sessions_begun: u64,
    pub wrong_keys: u64,
    /// Claims that were not even looked at, after too many wrong keys from their address.
    pub throttled: u64,
    pub packets: u64,
    /// Datagrams dropped, by reason.
    pub ignored: [u64; Ignored::ALL.len()],
}

impl Listener {
    pub async fn bind(settings: Settings) -> Result<Listener, Error> {
        let fails = |what, address| move |source| Error::Listen { what, address, source };
        let tcp = match TcpListener::bind(settings.listen).await {
            Err(error) if lacks_ipv6(settings.listen, &error) => TcpListener::bind(any_v4(settings.listen)).await,
            bound => bound,
        }
        .map_err(fails("TCP", settings.listen))?;
        let udp = match UdpSocket::bind(settings.media).await {
            Err(error) if lacks_ipv6(settings.media, &error) => UdpSocket::bind(any_v4(settings.media)).await,
            bound => bound,
        }
        .map_err(fails("UDP", settings.media))?;
        Ok(Listener { tcp, udp, settings, stats: watch::channel(Stats::default()).0 })
    }

    pub fn address(&self) -> SocketAddr {
        self.tcp.local_addr().unwrap_or(self.settings.listen)
    }

    pub fn media_address(&self) -> SocketAddr {
        self.udp.local_addr().unwrap_or(self.settings.media)
    }

    pub fn stats(&self) -> watch::Receiver<Stats> {
        self.stats.subscribe()
    }

    /// Serves until it is dropped.
    pub async fn run(self, desk: Desk) {
        let media_port = self.media_address().port();
        let Settings { keys, sessions_max, .. } = self.settings;
        let (hub, questions) = Hub::new(media_port);
        let mut sessions = JoinSet::new();
        let mut open: BTreeMap<IpAddr, u32> = BTreeMap::new();
        let mut whose: HashMap<task::Id, IpAddr> = HashMap::new();
        let mut media = std::pin::pin!(hub::run(self.udp, questions, keys, sessions_max, self.stats));
        loop {
            let accepted = tokio::select! {
                () = &mut media => return,
                Some(ended) = sessions.join_next_with_id() => {
                    // Also one that ended by a bug of ours has ended.
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    if let Some(ip) = whose.remove(&id) {
                        forget(&mut open, ip);
                    }
                    continue;
                }
                accepted = self.tcp.accept() => accepted,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: waiting helps, turning does not.
                    tracing::warn!(%error, "cannot accept an FTL connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let ip = from.ip().to_canonical();
            let theirs = open.entry(ip).or_default();
            if *theirs >= CONNECTIONS_PER_ADDRESS_MAX || sessions.len() >= sessions_max + STRANGERS_MAX {
                // It fits into the empty send buffer of a new connection, so nobody waits for it.
                let _ = stream.try_write(Code::ServerError.line().as_bytes());
                if *theirs == 0 {
                    open.remove(&ip);
                }
                continue;
            }
            *theirs += 1;
            let (hub, desk) = (hub.clone(), desk.clone());
            let id = sessions.spawn(session::serve(stream, from, hub, desk)).id();
            whose.insert(id, ip);
        }
    }
}

fn forget(open: &mut BTreeMap<IpAddr, u32>, ip: IpAddr) {
    if let Some(theirs) = open.get_mut(&ip) {
        *theirs -= 1;
        if *theirs == 0 {
            open.remove(&ip);
        }
    }
}

/// `[::]` on a machine that has no IPv6 means every address it does have.
fn lacks_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    address.is_ipv6() && address.ip().is_unspecified() && error.kind() != io::ErrorKind::AddrInUse
}

fn any_v4(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port())
}
