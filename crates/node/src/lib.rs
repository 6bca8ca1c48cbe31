pub mod ring;
pub mod udp;
pub mod wake;
