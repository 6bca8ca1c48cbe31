//! What a meeting has the store remember, in order, while it goes on; and that it is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use meetings::hall::Keep;
use meetings::{Error, Meeting, MeetingId, Settings, Store, edit};
use proto::meeting::EndReason;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::now;

/// The store is away: people go on, and what is to be kept waits.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// At the end nobody waits for longer: who joins a meeting that the store does not know to be over opens it again, and it is empty.
const LAST_TRIES: u32 = 5;

/// The meeting's end: a task writes, so that a slow store holds up nobody in the meeting.
pub struct Keeper {
    list: Arc<List>,
    writer: JoinHandle<()>,
}

#[derive(Default)]
struct List {
    /// What is not written yet. The same thing is in it once: a host who locks and unlocks for an hour makes it no longer.
    waiting: Mutex<VecDeque<Keep>>,
    news: Notify,
}

struct Writer {
    store: Arc<dyn Store>,
    meeting: MeetingId,
    list: Arc<List>,
}

impl Keeper {
    pub fn new(store: Arc<dyn Store>, meeting: MeetingId) -> Keeper {
        let list = Arc::<List>::default();
        let writer = Writer { store, meeting, list: list.clone() };
        Keeper { list, writer: tokio::spawn(writer.run()) }
    }

    pub fn keep(&self, keep: Keep) {
        let mut waiting = self.list.waiting();
        waiting.retain(|waiting| !replaces(&keep, waiting));
        waiting.push_back(keep);
        drop(waiting);
        self.list.news.notify_one();
    }

    /// Writes what is left, and that the meeting is over, if it is.
    pub async fn finish(self, store: &Arc<dyn Store>, meeting: &MeetingId, over: Option<EndReason>) {
        self.writer.abort();
        // What it was writing when it was stopped is still in the list: each is the same when it is done twice.
        let _ = self.writer.await;
        let writer = Writer { store: store.clone(), meeting: meeting.clone(), list: self.list };
        for _ in 0..LAST_TRIES {
            match writer.write_last(over).await {
                Ok(()) => return,
                Err(_) => tokio::time::sleep(RETRY_AFTER).await,
            }
        }
        tracing::error!(%meeting, "the store does not know what became of this meeting");
    }
}

impl List {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Keep>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<Keep> {
        self.waiting().front().cloned()
    }

    /// While it was written another may have taken its place.
    fn written(&self, keep: &Keep) {
        let mut waiting = self.waiting();
        if waiting.front() == Some(keep) {
            waiting.pop_front();
        }
    }
}

impl Writer {
    async fn run(self) {
        loop {
            let Some(keep) = self.list.first() else {
                self.list.news.notified().await;
                continue;
            };
            match self.write(&keep).await {
                Ok(()) => self.list.written(&keep),
                Err(error) => {
                    tracing::warn!(%error, meeting = %self.meeting, "the store cannot be written; trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn write_last(&self, over: Option<EndReason>) -> Result<(), Error> {
        while let Some(keep) = self.list.first() {
            self.write(&keep).await?;
            self.list.written(&keep);
        }
        match over {
            // Its link is still good.
            None | Some(EndReason::NotStarted) => Ok(()),
            Some(_) => self.end().await,
        }
    }

    async fn write(&self, keep: &Keep) -> Result<(), Error> {
        match keep {
            Keep::Settings(live) => self.change(|meeting| meeting.settings.keep_live(*live)).await,
            Keep::Removed { person, banned } => {
                if *banned {
                    let marks = edit::marks(&*self.store, &self.meeting, person).await?;
                    // Full: the hall keeps them out for as long as it lasts.
                    let ban = |settings: &mut Settings| _ = settings.ban(person, marks.iter().copied());
                    self.change(|meeting| ban(&mut meeting.settings)).await?;
                }
                self.store.remove_seats(&self.meeting, Some(person)).await.map(drop)
            }
            Keep::CoHost { account, is } => {
                let set = |settings: &mut Settings| {
                    if !*is {
                        settings.co_hosts.remove(account);
                    } else if settings.co_hosts.len() < Settings::CO_HOSTS_MAX {
                        settings.co_hosts.insert(account.clone());
                    }
                };
                self.change(|meeting| set(&mut meeting.settings)).await
            }
        }
    }

    async fn end(&self) -> Result<(), Error> {
        self.change(|meeting| meeting.ended = meeting.ended.or(Some(now()))).await?;
        self.store.remove_seats(&self.meeting, None).await.map(drop)
    }

    /// A meeting that was deleted meanwhile has nothing to change.
    async fn change(&self, change: impl Fn(&mut Meeting)) -> Result<(), Error> {
        loop {
            let Some(mut meeting) = self.store.meeting(&self.meeting).await? else { return Ok(()) };
            change(&mut meeting);
            match self.store.replace_meeting(&meeting).await {
                Ok(_) | Err(Error::Missing) => return Ok(()),
                Err(Error::Changed) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn replaces(new: &Keep, old: &Keep) -> bool {
    match (new, old) {
        (Keep::Settings(_), Keep::Settings(_)) => true,
        (Keep::Removed { person: new, .. }, Keep::Removed { person: old, .. }) => new == old,
        (Keep::CoHost { account: new, .. }, Keep::CoHost { account: old, .. }) => new == old,
        _ => false,
    }
}
