use super::layers::{Origin, defaults, env_name};
use super::*;

fn from_file(text: &str) -> Result<Loaded, String> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("weir-config-{}-{n}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("weir.toml");
    std::fs::write(&file, text).unwrap();
    let loaded = load(&Sources { file: Some(file.clone()), ..Sources::default() });
    std::fs::remove_dir_all(&dir).unwrap();
    loaded.map_err(|e| e.replace(&file.display().to_string(), "weir.toml"))
}

fn from_env(name: &str, value: &str) -> Result<Loaded, String> {
    load(&Sources { env: vec![(name.to_owned(), value.to_owned())], ..Sources::default() })
}

fn from_flag(key: &str, value: &str) -> Result<Loaded, String> {
    let flag = Flag { name: "--set".to_owned(), key: key.to_owned(), value: value.to_owned() };
    load(&Sources { flags: vec![flag], ..Sources::default() })
}

/// `section.key` of everything there is.
fn keys() -> Vec<(String, String, toml::Value)> {
    let sections = defaults();
    let pairs = sections.into_iter().flat_map(|(section, keys)| {
        let keys = keys.as_table().expect("a section").clone();
        keys.into_iter().map(move |(key, value)| (section.clone(), key, value))
    });
    pairs.collect()
}

#[test]
fn the_manual_states_every_key_at_its_default_and_explains_it() {
    assert_eq!(from_file(MANUAL).unwrap().config, Config::default());
    let lines: Vec<&str> = MANUAL.lines().collect();
    let manual: toml::Table = toml::from_str(MANUAL).unwrap();
    for (section, key, _) in keys() {
        assert!(manual.get(&section).and_then(|s| s.get(&key)).is_some(), "{section}.{key} is not in weir.toml");
        let start = lines.iter().position(|l| *l == format!("[{section}]")).expect("a section header");
        let at = start + lines[start..].iter().position(|l| l.starts_with(&format!("{key} = "))).expect("a line");
        assert!(lines[at - 1].starts_with("# "), "{section}.{key} has no words above it in weir.toml");
    }
}

