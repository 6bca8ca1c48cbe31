//! Two ends of a peer connection in memory: the server's `Peer` and a `Client` that leaves SDP and SRTP to str0m.

mod answer;
mod hostile;
mod offers;
mod pair;
mod publish;
mod session;
mod watch;
