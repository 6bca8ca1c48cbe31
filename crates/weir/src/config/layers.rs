//! Defaults, file, environment, flags: each layer covers the one before, value by value, and every value keeps its origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::nearest::nearest;
use super::{Config, file, webhooks};

/// Variables that begin like ours and set no key. `WEIR_SERVICE_*` and `WEIR_PORT*` are what Kubernetes puts into every
/// container beside a service of the name weir; `WEIR_NODE` is the web client's development server's; `WEIR_TOKEN` is for
/// the commands that are clients.
const NOT_OURS: [&str; 4] = ["WEIR_SERVICE_", "WEIR_PORT", "WEIR_NODE", "WEIR_TOKEN"];

/// Names the file, as `--config` does.
pub const FILE_VARIABLE: &str = "WEIR_CONFIG";

/// Where to look for values.
#[derive(Debug, Default)]
pub struct Sources {
    /// A file that must be there. Without one, the first of [`Sources::places`] that exists is read, if any does.
    pub file: Option<PathBuf>,
    pub places: Vec<PathBuf>,
    /// The environment, whole.
    pub env: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

/// One value given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// As typed: `--http`, `--set`.
    pub name: String,
    /// `section.key`.
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { name: String, line: usize },
    Env(String),
    Flag(String),
}

/// The configuration in force, and why it is as it is.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Worth a line in the log, and no reason not to start.
    pub warnings: Vec<String>,
    values: BTreeMap<(String, String), (Value, Origin)>,
}

/// Puts the layers together. The error is one sentence that says what to change and where.
pub fn load(sources: &Sources) -> Result<Loaded, String> {
    let known = defaults();
    let mut values = BTreeMap::new();
    for (section, keys) in &known {
        for (key, value) in keys.as_table().into_iter().flatten() {
            values.insert((section.clone(), key.clone()), (value.clone(), Origin::Default));
        }
    }
    let path = sources.file.clone().or_else(|| sources.places.iter().find(|path| path.exists()).cloned());
    if let Some(path) = &path {
        let text = read_file(path)?;
        let name = path.display().to_string();
        for entry in file::read(&name, &text, &known)? {
            let origin = Origin::File { name: name.clone(), line: entry.line };
            values.insert((entry.section, entry.key), (entry.value, origin));
        }
    }
    let mut warnings = Vec::new();
    for (name, text) in &sources.env {
        if let Some((section, key)) = env_key(name, &known, &mut warnings)? {
            let value = parse(&section, &key, text, &known).map_err(|problem| format!("{name}: {problem}"))?;
            values.insert((section, key), (value, Origin::Env(name.clone())));
        }
    }
    for flag in &sources.flags {
        let (section, key) = flag_key(flag, &known)?;
        let value =
            parse(&section, &key, &flag.value, &known).map_err(|problem| format!("{}: {problem}", flag.name))?;
        values.insert((section, key), (value, Origin::Flag(flag.name.clone())));
    }
    let config = build(values.iter().map(|((section, key), (value, _))| (section.as_str(), key.as_str(), value)))
        .map_err(|e| file::one_line(&e))?;
    let loaded = Loaded { config, file: path, warnings, values };
    loaded.check()?;
    Ok(loaded)
}

impl Loaded {
    /// Every key with its value, as TOML; with `origin`, each says where it came from.
    pub fn show(&self, origin: bool) -> String {
        let mut lines: Vec<(String, &Origin)> = Vec::new();
        for ((_, key), (value, origin)) in &self.values {
            lines.push((format!("{key} = {}", shown(key, value)), origin));
        }
        let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|&n| n < 60).max().unwrap_or(0);
        let mut text = String::new();
        let mut section_before = "";
        for ((section, _), (line, from)) in self.values.keys().zip(lines) {
            if section != section_before {
                let gap = if text.is_empty() { "" } else { "\n" };
                text += &format!("{gap}[{section}]\n");
                section_before = section;
            }
            text += &if origin { format!("{line:width$}  # {from}\n") } else { format!("{line}\n") };
        }
        text
    }

    #[cfg(test)]
    pub fn origin(&self, section: &str, key: &str) -> &Origin {
        &self.values[&(section.to_owned(), key.to_owned())].1
    }

    fn check(&self) -> Result<(), String> {
        self.config.check().map_err(|fault| {
            let (section, key) = fault.key.split_once('.').expect("a fault names section.key");
            let (value, origin) = &self.values[&(section.to_owned(), key.to_owned())];
            format!("{} = {} ({origin}): {}", fault.key, shown(key, value), fault.problem)
        })
    }
}

/// Every section and key there is, at its default.
pub fn defaults() -> Table {
    Table::try_from(Config::default()).expect("a configuration is made of strings, numbers and lists")
}

/// The variable that sets `section.key`.
pub fn env_name(section: &str, key: &str) -> String {
    format!("WEIR_{}_{}", section.to_ascii_uppercase(), key.to_ascii_uppercase())
}