#[test]
fn every_key_can_be_set_by_the_variable_and_the_flag_that_the_rule_says() {
    for (section, key, default) in keys() {
        let text = match &default {
            toml::Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        let name = env_name(&section, &key);
        let loaded = from_env(&name, &text).unwrap_or_else(|e| panic!("{name}={text}: {e}"));
        assert_eq!(loaded.config, Config::default(), "{name}={text}");
        assert_eq!(loaded.origin(&section, &key), &Origin::Env(name));
        let loaded = from_flag(&format!("{section}.{key}"), &text).unwrap();
        assert_eq!(loaded.origin(&section, &key), &Origin::Flag("--set".to_owned()));
        // What is set is also what is used.
        if let toml::Value::Integer(n) = default {
            let loaded = from_env(&env_name(&section, &key), &(n + 1).to_string()).unwrap();
            assert_ne!(loaded.config, Config::default(), "{section}.{key}");
        }
        assert!(!section.contains('_'), "a section with an underscore makes its variables ambiguous");
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_nearest_one_named() {
    for (text, says) in [
        ("\n\n[htpp]\n", "unknown key `htpp` in weir.toml line 3: did you mean `http`?"),
        ("[http]\nlisen = 1\n", "unknown key `lisen` in weir.toml line 2: did you mean `listen`?"),
        ("[http]\nworkers = 1\n", "unknown key `workers` in weir.toml line 2: it belongs in section [media]"),
        ("workers = 1\n", "unknown key `workers` in weir.toml line 1: it belongs in section [media]"),
        ("[redis]\n", "unknown key `redis` in weir.toml line 1: the sections are accounts, auth, data, drain, "),
        ("[auth]\npassword = 1\n", "unknown key `password` in weir.toml line 2: the keys of [auth] are mode"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.starts_with(says), "{text:?}: {error}");
    }
    let error = from_env("WEIR_HTTP_LISTNE", "x").unwrap_err();
    assert_eq!(error, "unknown key `listne` in environment variable WEIR_HTTP_LISTNE: did you mean `listen`?");
    let error = from_flag("htp.listen", "x").unwrap_err();
    assert_eq!(error, "unknown key `htp` in --set htp.listen: did you mean `http`?");
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_place() {
    for (text, says) in [
        ("[media]\n\n  workers = \"two\"\n", "weir.toml line 3, column 13: media.workers: invalid type"),
        (
            "[http]\nlisten = \"here\"\n",
            "weir.toml line 2, column 10: http.listen: \"here\" is not an address and port",
        ),
        ("[media]\nadvertise = [\"::1\", 7]\n", "weir.toml line 2, column 21: media.advertise: invalid type"),
        ("[media]\nworkers = 300\n", "weir.toml line 2, column 11: media.workers: invalid value: integer `300`"),
        (
            "[stream]\ngop = \"catchup\"\n",
            "weir.toml line 2, column 7: stream.gop: unknown variant `catchup`, expected one of `catch-up`, `cut`, `off`",
        ),
        ("[auth]\nmode = \"atuo\"\n", "weir.toml line 2, column 8: auth.mode: unknown variant `atuo`"),
        ("http = 1\n", "weir.toml line 1, column 8: invalid type"),
        ("[http\n", "weir.toml line 1, column 6: "),
        ("[log]\nlevel = \"a\"\nlevel = \"b\"\n", "weir.toml line 3, column 1: duplicate key"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.starts_with(says), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    assert_eq!(from_env("WEIR_MEDIA_WORKERS", "two").unwrap_err(), "WEIR_MEDIA_WORKERS: \"two\" is not a whole number");
    assert!(from_flag("auth.mode", "atuo").unwrap_err().starts_with("--set: unknown variant `atuo`"));
}

#[test]
fn a_value_that_cannot_be_meant_is_refused_with_its_origin() {
    for (text, says) in [
        ("[media]\nworkers = 65\n", "media.workers = 65 (weir.toml line 2): more than 64"),
        (
            "[media]\nlisten = \"[::]:65530\"\nworkers = 8\n",
            "media.listen = \"[::]:65530\" (weir.toml line 2): worker i",
        ),
        ("[log]\nlevel = \"loud\"\n", "log.level = \"loud\" (weir.toml line 2): write error, warn"),
        ("[log]\nlevel = \"info,engine=loud\"\n", "log.level = "),
        (
            "[media]\nice_servers = [\"stun.example.net\"]\n",
            "media.ice_servers = [\"stun.example.net\"] (weir.toml line 2): ",
        ),
        ("[http]\ncors_origins = [\"example.net\"]\n", "http.cors_origins = [\"example.net\"] (weir.toml line 2): "),
        (
            "[stream]\nbandwidth_max_kbps = 99\n",
            "stream.bandwidth_max_kbps = 99 (weir.toml line 2): it must be between",
        ),
        (
            "[stream]\nbandwidth_max_kbps = 500\nbandwidth_start_kbps = 501\n",
            "stream.bandwidth_start_kbps = 501 (weir.toml line 3): it must be between 50 and",
        ),
        ("[meetings]\npeople_max = 1\n", "meetings.people_max = 1 (weir.toml line 2): it must be between 2 and"),
        ("[meetings]\nhost_grace_s = 0\n", "meetings.host_grace_s = 0 (weir.toml line 2): it must be 1 or more"),
        (
            "[meetings]\naway_after_s = 20\n",
            "meetings.resume_within_s = 15 (default): it must be between meetings.away_after_s, which is 20, and",
        ),
        ("[meetings]\nshares_max = 17\n", "meetings.shares_max = 17 (weir.toml line 2): it must be between 1 and"),
        ("[events]\nkept_max = 10\n", "events.kept_max = 10 (weir.toml line 2): it must be between 1000 and"),
        ("[webhooks]\ntimeout_s = 0\n", "webhooks.timeout_s = 0 (weir.toml line 2): it must be between 1 and"),
        ("[stream]\nvoices_max = 0\n", "stream.voices_max = 0 (weir.toml line 2): it must be between 1 and"),
        ("[stream]\nvoices_max = 17\n", "stream.voices_max = 17 (weir.toml line 2): it must be between 1 and"),
        ("[stream]\ngop_packets_max = 0\n", "stream.gop_packets_max = 0 (weir.toml line 2): it must be between 1 and"),
        (
            "[http]\npublic_url = \"https://a.example/x\"\n",
            "http.public_url = \"https://a.example/x\" (weir.toml line 2): write https://",
        ),
        (
            "[mail]\nsmtp = \"mail.example.net\"\n",
            "mail.smtp = \"mail.example.net\" (weir.toml line 2): write smtps://",
        ),
        ("[mail]\nfrom = \"weir\"\n", "mail.from = \"weir\" (weir.toml line 2): write the sender as"),
        ("[accounts]\nlogin_days = 0\n", "accounts.login_days = 0 (weir.toml line 2): it must be 1 or more"),
        ("[limits]\nhead_timeout_s = 0\n", "limits.head_timeout_s = 0 (weir.toml line 2): it must be 1 or more"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.starts_with(says), "{text:?}: {error}");
    }
}

#[test]
fn what_is_remembered_of_a_stream_reaches_the_engine() {
    let text = "[stream]\ngop = \"cut\"\ngop_age_s = 5\ngop_bytes_max_mb = 3\ngop_packets_max = 4096\n";
    let mut limits = node::Limits::default();
    from_file(text).unwrap().config.stream.apply(&mut limits);
    let expected = node::gop::Limits {
        policy: node::gop::Policy::Cut,
        age_max: std::time::Duration::from_secs(5),
        bytes_max: 3_000_000,
        packets_max: 4096,
    };
    assert_eq!(limits.gop, expected);
    Config::default().stream.apply(&mut limits);
    assert_eq!(limits.gop, node::gop::Limits::default());
    let off = from_env("WEIR_STREAM_GOP", "off").unwrap();
    off.config.stream.apply(&mut limits);
    assert_eq!(limits.gop.policy, node::gop::Policy::Off);
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let dir = std::env::temp_dir().join(format!("weir-layers-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("weir.toml");
    std::fs::write(&file, "[media]\nworkers = 2\nadvertise = [\"192.0.2.1\"]\n[log]\nlevel = \"warn\"\n").unwrap();
    let sources = Sources {
        places: vec![dir.join("absent.toml"), file.clone()],
        env: [("WEIR_MEDIA_WORKERS", "3"), ("WEIR_LOG_LEVEL", "debug"), ("HOME", "/"), ("WEIR_PORT_80_TCP", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        flags: vec![Flag { name: "--workers".to_owned(), key: "media.workers".to_owned(), value: "4".to_owned() }],
        ..Sources::default()
    };
    let loaded = load(&sources).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!((loaded.config.media.workers, loaded.config.log.level.as_str()), (4, "debug"));
    assert_eq!(loaded.file.as_ref(), Some(&file));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let text = loaded.show(true);
    for line in [
        "workers = 4 # flag --workers".to_owned(),
        format!("advertise = [\"192.0.2.1\"] # {} line 3", file.display()),
        "level = \"debug\" # environment WEIR_LOG_LEVEL".to_owned(),
        "mode = \"auto\" # default".to_owned(),
    ] {
        let squeezed = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.lines().any(|l| squeezed(l) == line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn what_is_shown_can_be_used_as_a_file_again() {
    let loaded = load(&Sources {
        env: vec![("WEIR_MEDIA_ADVERTISE".to_owned(), "192.0.2.1, 2001:db8::1".to_owned())],
        ..Sources::default()
    })
    .unwrap();
    for origin in [false, true] {
        assert_eq!(from_file(&loaded.show(origin)).unwrap().config, loaded.config);
    }
}

#[test]
fn a_credential_is_not_shown() {
    let loaded =
        from_env("WEIR_MEDIA_ICE_SERVERS", "turn:turn.example.net ann hunter2, stun:stun.example.net").unwrap();
    let text = loaded.show(true);
    assert!(text.contains("turn:turn.example.net ann ***") && !text.contains("hunter2"), "{text}");
    assert_eq!(loaded.config.media.ice_servers().unwrap().len(), 2);
    let loaded = from_env("WEIR_MAIL_SMTP", "smtps://ann:hunter2@mail.example.net").unwrap();
    let text = loaded.show(true);
    assert!(text.contains("smtps://***@mail.example.net") && !text.contains("hunter"), "{text}");
    let loaded = from_env("WEIR_FTL_KEYS", "77-hunter2 demo, 78-hunter3").unwrap();
    let text = loaded.show(true);
    assert!(text.contains("\"77-*** demo\", \"78-***\"") && !text.contains("hunter"), "{text}");
}

#[test]
fn ftl_is_off_until_it_is_enabled_and_somebody_has_a_key() {
    assert!(Config::default().ftl.settings().is_none());
    let enabled = from_file("[ftl]\nenabled = true\nkeys = [\"77-s3cret\", \"78-other demo\"]\n").unwrap();
    assert_eq!(enabled.config.ftl.settings().unwrap().listen.port(), 8084);
    for (text, says) in [
        ("[ftl]\nenabled = true\n", "ftl.keys = [] (default): FTL is enabled, and nobody has a key"),
        ("[ftl]\nkeys = [\"secret\"]\n", "ftl.keys = [\"-***\"] (weir.toml line 2): \"***\" is not a key"),
        (
            "[ftl]\nkeys = [\"7-a\", \"7-b\"]\n",
            "ftl.keys = [\"7-***\", \"7-***\"] (weir.toml line 2): channel 7 has two",
        ),
        ("[ftl]\nsessions_max = 0\n", "ftl.sessions_max = 0 (weir.toml line 2): it must be between"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.starts_with(says), "{text:?}: {error}");
    }
}

#[test]
fn a_variable_that_sets_nothing_is_mentioned_and_no_more() {
    let loaded = from_env("WEIR_HTPP_LISTEN", "x").unwrap();
    assert_eq!(
        loaded.warnings,
        ["the environment variable WEIR_HTPP_LISTEN sets nothing; did you mean WEIR_HTTP_LISTEN?"]
    );
}

#[test]
fn meetings_follow_the_rules_that_are_set_and_by_default_their_own() {
    assert_eq!(Config::default().meetings.rules(), ::meetings::hall::Rules::default());
    let text = "[meetings]\nwait_for_host = false\nhost_grace_s = 7\nempty_grace_s = 8\naway_after_s = 2\nresume_within_s = 9\n\
                people_max = 10\nwaiting_max = 11\nshares_max = 1\n";
    let seconds = std::time::Duration::from_secs;
    let expected = ::meetings::hall::Rules {
        wait_for_host: false,
        host_grace: seconds(7),
        empty_grace: seconds(8),
        away_after: seconds(2),
        resume_within: seconds(9),
        people_max: 10,
        waiting_max: 11,
        shares_max: 1,
    };
    assert_eq!(from_file(text).unwrap().config.meetings.rules(), expected);
}
