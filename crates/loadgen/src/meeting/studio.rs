//! Peer connections of synthetic people: made, offered, and, once there is an answer, handed to the threads that run them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use media::Codec;
use media::testing::{Drawn, Source};
use transport::client::{Publish, Setup, Watch};
use transport::{Client, Identity};

use super::listener::{Listener, Place};
use super::rota::{Rota, VOICES};
use super::tiles::{picture, voice};
use crate::Error;
use crate::load::board::Board;
use crate::load::codecs;
use crate::load::crew::{Crew, Exit, Order};
use crate::load::endpoint::Endpoint;
use crate::load::feed::{Feed, Footage, Loudness};
use crate::load::publisher::Publisher;
use crate::udp::{Coalesce, Socket};

pub struct Studio {
    identity: Identity,
    ip: IpAddr,
    look: Look,
    pub board: Arc<Board>,
    pub rota: Arc<Rota>,
    publishers: Crew<Publisher>,
    listeners: Vec<Crew<Listener>>,
}

/// What people send.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub codec: Codec,
    pub kbps: u32,
    pub fps: u32,
    pub drawn: bool,
}

/// Frames from one key frame to the next, when nobody asks for one: 20 s of the usual 15 frames.
const KEYFRAME_INTERVAL: u32 = 300;

/// A connection that waits for its answer.
pub struct Offered {
    client: Client,
    socket: Socket,
}

impl Offered {
    pub fn sdp(&self) -> String {
        self.client.offer().to_owned()
    }

    fn answered(mut self, answer: &str) -> Result<Endpoint, Error> {
        self.client.accept_answer(answer)?;
        Ok(Endpoint::new(self.client, self.socket))
    }
}

impl Studio {
    pub fn open(ip: IpAddr, look: Look, rota: Rota, threads: usize) -> Result<Studio, Error> {
        let listeners = (0..threads.max(1)).map(|n| Crew::start(&format!("listeners-{n}")).map_err(Error::Socket));
        Ok(Studio {
            identity: Identity::generate()?,
            ip,
            look,
            // No send log: how long packets are under way is what `weir load` without a meeting measures.
            board: Arc::new(Board::new(0)),
            rota: Arc::new(rota),
            publishers: Crew::start("publishers").map_err(Error::Socket)?,
            listeners: listeners.collect::<Result<_, _>>()?,
        })
    }

    pub fn offer_camera(&self) -> Result<Offered, Error> {
        let audio = Some(codecs::choice(Codec::Opus));
        let publish = Publish { audio, video: Some(codecs::choice(self.look.codec)), ..Publish::default() };
        self.offer(|setup| Client::publisher(setup, &publish))
    }

    /// With so many slots.
    pub fn offer_receive(&self, slots: usize) -> Result<Offered, Error> {
        let watch = Watch {
            audio: vec![codecs::choice(Codec::Opus)],
            video: vec![codecs::choice(self.look.codec)],
            more_voices: VOICES as usize - 1,
            more_pictures: slots.max(1) - 1,
            channels: Vec::new(),
        };
        self.offer(|setup| Client::viewer(setup, &watch).map(Client::leave_srtp))
    }

    /// This person sends from now on, until the exit is opened.
    pub fn send(&self, person: u32, offered: Offered, answer: &str, exit: Exit) -> Result<(), Error> {
        let endpoint = offered.answered(answer)?;
        let Look { codec, kbps, fps, drawn } = self.look;
        let stream = picture(person);
        let footage = match drawn {
            true => Footage::Drawn(Drawn::person(person, stream)),
            false => Footage::Noise(Source::video(codec, kbps, fps, KEYFRAME_INTERVAL, stream, person.into())),
        };
        let video = Feed::video(codec, footage, fps, stream);
        let audio = Feed::audio(voice(person), Loudness::InTurn(self.rota.clone(), person));
        let publisher = Publisher::of(endpoint, video, Some(audio), self.board.clone()).until(exit);
        self.publishers.order(Order::Join(Box::new(publisher)));
        Ok(())
    }

    pub fn receive(&self, offered: Offered, place: Place) -> Result<(), Error> {
        let endpoint = offered.answered(&place.answer)?;
        let crew = &self.listeners[place.person as usize % self.listeners.len()];
        let listener = Listener::attending(endpoint, place, self.rota.clone(), self.board.clone());
        crew.order(Order::Join(Box::new(listener)));
        Ok(())
    }

    pub fn stop_sending(&self) {
        self.publishers.order(Order::Each(Publisher::stop));
    }

    /// Everybody says what they found.
    pub fn close_books(&self) {
        for crew in &self.listeners {
            crew.order(Order::Each(Listener::close_book));
        }
    }

    /// How many datagrams the kernel did not take from those who still send.
    pub fn close(self) -> Result<u64, Error> {
        for crew in self.listeners {
            crew.disband().map_err(Error::Socket)?;
        }
        let publishers = self.publishers.disband().map_err(Error::Socket)?;
        Ok(publishers.iter().map(Publisher::not_sent).sum())
    }

    fn offer(&self, make: impl FnOnce(Setup<'_>) -> Result<Client, transport::Error>) -> Result<Offered, Error> {
        let socket = Socket::bind(self.ip, Coalesce::Yes).map_err(Error::Socket)?;
        let setup = Setup { now: Instant::now(), identity: &self.identity, address: socket.local() };
        Ok(Offered { client: make(setup)?, socket })
    }
}
