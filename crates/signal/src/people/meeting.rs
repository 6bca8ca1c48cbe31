//! `/meeting`: making meetings, looking at them, changing and ending them.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use meetings::hall::Decided;
use meetings::rights::{self, Action, Role};
use meetings::throttle::Key;
use meetings::{
    Account, AccountId, Added, Error, Mark, Meeting, MeetingId, Once, PasscodeHash, PersonId, Settings, Version, edit,
};
use proto::meeting::SettingsChange;
use proto::meeting_api::{MeetingChange, MeetingDoor, MeetingOrder, MeetingRole, MeetingView, MeetingsView};

use super::own::IdPath;
use super::{find, identity, now, random_id, read};
use crate::app::App;
use crate::live::Ask;
use crate::problem::{Failure, Kind};
use crate::query;

/// A client that repeats a request does so within minutes; a day covers one that was asleep.
const ONCE_KEPT: Duration = Duration::from_secs(24 * 3600);

const KEY_LEN_MAX: usize = 255;
const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 100;
const PASSCODE_CHARS_MAX: usize = 64;
/// In one request.
const PEOPLE_MAX: usize = 100;

pub async fn create(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let host = identity::login(&app, &parts).await?.account;
    let key = idempotency_key(&parts.headers)?;
    let text = read::text(&app, &parts, body).await?;
    let order: MeetingOrder = read::parse(&text)?;
    let people = &app.people;
    people.slow.made.take(Key::of(&[b"meeting", host.id.as_str().as_bytes()]))?;

    let mut settings = Settings { guests: order.guests.unwrap_or(true), ..Settings::default() };
    settings.title = title(order.title.unwrap_or_default())?;
    settings.lobby = order.lobby.unwrap_or(false);
    settings.locked = order.locked.unwrap_or(false);
    settings.chat = order.chat.unwrap_or(true);
    settings.reactions = order.reactions.unwrap_or(true);
    settings.share = order.share.unwrap_or(true);
    settings.unmute = order.unmute.unwrap_or(true);
    settings.passcode = passcode(&app, order.passcode.unwrap_or_default()).await?;
    let meeting = Meeting {
        id: MeetingId::from_random(random_id()),
        host: host.id.clone(),
        created: now(),
        ended: None,
        server: people.settings.public_url.clone().unwrap_or_default(),
        recording: false,
        settings,
        version: Version::default(),
    };
    let once = key.map(|key| once(&host.id, key, &text));
    let meeting = match people.store.add_meeting(&meeting, once.as_ref()).await? {
        Added::New => meeting,
        Added::Before(id) => people.store.meeting(&id).await?.ok_or_else(|| {
            Failure::new(Kind::NoMeeting, "the meeting that this Idempotency-Key made has been deleted; use a new key")
        })?,
    };
    let view = view(&app, &parts, &meeting, Role::Host);
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

pub async fn list(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let host = identity::login(&app, &parts).await?.account;
    let asked = parts.uri.query().unwrap_or_default();
    let bad_cursor =
        || Failure::new(Kind::BadCursor, "after is no \"next\" of a page of yours; begin at the first page");
    let after: Option<MeetingId> = match query::value(asked, "after") {
        Some(text) => Some(text.parse().map_err(|_| bad_cursor())?),
        None => None,
    };
    let limit = match query::value(asked, "limit") {
        Some(text) => text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit)),
        None => Some(PAGE_DEFAULT),
    };
    let limit = limit.ok_or_else(|| read::bad(format!("limit is a number from 1 to {PAGE_MAX}")))?;
    let page = app.people.store.meetings_of(&host.id, after.as_ref(), limit).await.map_err(|error| match error {
        Error::Missing => bad_cursor(),
        other => other.into(),
    })?;
    let next = page.items.last().filter(|_| page.more).map(|last| last.id.to_string());
    let meetings = page.items.iter().map(|meeting| view(&app, &parts, meeting, Role::Host)).collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(MeetingsView { meetings, next })).into_response())
}

