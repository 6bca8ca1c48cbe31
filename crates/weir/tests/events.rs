//! Events and accounts with the real binary: a node that is killed between writing an event down and delivering it, and an operator
//! who works on the accounts of a node that runs.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Folder, Serving, failure, success, weir};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LONG: Duration = Duration::from_secs(60);

/// Answers 200 or 500, and keeps what it has taken.
struct Receiver {
    address: SocketAddr,
    works: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Receiver { address, works: Arc::default(), taken: Arc::default() };
        let (works, taken) = (receiver.works.clone(), receiver.taken.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut line, mut length) = (String::new(), 0);
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                        length = text.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                // A node that was killed has sent half of it.
                if length == 0 || stream.read_exact(&mut body).is_err() {
                    continue;
                }
                let works = works.load(Ordering::SeqCst);
                if works {
                    taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                }
                let status = if works { 200 } else { 500 };
                let _ = write!(stream.get_mut(), "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            }
        });
        receiver
    }

    fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|e| panic!("{e}: {answer}"))
}

fn post(node: &Serving, path: &str, auth: Option<&str>, text: &str) -> (u16, String) {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(auth.map(|auth| ("Authorization", auth)));
    node.ask("POST", path, &headers, text)
}

fn sign_up(node: &Serving, n: usize) {
    let text = format!(r#"{{"email":"p{n}@example.org","password":"a horse and a bridge"}}"#);
    assert_eq!(post(node, "/account", None, &text).0, 201);
}

#[test]
fn a_node_that_is_killed_delivers_every_event_it_has_written_in_order_after_it_was_started_again() {
    let here = Folder::new("killed");
    let receiver = Receiver::start();
    let endpoint = format!("http://{}/hook {SECRET}", receiver.address);
    let set = [format!("webhooks.endpoints={endpoint}"), "webhooks.allow_private=true".to_owned()];
    let args = ["--set", &set[0], "--set", &set[1]];
    let admin = format!("Bearer {}", success(weir(&here).args(["token", "create", "--admin"])).trim());
    let last = |node: &Serving| {
        let (status, answer) = node.ask("GET", "/api/admin/webhooks", &[("Authorization", &admin)], "");
        assert_eq!(status, 200, "{answer}");
        let view = &body(&answer)["webhooks"][0];
        view["delivered"].as_u64().unwrap() + view["behind"].as_u64().unwrap()
    };
    let mut signed_up = 0;
    // The first lives are spent before a receiver that takes nothing, the last one amid deliveries.
    for (life, works) in [false, false, true, true].into_iter().enumerate() {
        receiver.works.store(works, Ordering::SeqCst);
        let node = Serving::start(&here, &args);
        for _ in 0..3 {
            sign_up(&node, signed_up);
            signed_up += 1;
        }
        // Written down, whether delivered or not.
        until("a start and three accounts in the log", || (last(&node) == 4 * (life as u64 + 1)).then_some(()));
        if works {
            until("a delivery", || (receiver.taken().len() > 3 * life).then_some(()));
        }
        node.signal("KILL");
    }
    let node = Serving::start(&here, &args);
    // Five starts, and the accounts.
    let whole = 5 + signed_up as u64;
    let taken = until("all of them", || {
        let taken = receiver.taken();
        (taken.last()?["sequence"].as_u64()? == whole).then_some(taken)
    });
    let mut by_number: BTreeMap<u64, String> = BTreeMap::new();
    let mut highest = 0;
    for event in &taken {
        let (number, text) = (event["sequence"].as_u64().unwrap(), event.to_string());
        // Only the one that was under way when the node was killed comes twice, and it is the same.
        assert!(number == highest + 1 || number == highest, "{number} after {highest}");
        highest = number;
        assert_eq!(*by_number.entry(number).or_insert_with(|| text.clone()), text);
    }
    assert_eq!(by_number.len() as u64, whole);
    let accounts = taken.iter().filter(|event| event["kind"] == "account.created");
    let names: Vec<&str> = accounts.map(|event| event["data"]["name"].as_str().unwrap()).collect();
    let mut once = names.clone();
    once.dedup();
    assert_eq!(once, (0..signed_up).map(|n| format!("p{n}")).collect::<Vec<_>>());
    assert_eq!(last(&node), whole);
}

#[test]
fn an_operator_makes_grants_and_secures_accounts_while_the_node_runs() {
    let here = Folder::new("operator");
    assert!(failure(weir(&here).args(["account", "list"])).contains("there are no accounts in weir-data yet"));
    let node = Serving::start(&here, &[]);
    let link = success(weir(&here).args(["account", "create", "Ann@Example.org", "--name", "Ann"]));
    let token = link.trim().split_once("/reset#").expect("a link").1;
    assert!(failure(weir(&here).args(["account", "create", "ann@example.org"])).contains("has an account already"));

    // The link is good once.
    let choose = format!(r#"{{"token":"{token}","password":"a horse and a bridge"}}"#);
    assert_eq!(post(&node, "/account/reset/confirm", None, &choose).0, 204);
    assert_eq!(post(&node, "/account/reset/confirm", None, &choose).0, 410);
    let log_in = |password: &str| {
        let text = format!(r#"{{"email":"ann@example.org","password":"{password}"}}"#);
        let (status, answer) = post(&node, "/account/login", None, &text);
        (status, if status == 200 { format!("Bearer {}", body(&answer)["auth"].as_str().unwrap()) } else { answer })
    };
    let (status, auth) = log_in("a horse and a bridge");
    assert_eq!(status, 200, "{auth}");
    let events = |auth: &str| node.ask("GET", "/api/admin/events", &[("Authorization", auth)], "");

    // What is granted and taken back holds with the next request.
    assert_eq!(events(&auth).0, 403);
    let said = success(weir(&here).args(["account", "grant", "ann@example.org", "admin"]));
    assert_eq!(said, "ann@example.org administers the node now\n");
    let (status, answer) = events(&auth);
    assert_eq!(status, 200);
    let kinds: Vec<String> =
        body(&answer)["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["node.started", "account.created", "account.secured", "account.granted"]);
    success(weir(&here).args(["account", "revoke", "ann@example.org", "admin"]));
    assert_eq!(events(&auth).0, 403);
    success(weir(&here).args(["account", "grant", "ann@example.org", "admin"]));

    // A reset ends the password and every login at once.
    let link = success(weir(&here).args(["account", "reset-password", "ann@example.org"]));
    assert!(link.contains("/reset#"), "{link}");
    assert_eq!(events(&auth).0, 401);
    assert_eq!(log_in("a horse and a bridge").0, 401);
    let mut typed = weir(&here);
    typed.args(["account", "reset-password", "ann@example.org", "--stdin"]).stdin(std::process::Stdio::piped());
    let mut child = typed.stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a cow and a tunnel\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(log_in("a cow and a tunnel").0, 200);

    let shown: Value =
        serde_json::from_str(&success(weir(&here).args(["account", "show", "ann@example.org"]))).unwrap();
    assert_eq!((&shown["grant"], &shown["confirmed"]), (&"admin".into(), &true.into()));
    let id = shown["account_id"].as_str().unwrap();
    let by_id: Value = serde_json::from_str(&success(weir(&here).args(["account", "show", id]))).unwrap();
    assert_eq!(by_id, shown);
    sign_up(&node, 1);
    let list = success(weir(&here).args(["account", "list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 3 && lines[1].contains("ann@example.org") && lines[1].contains("admin"), "{list}");
    let json = success(weir(&here).args(["account", "list", "--json"]));
    let listed: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed.len(), 2);
    for (args, says) in [
        (&["show", "nobody@example.org"][..], "nobody here has the account nobody@example.org"),
        (&["grant", "nobody@example.org", "admin"], "nobody here has the account"),
        (&["show", "nobody"], "name an account by its address or its id"),
    ] {
        let line = failure(weir(&here).arg("account").args(args));
        assert!(line.contains(says), "{line}");
    }
    // The node is stopped: the folder alone is enough.
    let mut node = node;
    node.signal("TERM");
    node.ended(LONG);
    assert_eq!(success(weir(&here).args(["account", "list"])), list);
}

#[test]
fn a_secret_from_the_command_line_fits_into_the_configuration_and_shows_nowhere() {
    let here = Folder::new("secret");
    let secret = success(weir(&here).args(["webhook", "secret"])).trim().to_owned();
    let set = format!("webhooks.endpoints=https://a.example/hook?key=hunter2 {secret} meeting.*");
    let shown = success(weir(&here).args(["config", "show", "--set", &set]));
    assert!(shown.contains(r#"endpoints = ["https://a.example/hook?*** whsec_*** meeting.*"]"#), "{shown}");
    assert!(!shown.contains(&secret[6..]) && !shown.contains("hunter2"));
    for (set, says) in [
        ("https://a.example/hook", "nr. 1: it needs a URL and a secret"),
        (&*format!("http://a.example/hook {secret}"), "nr. 1: write https://, or set webhooks.allow_private"),
        (&*format!("https://a.example/ {secret},https://a.example/ {secret} room.*"), "nr. 2: it is there twice"),
        (&*format!("https://a.example/ {secret} rooms.*"), "nr. 1: \"rooms.*\" is no kind of event"),
    ] {
        let line = failure(weir(&here).args(["config", "check", "--set", &format!("webhooks.endpoints={set}")]));
        assert!(line.contains(says) && !line.contains(&secret[6..]), "{line}");
    }
}
