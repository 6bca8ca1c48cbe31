//! The document's shapes against the types that are really sent and read.

use proto::account::*;
use proto::meeting_api::*;
use serde_json::Value;

use super::entries;

const OPENAPI: &str = include_str!("../openapi.json");

/// Fields of the document's schema and of the type that is really sent, so that neither drifts.
#[test]
fn the_shapes_are_those_that_are_sent() {
    use proto::api::{LayerView, NodeView, Problem, PublisherView, RoomView, RoomsView, TrackKind, TrackView};
    use proto::api::{PullState, UpstreamOrder, UpstreamView};
    use proto::api::{SessionSide, SessionState, SessionTrack, SessionView, Verdict};
    let layer = LayerView { rid: Some("h".into()), kbps: 1, silent: false };
    let track = TrackView { kind: TrackKind::Video, codec: "VP8".into(), layers: vec![layer.clone()] };
    let publisher = PublisherView {
        heard: true,
        id: "0-1-1".into(),
        name: Some("ann".into()),
        speaking: true,
        shown: true,
        age_s: 1,
        tracks: vec![track.clone()],
    };
    let room = RoomView { name: "demo".into(), live: true, publishers: vec![publisher.clone()], viewers: 1 };
    let problem = Problem { kind: "x".into(), title: "x".into(), status: 400, detail: "x".into() };
    let node = NodeView { version: "1".into(), token_required: true, workers: 1 };
    let order = UpstreamOrder { url: "http://parent".into(), token: Some("x".into()) };
    let upstream = UpstreamView { url: "http://parent".into(), own: true, state: PullState::Live };
    let heard = SessionTrack {
        mid: "0".into(),
        kind: TrackKind::Video,
        codec: "VP8".into(),
        layer: None,
        spatial: None,
        temporal: None,
        target: None,
        chosen: None,
        layers: vec![],
        packets: 0,
        bytes: 0,
        repairs: 0,
        last_packet_ms_ago: None,
        catching_up_ms: None,
        verdict: Verdict::NoSource,
        sentence: Verdict::NoSource.sentence(),
    };
    let session = SessionView {
        room: "demo".into(),
        side: SessionSide::Viewer,
        state: SessionState::Connected,
        age_ms: 1,
        connected_ms: Some(1),
        rtt_ms: None,
        estimate_kbps: None,
        sent_kbps: 0,
        loss_percent: 0.0,
        tracks: vec![heard.clone()],
    };
    let (publisher_view, session_view) = (publisher.clone(), session.clone());
    let sent = [
        ("SessionTrack", serde_json::to_value(heard).unwrap()),
        ("SessionView", serde_json::to_value(session).unwrap()),
        ("LayerView", serde_json::to_value(layer).unwrap()),
        ("TrackView", serde_json::to_value(track).unwrap()),
        ("PublisherView", serde_json::to_value(publisher).unwrap()),
        ("RoomView", serde_json::to_value(room.clone()).unwrap()),
        ("RoomsView", serde_json::to_value(RoomsView { rooms: vec![room] }).unwrap()),
        ("Problem", serde_json::to_value(problem).unwrap()),
        ("NodeView", serde_json::to_value(node).unwrap()),
        ("UpstreamOrder", serde_json::to_value(order).unwrap()),
        ("UpstreamView", serde_json::to_value(upstream).unwrap()),
    ];
    let admin = of_admin(publisher_view, session_view);
    let sent: Vec<_> = sent.into_iter().chain(of_people()).chain(of_events()).chain(admin).collect();
    let doc: Value = serde_json::from_str(OPENAPI).unwrap();
    let schemas = &doc["components"]["schemas"];
    assert_eq!(entries(schemas).count(), sent.len());
    for (name, value) in sent {
        let documented: Vec<_> = entries(&schemas[name]["properties"]).map(|(field, _)| field).collect();
        let mut real: Vec<_> = entries(&value).map(|(field, _)| field).collect();
        real.sort_unstable();
        let mut sorted = documented.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, real, "{name}");
    }
}

/// What administrators are shown.
fn of_admin(publisher: proto::api::PublisherView, view: proto::api::SessionView) -> Vec<(&'static str, Value)> {
    use proto::api::*;
    use proto::meeting::{PersonView, Quality, Role};
    let x = || "x".to_owned();
    let worker = AdminWorker {
        id: 0,
        publishers: 1,
        viewers: 1,
        pulls: 0,
        packets_in_per_s: 1,
        packets_out_per_s: 1,
        kbps_in: 1,
        kbps_out: 1,
        cpu_percent: 1.0,
        drops_per_s: 0,
        repairs_per_s: 0,
    };
    let drain = DrainView { state: DrainState::Serving, sessions: 1 };
    let process = AdminProcess::default();
    let overview = AdminOverview {
        version: x(),
        up_s: 1,
        drain,
        sessions_max: 1,
        rooms: 1,
        meetings: 1,
        workers: vec![worker],
        process,
    };
    let person = PersonView {
        account_id: x(),
        name: x(),
        role: Role::Host,
        microphone: true,
        camera: true,
        screen: false,
        hand: Some(1),
        away: false,
        quality: Quality::default(),
        since_ms: 1,
    };
    let room = AdminRoom {
        name: x(),
        meeting: Some(x()),
        live: true,
        viewers: 1,
        publishers: vec![publisher],
        people: vec![person.clone()],
    };
    let session = AdminSession {
        id: x(),
        room: x(),
        side: AdminSide::Viewer,
        name: None,
        person: None,
        state: SessionState::Connected,
        age_s: 1,
        remote: None,
        rtt_ms: None,
        kbps: 1,
        loss_percent: 0.0,
        verdict: Verdict::Playing,
        sentence: x(),
    };
    let detail = AdminSessionView {
        session: session.clone(),
        local: vec![],
        packets: 1,
        bytes: 1,
        nacks: 0,
        keyframe_requests: 0,
        view,
    };
    vec![
        ("AdminOverview", value(overview)),
        ("DrainView", value(drain)),
        ("AdminWorker", value(worker)),
        ("AdminProcess", value(process)),
        ("AdminRooms", value(AdminRooms { rooms: vec![room.clone()], next: Some(x()) })),
        ("AdminRoom", value(room)),
        ("PersonView", value(person)),
        ("AdminSessions", value(AdminSessions { sessions: vec![session.clone()], next: Some(x()) })),
        ("AdminSession", value(session)),
        ("AdminSessionView", value(detail)),
        ("RemoveOrder", value(RemoveOrder { reason: Some(x()) })),
    ]
}

