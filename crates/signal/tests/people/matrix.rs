//! Everybody tries everything on everything. What succeeds is compared with a table written here, and not with the server's own.

use meetings::{Grant, MeetingId, PersonId, Purpose, Store as _};

use crate::cast::*;
use crate::support::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nobody,
    /// Holds a ticket to the meeting, and has no account.
    Guest,
    /// Has an account that has nothing to do with any of it.
    Stranger,
    /// Has an account, and is in the meeting.
    Participant,
    CoHost,
    /// Of the meeting; the account in question is theirs.
    Host,
    Admin,
    /// The host, with a login that has expired.
    Expired,
    /// The host, with a login that was ended.
    LoggedOut,
    /// The host, with the token of a mail's link.
    Link,
    /// The host, with the ticket to their meeting.
    Ticket,
    /// An operator's token for media, which is another matter, except where the node is administered.
    Jwt,
}

const ROLES: [Role; 12] = [
    Role::Nobody,
    Role::Guest,
    Role::Stranger,
    Role::Participant,
    Role::CoHost,
    Role::Host,
    Role::Admin,
    Role::Expired,
    Role::LoggedOut,
    Role::Link,
    Role::Ticket,
    Role::Jwt,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    /// The meeting of the host, the account of the host.
    There,
    Ended,
    Unknown,
}

const MEETING: &[Object] = &[Object::There, Object::Ended, Object::Unknown];
const ACCOUNT: &[Object] = &[Object::There, Object::Unknown];
const NOTHING: &[Object] = &[Object::There];
const UNKNOWN: &[Object] = &[Object::Unknown];

struct Endpoint {
    method: &'static str,
    /// `{m}` and `{a}` are the meeting and the account.
    path: &'static str,
    body: &'static str,
    objects: &'static [Object],
    /// Who succeeds on what is there.
    there: &'static [Role],
    /// And on a meeting that has ended.
    ended: &'static [Role],
}

const LOGINS: &[Role] = &[Role::Stranger, Role::Participant, Role::CoHost, Role::Host, Role::Admin];
const SEATED: &[Role] =
    &[Role::Guest, Role::Ticket, Role::Stranger, Role::Participant, Role::CoHost, Role::Host, Role::Admin];
const HOSTS: &[Role] = &[Role::CoHost, Role::Host];
const ENDERS: &[Role] = &[Role::CoHost, Role::Host, Role::Admin];
const OWNERS: &[Role] = &[Role::Host, Role::Admin];
const OWN: &[Role] = &[Role::Host];
/// By an account, or by a signed token: what an operator has.
const OPERATORS: &[Role] = &[Role::Admin, Role::Jwt];
/// A token that is no good is an error, also where none is needed.
const ANYBODY: &[Role] = &[
    Role::Nobody,
    Role::Guest,
    Role::Ticket,
    Role::Stranger,
    Role::Participant,
    Role::CoHost,
    Role::Host,
    Role::Admin,
];

const fn on_meeting(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    there: &'static [Role],
    ended: &'static [Role],
) -> Endpoint {
    Endpoint { method, path, body, objects: MEETING, there, ended }
}

const fn on(
    objects: &'static [Object],
    method: &'static str,
    path: &'static str,
    body: &'static str,
    there: &'static [Role],
) -> Endpoint {
    Endpoint { method, path, body, objects, there, ended: &[] }
}