fn read_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("the configuration {} cannot be read: {error}", path.display()))
}

/// Which key a variable sets; none for one that is not about the configuration. A section's name has no underscore, so
/// there is one way to read it.
fn env_key(name: &str, known: &Table, warnings: &mut Vec<String>) -> Result<Option<(String, String)>, String> {
    let Some(rest) = name.strip_prefix("WEIR_") else { return Ok(None) };
    if name == FILE_VARIABLE || NOT_OURS.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(None);
    }
    let lower = rest.to_ascii_lowercase();
    let (section, key) = lower.split_once('_').unwrap_or((&lower, ""));
    let Some(keys) = known.get(section).and_then(Value::as_table) else {
        // Somebody else's variable may begin with our name: no reason not to start.
        let hint = nearest(section, known.keys().map(String::as_str))
            .map_or(String::new(), |near| format!("; did you mean {}?", env_name(near, key)));
        warnings.push(format!("the environment variable {name} sets nothing{hint}"));
        return Ok(None);
    };
    if keys.contains_key(key) {
        return Ok(Some((section.to_owned(), key.to_owned())));
    }
    Err(file::unknown_key(section, key, known, &format!("environment variable {name}")))
}

fn flag_key(flag: &Flag, known: &Table) -> Result<(String, String), String> {
    let place = format!("{} {}", flag.name, flag.key);
    let Some((section, key)) = flag.key.split_once('.') else {
        return Err(format!("{place}: write section.key=VALUE, for example log.level=debug"));
    };
    match known.get(section).and_then(Value::as_table) {
        None => Err(file::unknown_section(section, known, &place)),
        Some(keys) if !keys.contains_key(key) => Err(file::unknown_key(section, key, known, &place)),
        Some(_) => Ok((section.to_owned(), key.to_owned())),
    }
}

/// The text of a variable or flag as the type its key has. A list is written with commas, or as TOML.
fn parse(section: &str, key: &str, text: &str, known: &Table) -> Result<Value, String> {
    let value = match &known[section][key] {
        Value::Integer(_) => {
            let problem = |_| format!("{text:?} is not a whole number");
            Value::Integer(text.trim().replace('_', "").parse().map_err(problem)?)
        }
        Value::Boolean(_) => Value::Boolean(text.trim().parse().map_err(|_| format!("{text:?} is not true or false"))?),
        Value::Array(_) => list(text)?,
        _ => Value::String(text.to_owned()),
    };
    build([(section, key, &value)].into_iter()).map_err(|e| file::one_line(&e))?;
    Ok(value)
}

fn list(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[') {
        let table: Table =
            toml::from_str(&format!("list = {text}")).map_err(|_| format!("{text:?} is not a TOML list"))?;
        return Ok(table["list"].clone());
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
}

/// The configuration with these values, and defaults for the rest.
fn build<'a>(values: impl Iterator<Item = (&'a str, &'a str, &'a Value)>) -> Result<Config, String> {
    let mut table = Table::new();
    for (section, key, value) in values {
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        section.as_table_mut().expect("made one line above").insert(key.to_owned(), value.clone());
    }
    Config::deserialize(Value::Table(table)).map_err(|e| e.message().to_owned())
}

/// A value for people's eyes: what is shown ends in bug reports, so no TURN server's credential, parent's token,
/// stream key's or webhook's secret or mail server's password shows.
fn shown(key: &str, value: &Value) -> String {
    match (key, value) {
        ("token", Value::String(token)) if !token.is_empty() => Value::String("***".to_owned()).to_string(),
        ("smtp", Value::String(url)) => {
            let hidden = url.rsplit_once('@').zip(url.split_once("://"));
            let url = hidden.map_or(url.clone(), |((_, host), (scheme, _))| format!("{scheme}://***@{host}"));
            Value::String(url).to_string()
        }
        ("ice_servers", Value::Array(servers)) => {
            let hidden =
                servers.iter().map(|server| match server.as_str().map(|s| s.rsplitn(2, ' ').collect::<Vec<_>>()) {
                    Some(parts) if parts.len() == 2 => Value::String(format!("{} ***", parts[1])),
                    _ => server.clone(),
                });
            Value::Array(hidden.collect()).to_string()
        }
        ("endpoints", Value::Array(endpoints)) => {
            let hidden = endpoints.iter().map(|entry| {
                entry.as_str().map_or_else(|| entry.clone(), |entry| Value::String(webhooks::shown(entry)))
            });
            Value::Array(hidden.collect()).to_string()
        }
        ("keys", Value::Array(keys)) => {
            let hidden = keys.iter().map(|key| {
                let (channel, rest) = key.as_str().and_then(|key| key.split_once('-')).unwrap_or(("", ""));
                let room = rest.split_once(' ').map_or(String::new(), |(_, room)| format!(" {room}"));
                Value::String(format!("{channel}-***{room}"))
            });
            Value::Array(hidden.collect()).to_string()
        }
        _ => value.to_string(),
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name} line {line}"),
            Origin::Env(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}