/// Everything that is optional is there, so that it is compared too.
fn of_people() -> Vec<(&'static str, Value)> {
    let x = || "x".to_owned();
    let password = x();
    let login =
        LoginView { account_id: x(), name: x(), email: x(), grant: AccountGrant::Person, expires: 1, auth: Some(x()) };
    let account =
        AccountView { account_id: x(), name: x(), email: x(), confirmed: true, grant: AccountGrant::Admin, created: 1 };
    let meeting = MeetingView {
        meeting_id: x(),
        server: x(),
        host: x(),
        title: x(),
        link: x(),
        guests: true,
        lobby: true,
        locked: true,
        chat: true,
        reactions: true,
        share: true,
        unmute: true,
        passcode: true,
        created: 1,
        ended: Some(1),
        role: MeetingRole::Host,
        co_hosts: vec![],
        banned: vec![],
    };
    let door = MeetingDoor {
        meeting_id: x(),
        title: x(),
        host_name: x(),
        guests: true,
        lobby: true,
        locked: true,
        passcode: true,
        ended: Some(1),
        inside: Some(vec![]),
    };
    let yes = Some(true);
    let order = MeetingOrder {
        title: Some(x()),
        guests: yes,
        lobby: yes,
        locked: yes,
        chat: yes,
        reactions: yes,
        share: yes,
        unmute: yes,
        passcode: Some(x()),
    };
    let change = MeetingChange {
        title: Some(x()),
        guests: yes,
        lobby: yes,
        locked: yes,
        chat: yes,
        reactions: yes,
        share: yes,
        unmute: yes,
        passcode: Some(None),
        co_hosts: Some(CoHostsChange::default()),
        bans: Some(BansChange::default()),
    };
    let person = JoinedPerson { account_id: x(), name: x(), role: MeetingRole::Guest };
    let join = JoinView { meeting_id: x(), server: x(), person: person.clone(), ticket: x(), expires: 1, socket: x() };
    let account_change = AccountChange { name: Some(x()), email: Some(x()), password: Some(x()) };
    vec![
        ("SignUp", value(SignUp { email: x(), password: x(), name: Some(x()) })),
        ("SignedUp", value(SignedUp { account_id: x() })),
        ("LogIn", value(LogIn { email: x(), password: x(), cookie: true })),
        ("LoginView", value(login)),
        ("AccountView", value(account)),
        ("AccountChange", value(account_change)),
        ("AccountEnd", value(AccountEnd { password })),
        ("PasswordChange", value(PasswordChange { current: x(), new: x() })),
        ("ResetOrder", value(ResetOrder { email: x() })),
        ("ResetUse", value(ResetUse { token: x(), password: x() })),
        ("ConfirmUse", value(ConfirmUse { token: x() })),
        ("MeetingOrder", value(order)),
        ("MeetingView", value(meeting.clone())),
        ("MeetingsView", value(MeetingsView { meetings: vec![meeting], next: Some(x()) })),
        ("MeetingDoor", value(door)),
        ("MeetingChange", value(change)),
        ("CoHostsChange", value(CoHostsChange::default())),
        ("BansChange", value(BansChange::default())),
        ("JoinOrder", value(JoinOrder { meeting_id: x(), name: Some(x()), passcode: Some(x()) })),
        ("JoinView", value(join)),
        ("JoinedPerson", value(person)),
        ("LeaveOrder", value(LeaveOrder { meeting_id: x() })),
    ]
}

fn of_events() -> Vec<(&'static str, Value)> {
    use proto::event::*;
    let x = || "x".to_owned();
    let what = What::RoomStarted { room: x() };
    let event = Event { sequence: 1, id: x(), time_ms: 1, node: x(), what };
    let webhook = WebhookView {
        n: 1,
        url: x(),
        kinds: x(),
        state: WebhookState::Working,
        delivered: 1,
        behind: 1,
        missed: 1,
        deliveries: 1,
        failures: 1,
        last_delivered: Some(1),
        failing_since: Some(1),
        last_error: Some(x()),
    };
    vec![
        ("Event", value(event.clone())),
        ("EventsView", value(EventsView { events: vec![event], next: 1, more: true, last: 1 })),
        ("WebhookView", value(webhook.clone())),
        ("WebhooksView", value(WebhooksView { webhooks: vec![webhook] })),
        ("ReplayOrder", value(ReplayOrder { from: 1 })),
    ]
}

fn value(shape: impl serde::Serialize) -> Value {
    serde_json::to_value(shape).expect("plain fields")
}
