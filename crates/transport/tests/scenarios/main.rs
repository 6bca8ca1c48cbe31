//! Two ends of a peer connection in memory: the server's `Peer` and a `Client` that leaves SDP and SRTP to str0m.

mod answer;
mod dial;
mod differential;

mod hostile;
mod offers;
mod pair;
mod publish;
mod rollover;
mod session;
mod watch;
