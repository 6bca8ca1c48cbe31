//! A thread full of clients: waits for all their sockets and timers at once. It does not know what its members do with
//! what comes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::udp::{Arena, Poller, Socket};

/// A publisher or a viewer.
pub trait Member: Send + 'static {
    fn socket(&self) -> &Socket;
    /// Everything that waits in the socket.
    fn receive(&mut self, arena: &mut Arena) -> io::Result<()>;
    /// When `tick` wants to be called.
    fn due(&self) -> Instant;
    fn tick(&mut self, now: Instant);
    /// Whether it goes, with its socket, while the others stay.
    fn has_left(&self) -> bool {
        false
    }
}

/// The way out for one member, opened by whoever sent it in. Its place is another one's then.
#[derive(Debug, Clone, Default)]
pub struct Exit(Arc<AtomicBool>);

impl Exit {
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What members are told; bounded by how many there are.
pub enum Order<M> {
    Join(Box<M>),
    /// To each member, for example to stop sending.
    Each(fn(&mut M)),
}

/// A running crew. Dropping `orders` ends it, and the members come back.
pub struct Crew<M: Member> {
    orders: Sender<Order<M>>,
    thread: JoinHandle<io::Result<Vec<M>>>,
}

impl<M: Member> Crew<M> {
    pub fn start(name: &str) -> io::Result<Crew<M>> {
        let (orders, inbox) = channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&inbox))?;
        Ok(Crew { orders, thread })
    }

    /// A crew that has failed takes no orders; `disband` says why.
    pub fn order(&self, order: Order<M>) {
        let _ = self.orders.send(order);
    }

    pub fn disband(self) -> io::Result<Vec<M>> {
        drop(self.orders);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the load generator panicked")))
    }
}

/// How late an order or a timer may be. Fine enough for a frame's pace, coarse enough to look at a thousand timers.
const ROUND: Duration = Duration::from_millis(1);

fn work<M: Member>(orders: &Receiver<Order<M>>) -> io::Result<Vec<M>> {
    // A place keeps its number, by which the poller knows the socket.
    let mut places: Vec<Option<M>> = Vec::new();
    let mut poller = Poller::new()?;
    let mut arena = Arena::new();
    let mut next_round = Instant::now();
    loop {
        let ready = poller.wait(next_round.saturating_duration_since(Instant::now()))?;
        for number in ready {
            if let Some(member) = &mut places[*number as usize] {
                member.receive(&mut arena)?;
            }
        }
        let now = Instant::now();
        if now < next_round {
            continue;
        }
        next_round = now + ROUND;
        places.iter_mut().flatten().filter(|member| member.due() <= now).for_each(|member| member.tick(now));
        for place in &mut places {
            place.take_if(|member| member.has_left());
        }
        loop {
            match orders.try_recv() {
                Ok(Order::Join(member)) => {
                    let free = places.iter().position(Option::is_none).unwrap_or(places.len());
                    poller.add(member.socket(), free as u64)?;
                    if free == places.len() {
                        places.push(None);
                    }
                    places[free] = Some(*member);
                }
                Ok(Order::Each(act)) => places.iter_mut().flatten().for_each(act),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(places.into_iter().flatten().collect()),
            }
        }
    }
}