pub async fn show(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let who = identity::who(&app, &parts).await?;
    let meeting = find::meeting(&app, &parts, &id.map(|path| path.0).unwrap_or_default()).await?;
    let role = rights::role_in(&meeting, who.account());
    if rights::may(role, Action::SeeMeeting) {
        return Ok(([(CACHE_CONTROL, "no-store")], Json(view(&app, &parts, &meeting, role))).into_response());
    }
    let host = app.people.store.account(&meeting.host).await?;
    // A passcode is there to keep out whoever came by the link; who is inside is behind it too.
    let is_open = meeting.settings.passcode.is_none() && meeting.ended.is_none();
    let inside = if is_open { Some(app.people.live.inside(&meeting.id).await) } else { None };
    let door = MeetingDoor {
        meeting_id: meeting.id.to_string(),
        host_name: host.map_or_else(String::new, |host| host.name.to_string()),
        guests: meeting.settings.guests,
        lobby: meeting.settings.lobby,
        locked: meeting.settings.locked,
        passcode: meeting.settings.passcode.is_some(),
        ended: meeting.ended.map(|ended| ended.0),
        title: meeting.settings.title,
        inside,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(door)).into_response())
}

pub async fn change(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let (account, meeting, role) = permitted(&app, &parts, id, Action::ChangeMeeting).await?;
    let order: MeetingChange = read::json(&app, &parts, body).await?;
    let change = Change::read(&app, &meeting, role, order).await?;
    let changed = edit::meeting::<Failure>(&*app.people.store, &meeting.id, |stored| {
        // The right may have been taken since it was looked up.
        if !rights::may(rights::role_in(stored, Some(&account)), Action::ChangeMeeting) {
            return Err(not_a_host());
        }
        if stored.ended.is_some() {
            return Err(over());
        }
        change.apply(&mut stored.settings)
    })
    .await?;
    for (person, _) in &change.bans_add {
        app.people.store.remove_seats(&meeting.id, Some(person)).await?;
    }
    let decided = Box::new(change.decided());
    app.people.live.tell(Ask::Changed { meeting: changed.id.clone(), decided }).await;
    Ok(([(CACHE_CONTROL, "no-store")], Json(view(&app, &parts, &changed, role))).into_response())
}

