//! The other side of the wire, as many times as you like: synthetic publishers, viewers and people in meetings over real UDP
//! and real WHIP and WHEP (or a Janus's API), where every viewer checks what it gets. It measures a server from outside and knows nothing of its
//! inside, so it can be pointed at anybody's.

pub mod conformance;
mod delay;
pub mod hostile;
pub mod janus;
mod ledger;
pub mod load;
pub mod meeting;
mod metrics;
pub mod report;
pub mod server;
pub mod signalling;
pub mod udp;
pub mod whip;

/// What can go wrong, in words for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Dial(#[from] dial::Error),
    #[error("reading what process {pid} uses; is it the server's, and running?")]
    ServerPid {
        pid: u32,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{0} is not this machine: hostile datagrams are sent to a loopback address only, like 127.0.0.1:PORT; \
         start the server with `--media 127.0.0.1:PORT`"
    )]
    NotLoopback(std::net::SocketAddr),
    #[error("writing recordings to {folder}")]
    Folder {
        folder: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("using a UDP socket")]
    Socket(#[source] std::io::Error),
    #[error("the Janus at {url}: {text}")]
    Janus { url: String, text: String },
    #[error("the meeting: {0}")]
    Meeting(String),
    #[error("making or answering an offer")]
    Transport(#[from] transport::Error),
    #[error("no {what} was connected after {} s; does the server's media port reach this machine?", after.as_secs())]
    NotConnected { what: &'static str, after: std::time::Duration },
}

/// An error in one line, for reports that hold many.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
