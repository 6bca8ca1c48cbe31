//! Which meetings happen here, and the way to each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use meetings::hall::{Held, Input, SocketId, Verified, Way};
use meetings::{AccountId, MeetingId, PersonId};
use proto::meeting::{EndReason, Hello, PersonView};
use tokio::sync::{mpsc, oneshot, watch};

use super::hall::{self, Entrance, In};
use super::places::Places;
use crate::app::App;
use crate::live;
use crate::settings::Limits;

/// Inputs of one meeting that wait. A page sends a few packets a second, and a hall handles one in microseconds.
const INPUTS_MAX: usize = 1024;

/// A hall answers in microseconds; one that does not is busy, and whoever asks about it does well without.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// Tries to get into a meeting that is just ending: its next life is another task.
const TRIES: usize = 3;

/// Whoever reads the metrics waits for a busy meeting no longer than that.
const WEIGHED_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Front {
    halls: Mutex<HashMap<MeetingId, mpsc::Sender<In>>>,
    /// For WebSockets.
    pub places: Arc<Places>,
    numbers: std::sync::atomic::AtomicU64,
}

impl Front {
    pub fn new(limits: &Limits) -> Arc<Front> {
        Arc::new(Front {
            halls: Mutex::default(),
            places: Places::new(limits.meeting_sockets_max, limits.meeting_sockets_per_address_max),
            numbers: std::sync::atomic::AtomicU64::new(1),
        })
    }

    /// Somebody comes to the door. `None` when the meeting cannot be opened.
    pub async fn enter(
        self: &Arc<Front>,
        app: &App,
        meeting: &MeetingId,
        way: Way,
        hello: Hello,
        who: Verified,
    ) -> Option<Entrance> {
        let id = SocketId(self.numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let (out, lines) = mpsc::channel(hall::LINES_MAX);
        let mut knock = In::Enter { socket: id, out, way, hello, who };
        for _ in 0..TRIES {
            let hall = self.hall(app, meeting).await?;
            match hall.send(knock).await {
                Ok(()) => return Some(Entrance { id, hall: hall::Door(hall), lines }),
                Err(mpsc::error::SendError(returned)) => knock = returned,
            }
        }
        None
    }

    /// The meeting's task, started if need be.
    async fn hall(self: &Arc<Front>, app: &App, meeting: &MeetingId) -> Option<mpsc::Sender<In>> {
        if let Some(hall) = self.halls().get(meeting).filter(|hall| !hall.is_closed()) {
            return Some(hall.clone());
        }
        let kept = app.people.store().meeting(meeting).await.ok().flatten().filter(|kept| kept.ended.is_none())?;
        let mut halls = self.halls();
        if let Some(hall) = halls.get(meeting).filter(|hall| !hall.is_closed()) {
            return Some(hall.clone());
        }
        let (inputs, received) = mpsc::channel(INPUTS_MAX);
        halls.insert(meeting.clone(), inputs.clone());
        drop(halls);
        let (front, app, sender) = (self.clone(), app.clone(), inputs.clone());
        let meeting = meeting.clone();
        tokio::spawn(async move {
            hall::run(app, kept, sender.clone(), received).await;
            // Another task may have taken the place of this one.
            front.halls().retain(|id, hall| *id != meeting || !hall.same_channel(&sender));
        });
        Some(inputs)
    }

    pub fn open(&self) -> usize {
        self.halls().len()
    }

    pub fn meetings(&self) -> Vec<MeetingId> {
        self.halls().iter().filter(|(_, hall)| !hall.is_closed()).map(|(id, _)| id.clone()).collect()
    }

    /// In the order in which they came; nobody when the meeting is not here.
    pub async fn people(&self, meeting: &MeetingId) -> Vec<PersonView> {
        self.ask(meeting, In::People).await.unwrap_or_default()
    }

    /// By whoever looks after the server. False when nobody of that id is there.
    pub async fn remove(&self, meeting: &MeetingId, person: &PersonId, reason: Option<String>) -> bool {
        let remove = |reply| In::Remove { person: person.clone(), reason, reply };
        self.ask(meeting, remove).await.unwrap_or(false)
    }

    async fn ask<T>(&self, meeting: &MeetingId, question: impl FnOnce(oneshot::Sender<T>) -> In) -> Option<T> {
        let hall = self.at(meeting)?;
        let (reply, answer) = oneshot::channel();
        let asked = async {
            hall.send(question(reply)).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(REPLY_TIMEOUT, asked).await.ok().flatten()
    }

    /// What all meetings together hold. One that is too busy to say so in time is not in it.
    pub async fn held(&self) -> Held {
        let halls: Vec<_> = self.halls().values().cloned().collect();
        let mut answers = Vec::with_capacity(halls.len());
        for hall in halls {
            let (reply, answer) = oneshot::channel();
            if hall.try_send(In::Weigh(reply)).is_ok() {
                answers.push(answer);
            }
        }
        let deadline = tokio::time::Instant::now() + WEIGHED_WITHIN;
        let mut held = Held::default();
        for answer in answers {
            if let Ok(Ok(of_one)) = tokio::time::timeout_at(deadline, answer).await {
                held += of_one;
            }
        }
        held
    }

    /// WebSockets, those that have not said yet who they are among them.
    pub fn sockets_open(&self) -> usize {
        self.places.len()
    }

    fn halls(&self) -> MutexGuard<'_, HashMap<MeetingId, mpsc::Sender<In>>> {
        self.halls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, meeting: &MeetingId) -> Option<mpsc::Sender<In>> {
        self.halls().get(meeting).cloned()
    }

    /// What HTTP tells the meetings, until the server closes.
    pub async fn run(self: Arc<Front>, mut server: live::Server, mut closing: watch::Receiver<bool>) {
        loop {
            let ask = tokio::select! {
                ask = server.asks.recv() => ask,
                () = super::closed(&mut closing) => None,
            };
            let Some(ask) = ask else { break };
            self.pass_on(ask).await;
        }
    }

    async fn pass_on(&self, ask: live::Ask) {
        match ask {
            live::Ask::Inside { meeting, reply } => {
                if let Some(hall) = self.at(&meeting) {
                    let _ = hall.send(In::Inside(reply)).await;
                }
            }
            live::Ask::Changed { meeting, decided } => {
                if let Some(hall) = self.at(&meeting) {
                    let _ = hall.send(In::Said(Input::Decided(*decided))).await;
                }
            }
            live::Ask::Ended(meeting) => {
                if let Some(hall) = self.at(&meeting) {
                    let _ = hall.send(In::End(EndReason::ByHost)).await;
                }
            }
            live::Ask::Left { meeting, person } => {
                if let Some(hall) = self.at(&meeting) {
                    let _ = hall.send(In::Leave(person)).await;
                }
            }
            live::Ask::LoggedOut(account) => self.log_out(account).await,
        }
    }

    async fn log_out(&self, account: AccountId) {
        let person = PersonId::from(account);
        let halls: Vec<_> = self.halls().values().cloned().collect();
        for hall in halls {
            let _ = hall.send(In::Leave(person.clone())).await;
        }
    }
}