/// Ended twice is ended.
pub async fn end(State(app): State<App>, id: IdPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let (account, meeting, _) = permitted(&app, &parts, id, Action::EndMeeting).await?;
    if meeting.ended.is_none() {
        end_now(&app, &meeting).await?;
        app.people.note(&account.id, "meeting.end", &meeting.id).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove(State(app): State<App>, id: IdPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let (account, meeting, _) = permitted(&app, &parts, id, Action::DeleteMeeting).await?;
    app.people.store.remove_meeting(&meeting.id).await?;
    app.people.live.tell(Ask::Ended(meeting.id.clone())).await;
    app.people.note(&account.id, "meeting.delete", &meeting.id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody comes in any more, and whoever is in has to go.
pub async fn end_now(app: &App, meeting: &Meeting) -> Result<(), Failure> {
    edit::meeting::<Failure>(&*app.people.store, &meeting.id, |stored| {
        stored.ended.get_or_insert(now());
        Ok(())
    })
    .await?;
    app.people.store.remove_seats(&meeting.id, None).await?;
    app.people.live.tell(Ask::Ended(meeting.id.clone())).await;
    Ok(())
}

pub fn over() -> Failure {
    Failure::new(Kind::MeetingEnded, "this meeting has ended; who hosted it can start another one")
}

pub fn role(role: Role) -> MeetingRole {
    match role {
        Role::Host => MeetingRole::Host,
        Role::CoHost => MeetingRole::CoHost,
        Role::Participant => MeetingRole::Participant,
        Role::Guest => MeetingRole::Guest,
        Role::Admin => MeetingRole::Admin,
    }
}

/// The meeting that the path names, and what the caller is to it. Everybody who has the id may know that the meeting exists.
async fn permitted(
    app: &App,
    request: &Parts,
    id: IdPath,
    action: Action,
) -> Result<(Account, Meeting, Role), Failure> {
    let account = identity::login(app, request).await?.account;
    let meeting = find::meeting(app, request, &id.map(|path| path.0).unwrap_or_default()).await?;
    let role = rights::role_in(&meeting, Some(&account));
    if rights::may(role, action) { Ok((account, meeting, role)) } else { Err(not_a_host()) }
}

fn not_a_host() -> Failure {
    Failure::new(Kind::Forbidden, "only a host of this meeting may do that")
}

fn view(app: &App, request: &Parts, meeting: &Meeting, as_role: Role) -> MeetingView {
    let settings = &meeting.settings;
    MeetingView {
        meeting_id: meeting.id.to_string(),
        server: server(app, request, meeting),
        host: meeting.host.to_string(),
        title: settings.title.clone(),
        link: format!("{}/m/{}", app.people.base(request), meeting.id),
        guests: settings.guests,
        lobby: settings.lobby,
        locked: settings.locked,
        chat: settings.chat,
        reactions: settings.reactions,
        share: settings.share,
        unmute: settings.unmute,
        passcode: settings.passcode.is_some(),
        created: meeting.created.0,
        ended: meeting.ended.map(|ended| ended.0),
        role: role(as_role),
        co_hosts: settings.co_hosts.iter().map(AccountId::to_string).collect(),
        banned: settings.banned.iter().map(PersonId::to_string).collect(),
    }
}

/// A meeting that was made where nobody said what the node is called is where whoever asks has found it. What a request says about
/// that is never kept: it would send others to where the first one pointed.
pub fn server(app: &App, request: &Parts, meeting: &Meeting) -> String {
    if meeting.server.is_empty() { app.people.base(request) } else { meeting.server.clone() }
}

fn once(host: &AccountId, key: &str, request: &str) -> Once {
    let hash = |text: String| digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
    Once {
        key: hash(format!("meeting {host} {key}")),
        request: hash(request.to_owned()),
        until: now().after(ONCE_KEPT),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_LEN_MAX).contains(&key.len()) && values.next().is_none());
    key.map(Some)
        .ok_or_else(|| read::bad(format!("send one Idempotency-Key of 1 to {KEY_LEN_MAX} printable characters")))
}

fn title(text: String) -> Result<String, Failure> {
    let text = text.trim();
    let fits = text.len() <= 4 * Settings::TITLE_CHARS_MAX && text.chars().count() <= Settings::TITLE_CHARS_MAX;
    if !fits || text.chars().any(char::is_control) {
        let max = Settings::TITLE_CHARS_MAX;
        return Err(read::bad(format!("a title has at most {max} characters, none of them a control character")));
    }
    Ok(text.to_owned())
}

/// An empty one is none.
async fn passcode(app: &App, text: String) -> Result<Option<PasscodeHash>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > PASSCODE_CHARS_MAX {
        return Err(read::bad(format!("a passcode has at most {PASSCODE_CHARS_MAX} characters")));
    }
    Ok(Some(PasscodeHash(app.people.hasher.hash(text).await?)))
}

/// A [`MeetingChange`] with everything read and hashed that can be wrong about it.
struct Change {
    title: Option<String>,
    guests: Option<bool>,
    live: SettingsChange,
    passcode: Option<Option<PasscodeHash>>,
    co_hosts_add: Vec<AccountId>,
    co_hosts_remove: Vec<AccountId>,
    /// With what they would be known again by.
    bans_add: Vec<(PersonId, Vec<Mark>)>,
    bans_lift: Vec<PersonId>,
}

impl Change {
    async fn read(app: &App, meeting: &Meeting, by: Role, order: MeetingChange) -> Result<Change, Failure> {
        let (co_hosts, bans) = (order.co_hosts.unwrap_or_default(), order.bans.unwrap_or_default());
        let MeetingChange { locked, lobby, chat, reactions, share, unmute, .. } = order;
        let mut bans_add = Vec::new();
        for person in ids::<PersonId>(&bans.add)? {
            check_ban(meeting, by, &person)?;
            let marks = edit::marks(&*app.people.store, &meeting.id, &person).await?;
            bans_add.push((person, marks));
        }
        let change = Change {
            title: order.title.map(title).transpose()?,
            guests: order.guests,
            live: SettingsChange { locked, lobby, chat, reactions, share, unmute },
            passcode: match order.passcode {
                Some(text) => Some(passcode(app, text.unwrap_or_default()).await?),
                None => None,
            },
            co_hosts_add: ids(&co_hosts.add)?,
            co_hosts_remove: ids(&co_hosts.remove)?,
            bans_add,
            bans_lift: ids(&bans.lift)?,
        };
        for id in &change.co_hosts_add {
            if app.people.store.account(id).await?.is_none() {
                return Err(read::bad(format!("nobody has the account {id}")));
            }
        }
        Ok(change)
    }

    fn apply(&self, settings: &mut Settings) -> Result<(), Failure> {
        if let Some(title) = &self.title {
            settings.title.clone_from(title);
        }
        if let Some(passcode) = &self.passcode {
            settings.passcode.clone_from(passcode);
        }
        settings.guests = self.guests.unwrap_or(settings.guests);
        settings.keep_live(Settings::changed(settings.live(), &self.live));
        settings.co_hosts.extend(self.co_hosts_add.iter().cloned());
        settings.co_hosts.retain(|id| !self.co_hosts_remove.contains(id));
        self.bans_lift.iter().for_each(|person| settings.lift(person));
        for (person, marks) in &self.bans_add {
            settings.co_hosts.retain(|id| person.account().as_ref() != Some(id));
            if !settings.ban(person, marks.iter().copied()) {
                let max = Settings::BANNED_MAX;
                return Err(read::bad(format!("a meeting bans at most {max} people; lift some bans, or lock it")));
            }
        }
        if settings.co_hosts.len() > Settings::CO_HOSTS_MAX {
            return Err(read::bad(format!("a meeting has at most {} co-hosts", Settings::CO_HOSTS_MAX)));
        }
        Ok(())
    }

    /// For the meeting itself, if it is going on.
    fn decided(&self) -> Decided {
        let added = self.co_hosts_add.iter().map(|id| (id.clone(), true));
        // In this order, as in `apply`: who is added and removed is removed.
        let co_hosts = added.chain(self.co_hosts_remove.iter().map(|id| (id.clone(), false))).collect();
        let banned = self.bans_add.iter().map(|(person, _)| person.clone()).collect();
        Decided { settings: self.live.clone(), co_hosts, banned, lifted: self.bans_lift.clone() }
    }
}

/// As in the meeting: nobody bans its host, and a co-host no other one.
fn check_ban(meeting: &Meeting, by: Role, person: &PersonId) -> Result<(), Failure> {
    let account = person.account();
    if account.as_ref() == Some(&meeting.host) {
        return Err(Failure::new(Kind::Forbidden, "nobody bans the host of a meeting"));
    }
    let is_co_host = account.is_some_and(|account| meeting.settings.co_hosts.contains(&account));
    if is_co_host && by != Role::Host {
        return Err(Failure::new(Kind::Forbidden, "only the host bans a co-host"));
    }
    Ok(())
}

fn ids<Id: std::str::FromStr<Err = meetings::IdError>>(texts: &[String]) -> Result<Vec<Id>, Failure> {
    if texts.len() > PEOPLE_MAX {
        return Err(read::bad(format!("name at most {PEOPLE_MAX} people at once")));
    }
    texts.iter().map(|text| text.parse().map_err(read::bad)).collect()
}

pub fn fuzz(order: MeetingOrder) {
    if let Ok(title) = title(order.title.unwrap_or_default()) {
        assert!(title.chars().count() <= Settings::TITLE_CHARS_MAX && !title.contains('\n'));
    }
}