const ENDPOINTS: &[Endpoint] = &[
    on_meeting("GET", "/meeting/{m}", "", ANYBODY, ANYBODY),
    on_meeting("PATCH", "/meeting/{m}", r#"{"title":"x"}"#, HOSTS, &[]),
    on_meeting("DELETE", "/meeting/{m}", "", OWNERS, OWNERS),
    on_meeting("POST", "/meeting/end/{m}", "", ENDERS, ENDERS),
    on_meeting("POST", "/meeting/join", r#"{"meeting_id":"{m}","name":"Somebody"}"#, ANYBODY, &[]),
    on_meeting("POST", "/meeting/leave", r#"{"meeting_id":"{m}"}"#, SEATED, SEATED),
    on_meeting("POST", "/meeting/record/{m}", "", &[], &[]),
    on_meeting("GET", "/meeting/record/recipients/{m}", "", &[], &[]),
    on(ACCOUNT, "GET", "/account/{a}", "", OWNERS),
    on(ACCOUNT, "PATCH", "/account/{a}", r#"{"name":"Anna"}"#, OWN),
    on(ACCOUNT, "DELETE", "/account/{a}", r#"{"password":"a horse and a bridge"}"#, OWNERS),
    on(
        ACCOUNT,
        "POST",
        "/account/{a}/password",
        r#"{"current":"a horse and a bridge","new":"a cow and a tunnel"}"#,
        OWN,
    ),
    on(NOTHING, "POST", "/meeting", "{}", LOGINS),
    on(NOTHING, "GET", "/meeting", "", LOGINS),
    on(NOTHING, "GET", "/account/verify", "", LOGINS),
    on(NOTHING, "POST", "/account/logout", "", LOGINS),
    on(NOTHING, "POST", "/account/logout-everywhere", "", LOGINS),
    on(NOTHING, "GET", "/api/admin/events", "", OPERATORS),
    on(NOTHING, "GET", "/api/admin/webhooks", "", OPERATORS),
    on(NOTHING, "POST", "/api/admin/webhooks/1/replay", r#"{"from":1}"#, OPERATORS),
    on(NOTHING, "GET", "/api/admin/overview", "", OPERATORS),
    on(NOTHING, "GET", "/api/admin/rooms", "", OPERATORS),
    on(NOTHING, "GET", "/api/admin/rooms/demo/sessions", "", OPERATORS),
    on(UNKNOWN, "GET", "/api/admin/sessions/0-9-9", "", OPERATORS),
    on(UNKNOWN, "DELETE", "/api/admin/sessions/0-9-9", r#"{"reason":"x"}"#, OPERATORS),
    // Nobody is in it yet; who is, is the business of a test with people.
    on(UNKNOWN, "DELETE", "/api/admin/meetings/{m}/people/{a}", r#"{"reason":"x"}"#, OPERATORS),
    on(NOTHING, "POST", "/api/admin/drain", "", OPERATORS),
    on(NOTHING, "DELETE", "/api/admin/drain", "", OPERATORS),
];

#[tokio::test]
async fn nobody_succeeds_where_they_may_not_and_everybody_where_they_may() {
    let world = start(|settings| {
        // Where whoever is at the machine may look after it, nobody else is refused from there.
        settings.auth = signal::auth::Policy::Required;
        settings.people.guesses = signal::Rate { per_s: 1_000, burst: 100_000 };
        let nowhere = format!("https://127.0.0.1:9/ {}", crate::receiver::SECRET);
        settings.webhooks.endpoints = vec![nowhere.parse().unwrap()];
    })
    .await;
    let mut cells = 0;
    for endpoint in ENDPOINTS {
        for &object in endpoint.objects {
            for role in ROLES {
                check(&world, endpoint, object, role).await;
                cells += 1;
            }
        }
    }
    assert!(cells > 400, "{cells}");
}

async fn check(world: &World, endpoint: &Endpoint, object: Object, role: Role) {
    let (host, co_host) = (world.person().await, world.person().await);
    let mut settings = open_to_all();
    settings.co_hosts.insert(co_host.id.clone());
    let meeting = world.meeting_of(&host, settings, object == Object::Ended).await;
    let auth = token(world, role, &host, co_host, &meeting).await;

    let (shown_meeting, shown_account) = match object {
        Object::Unknown => (MeetingId::from_random(random()).to_string(), meetings::AccountId::from_random(random())),
        Object::There | Object::Ended => (meeting.to_string(), host.id.clone()),
    };
    let fill = |text: &str| text.replace("{m}", &shown_meeting).replace("{a}", shown_account.as_str());
    let headers: Vec<(&str, &str)> = auth.iter().map(|auth| ("Authorization", auth.as_str())).collect();
    let answer = world.send(endpoint.method, &fill(endpoint.path), &headers, &fill(endpoint.body)).await;

    let may = match object {
        Object::There => endpoint.there.contains(&role),
        Object::Ended => endpoint.ended.contains(&role),
        Object::Unknown => false,
    };
    let cell = format!("{role:?} {} {} on {object:?}", endpoint.method, endpoint.path);
    assert_eq!((200..300).contains(&answer.status), may, "{cell}: {answer:?}");
    if !may {
        assert!(matches!(answer.status, 401 | 403 | 404 | 410 | 501), "{cell}: {answer:?}");
        answer.problem();
        // What was refused has changed nothing.
        assert!(world.store.account(&host.id).await.unwrap().is_some(), "{cell}");
        let kept = world.store.meeting(&meeting).await.unwrap().unwrap_or_else(|| panic!("{cell}"));
        assert_eq!((kept.version.0, kept.settings.title.as_str()), (0, ""), "{cell}");
    }
}

async fn token(world: &World, role: Role, host: &Person, co_host: Person, meeting: &MeetingId) -> Option<String> {
    let login = || Purpose::Login(host.id.clone());
    let seat = |person: PersonId| Purpose::Seat {
        meeting: meeting.clone(),
        person,
        name: "Ann".parse().unwrap(),
        marks: vec![],
    };
    Some(match role {
        Role::Nobody => return None,
        Role::Guest => world.guest_in(meeting).await.1,
        Role::Stranger => world.person().await.auth,
        Role::Participant => {
            let person = world.person().await;
            world.token_for(seat(person.id.clone().into()), 600).await;
            person.auth
        }
        Role::CoHost => co_host.auth,
        Role::Host => host.auth.clone(),
        Role::Admin => world.person_with(Grant::Admin).await.auth,
        Role::Expired => world.token_for(login(), -1).await,
        Role::LoggedOut => {
            let auth = world.token_for(login(), 600).await;
            let secret: meetings::Secret = auth.trim_start_matches("Bearer ").parse().unwrap();
            assert!(world.store.remove_token(&secret.hash()).await.unwrap());
            auth
        }
        Role::Link => world.token_for(Purpose::Reset(host.id.clone()), 600).await,
        Role::Ticket => world.token_for(seat(host.id.clone().into()), 600).await,
        Role::Jwt => bearer(&world.admin()),
    })
}
