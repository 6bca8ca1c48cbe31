//! The control socket: one JSON request per line, one JSON reply per line. Only who may open the file may ask.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Status;
use crate::{Error, Profile};

/// `"status"`, `"stop"`, or `{"set": {"direction": "forward", "profile": "lte,loss=3%"}}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    Status,
    Set {
        #[serde(default)]
        direction: Direction,
        profile: Weather,
    },
    Stop,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Both,
    Forward,
    Back,
}

/// A profile as people write it, or as programs do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Weather {
    Text(String),
    Profile(Box<Profile>),
}

impl TryFrom<Weather> for Profile {
    type Error = Error;

    fn try_from(weather: Weather) -> Result<Profile, Error> {
        match weather {
            Weather::Text(text) => text.parse(),
            Weather::Profile(profile) => Ok(*profile),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Ok(Box<Status>),
    Error(String),
}

/// Asks a running shim.
pub fn ask(socket: &Path, request: &Request) -> Result<Reply, Error> {
    let failed = |source| Error::Io { what: format!("asking the shim at {}", socket.display()), source };
    let stream = UnixStream::connect(socket).map_err(failed)?;
    let mut line = serde_json::to_string(request).expect("a request is plain data");
    line.push('\n');
    (&stream).write_all(line.as_bytes()).map_err(failed)?;
    let mut reply = String::new();
    BufReader::new(&stream).read_line(&mut reply).map_err(failed)?;
    serde_json::from_str(&reply).map_err(|error| failed(std::io::Error::new(ErrorKind::InvalidData, error)))
}

/// More than a script and a person at once; others wait in the listener's backlog.
const CLIENTS_MAX: usize = 16;
/// A request is a few hundred bytes.
const LINE_BYTES_MAX: usize = 64 << 10;

pub struct Server {
    path: PathBuf,
    listener: UnixListener,
    clients: Vec<Client>,
}

struct Client {
    stream: UnixStream,
    line: Vec<u8>,
}

impl Server {
    pub fn bind(path: PathBuf) -> Result<Server, Error> {
        let failed = |source| Error::Io { what: format!("opening the control socket {}", path.display()), source };
        // A file that nobody answers on is what a killed shim leaves behind.
        if path.exists() && UnixStream::connect(&path).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused) {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Server { path, listener, clients: Vec::new() })
    }

    pub fn watch(&self, fds: &mut Vec<RawFd>) {
        if self.clients.len() < CLIENTS_MAX {
            fds.push(self.listener.as_raw_fd());
        }
        fds.extend(self.clients.iter().map(|client| client.stream.as_raw_fd()));
    }

    pub fn serve(&mut self, mut answer: impl FnMut(Request) -> Reply) {
        while self.clients.len() < CLIENTS_MAX
            && let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            self.clients.push(Client { stream, line: Vec::new() });
        }
        self.clients.retain_mut(|client| client.serve(&mut answer));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about a failure, and the next shim copes with a leftover.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Client {
    /// Whether the client stays.
    fn serve(&mut self, answer: &mut impl FnMut(Request) -> Reply) -> bool {
        let mut chunk = [0; 4096];
        let open = match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(length) => {
                self.line.extend_from_slice(&chunk[..length]);
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(_) => return false,
        };
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let reply = match serde_json::from_slice(&line) {
                Ok(request) => answer(request),
                Err(error) => Reply::Error(format!(
                    r#"{error}; expected "status", "stop" or {{"set": {{"direction": "both", "profile": "lte"}}}}"#
                )),
            };
            let mut reply = serde_json::to_vec(&reply).expect("a reply is plain data");
            reply.push(b'\n');
            // A reply fits the socket's buffer; who does not read theirs is let go rather than waited for.
            if self.stream.write_all(&reply).is_err() {
                return false;
            }
        }
        open && self.line.len() < LINE_BYTES_MAX
    }
}
