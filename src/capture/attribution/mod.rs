//! The processes at the ends of packets, as far as a capture names them.
//!
//! | written by | as | the side of the process |
//! |---|---|---|
//! | ptcpdump | comments `PID: 7⏎Cmd: /usr/sbin/nginx⏎Args: …`, `ContainerName: …`, `PodName: …` | by the packet's direction |
//! | rustnet | a comment `rustnet process=nginx pid=7 pod=… direction=incoming` | by the connection's direction |
//! | macOS, pcapng | Process Event Blocks, to which options of packets refer | by the packet's direction |
//! | macOS, PKTAP | a header before each packet | by the packet's direction |
//!
//! The direction of a packet says which end is here only if it begins or ends at this host. On the host's side of a
//! container's interface it is the other way round.

mod comments;
mod known;
mod pktap;

use std::sync::Arc;

pub(super) use known::{Found, Known};
pub(super) use pktap::pktap;

/// A process. Names are cut off after [`limits::PROCESS_NAME`](crate::limits::PROCESS_NAME) bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Process {
    /// The name of its program, without a path; empty if unknown.
    pub name: Box<str>,
    /// Its number on its host.
    pub pid: Option<u32>,
    /// The name of its container.
    pub container: Option<Box<str>>,
    /// The name of its Kubernetes pod.
    pub pod: Option<Box<str>>,
    /// The namespace of that pod.
    pub namespace: Option<Box<str>>,
}

/// The end at which a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum End {
    /// That which sent the packet.
    Source,
    /// That which receives it.
    Destination,
    /// That which opened the connection.
    Client,
    /// That which accepted it.
    Server,
    /// One of the two.
    Either,
}

/// The process at an end of a packet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attribution {
    /// The process.
    pub process: Arc<Process>,
    /// Its end.
    pub end: End,
}

/// The direction of a packet, as its capture records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Inbound,
    Outbound,
}

/// Beginnings of the names of interfaces that lead to other hosts. What goes out there comes from this one.
const TO_OTHERS: [&str; 6] = ["lo", "eth", "en", "wl", "ww", "bond"];

/// Beginnings of the names of the host's side of containers' interfaces, and of bridges between them: of Docker, Calico,
/// Cilium, and the plugins of Kubernetes. What comes in there is sent by a container.
const TO_CONTAINERS: [&str; 7] = ["veth", "cali", "lxc", "docker", "br-", "cni", "cbr"];

/// Returns the end at which a process is, by the direction of its packet on an interface.
fn end(direction: Option<Direction>, is_contained: bool, interface: &str) -> End {
    let begins = |names: &[&str]| names.iter().any(|name| interface.starts_with(name));
    let is_inside_out = match is_contained {
        false => false,
        true if begins(&TO_OTHERS) => false,
        true if begins(&TO_CONTAINERS) => true,
        true => return End::Either,
    };
    match direction {
        Some(direction) if (direction == Direction::Outbound) != is_inside_out => End::Source,
        Some(_) => End::Destination,
        None => End::Either,
    }
}
