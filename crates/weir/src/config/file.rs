//! A configuration file: its values with the lines they stand on, or one sentence about what is wrong with it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Config;
use super::nearest::nearest;

/// One `key = value` of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub section: String,
    pub key: String,
    pub value: toml::Value,
    /// Counted from 1.
    pub line: usize,
}

/// Reads `text`; `name` is what errors call the file. `known` has every section and key there is.
pub fn read(name: &str, text: &str, known: &toml::Table) -> Result<Vec<Entry>, String> {
    let place = |span: Option<Range<usize>>| place(name, text, span);
    let parsed = DeTable::parse(text).map_err(|e| format!("{}: {}", place(e.span()), one_line(e.message())))?;
    let mut keys = Vec::new();
    for (section, value) in in_order(parsed.get_ref()) {
        let section_name = section.get_ref().as_ref();
        let line = line_of(text, section.span().start);
        let Some(known_keys) = known.get(section_name).and_then(toml::Value::as_table) else {
            return Err(unknown_section(section_name, known, &format!("{name} line {line}")));
        };
        // A section that is no table is a type error, which serde finds below.
        let DeValue::Table(table) = value.get_ref() else { continue };
        for (key, value) in in_order(table) {
            let key_name = key.get_ref().as_ref();
            let line = line_of(text, key.span().start);
            if !known_keys.contains_key(key_name) {
                return Err(unknown_key(section_name, key_name, known, &format!("{name} line {line}")));
            }
            keys.push((section_name.to_owned(), key_name.to_owned(), line, value.span()));
        }
    }

    toml::from_str::<Config>(text).map_err(|e| {
        let inside = |span: &Range<usize>| e.span().is_some_and(|at| span.start <= at.start && at.end <= span.end);
        let key = keys.iter().find(|(.., span)| inside(span)).map(|(section, key, ..)| format!("{section}.{key}: "));
        format!("{}: {}{}", place(e.span()), key.unwrap_or_default(), one_line(e.message()))
    })?;

    let mut values: toml::Table = toml::from_str(text).expect("parsed a moment ago");
    let mut take = |section: &str, key: &str| values.get_mut(section)?.as_table_mut()?.remove(key);
    Ok(keys
        .into_iter()
        .filter_map(|(section, key, line, _)| Some(Entry { value: take(&section, &key)?, section, key, line }))
        .collect())
}

pub fn unknown_section(name: &str, known: &toml::Table, place: &str) -> String {
    let hint = if let Some(near) = nearest(name, known.keys().map(String::as_str)) {
        format!("did you mean `{near}`?")
    } else if let Some(section) = section_with(name, known) {
        format!("it belongs in section [{section}]")
    } else {
        format!("the sections are {}", list(known))
    };
    format!("unknown key `{name}` in {place}: {hint}")
}

pub fn unknown_key(section: &str, key: &str, known: &toml::Table, place: &str) -> String {
    let empty = toml::Table::new();
    let keys = known.get(section).and_then(toml::Value::as_table).unwrap_or(&empty);
    let hint = if let Some(other) = section_with(key, known) {
        format!("it belongs in section [{other}]")
    } else if let Some(near) = nearest(key, keys.keys().map(String::as_str)) {
        format!("did you mean `{near}`?")
    } else {
        format!("the keys of [{section}] are {}", list(keys))
    };
    format!("unknown key `{key}` in {place}: {hint}")
}

/// The section that has this very key.
fn section_with<'a>(key: &str, known: &'a toml::Table) -> Option<&'a str> {
    known.iter().find(|(_, keys)| keys.get(key).is_some()).map(|(section, _)| section.as_str())
}

fn list(table: &toml::Table) -> String {
    table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The table sorts by name, but the first mistake of a file is the topmost.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn place(name: &str, text: &str, span: Option<Range<usize>>) -> String {
    let Some(start) = span.map(|span| span.start) else { return name.to_owned() };
    let before = text.get(..start).unwrap_or(text);
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("{name} line {}, column {column}", line_of(text, start))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&b| b == b'\n').count() + 1
}

/// Parsers explain themselves over several lines; an error is one sentence.
pub fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
