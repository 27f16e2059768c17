//! Whose connections are whose, by repeated looks at the sockets of this machine.
//!
//! A look finds the sockets that are open at that moment. A connection that was open between two looks alone is nobody's as far
//! as is known, and so is one that has been closed by its program and only lingers. Others need two looks, because a process
//! may have been started during the first one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;

use whyclosed::seen::Timestamp;

/// The looks that show that a connection is not the command's.
pub const SURE: usize = 2;

/// The most looks whose times are remembered: those of an hour and more.
const LOOKS: usize = 1 << 18;

/// The most connections that are remembered. Beyond it, those of other programs are forgotten.
const CONNECTIONS: usize = 1 << 17;

/// The program that a connection belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The command, or a process that it has started.
    Command,
    /// Another program.
    Other,
    /// It cannot be told.
    Unknown,
}

/// A socket's own address, and that of its peer.
type Ends = (SocketAddr, SocketAddr);

/// A row of `/proc/net/tcp`: a socket with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    ends: Ends,
    /// 0 if no program has it open, or not yet.
    inode: u64,
}

/// A socket over all looks.
#[derive(Clone, Copy, Debug, Default)]
struct Socket {
    inode: u64,
    /// The number of looks at which a program had it open.
    looks: usize,
}

/// The sockets that have been seen.
#[derive(Debug, Default)]
pub struct Sockets {
    /// The inodes of the command's sockets.
    own: HashSet<u64>,
    seen: HashMap<Ends, Socket>,
    /// The beginnings and ends of the looks.
    looks: VecDeque<Range<Timestamp>>,
    /// The processes of the command that did not let themselves be looked at last time.
    hidden: Vec<u32>,
    /// Whether a process of the command has not let itself be looked at.
    is_blind: bool,
}

impl Sockets {
    /// Takes the results of a look: the inodes of the command's sockets, and the sockets of the machine.
    pub fn looked(&mut self, time: Range<Timestamp>, own: Vec<u64>, rows: impl Iterator<Item = Row>) {
        self.own.extend(own);
        for Row { ends, inode } in rows {
            let socket = self.seen.entry(ends).or_default();
            if inode != 0 {
                // The same ends again are another connection.
                let is_same = socket.inode == inode;
                *socket = Socket { inode, looks: if is_same { socket.looks + 1 } else { 1 } };
            }
        }
        if self.seen.len() > CONNECTIONS {
            let own = &self.own;
            self.seen.retain(|_, socket| own.contains(&socket.inode));
        }
        if self.looks.len() == LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back(time);
    }

    /// Takes the processes that could not be looked at. One that ends may be among them once, but not twice.
    pub fn are_hidden(&mut self, processes: Vec<u32>) {
        self.is_blind |= processes.iter().any(|process| self.hidden.contains(process));
        self.hidden = processes;
    }

    /// Returns whether the command's connections can be told from those of others: not if some of its processes could not be
    /// looked at, or none on this system.
    pub fn tells_owners(&self) -> bool {
        !self.is_blind && !self.looks.is_empty()
    }

    /// Returns whose a connection is whose packets were captured in this span of time.
    pub fn owner(&self, client: SocketAddr, server: SocketAddr, span: Range<Timestamp>) -> Owner {
        if !self.tells_owners() {
            return Owner::Unknown;
        }
        let sides = [(client, server), (server, client)].map(|ends| self.seen.get(&ends));
        if sides.iter().flatten().any(|socket| self.own.contains(&socket.inode)) {
            return Owner::Command;
        }
        let is_sure = match sides {
            [None, None] => self.looks_within(&span) >= SURE,
            // Both sides are on this machine, and both have to be another program's.
            [one, other] if client.ip() == server.ip() || client.ip().is_loopback() => {
                [one, other].iter().all(|side| side.is_some_and(|socket| socket.looks >= SURE))
            }
            [one, other] => [one, other].iter().flatten().all(|socket| socket.looks >= SURE),
        };
        if is_sure { Owner::Other } else { Owner::Unknown }
    }

    /// Returns the number of looks in a span of time.
    fn looks_within(&self, span: &Range<Timestamp>) -> usize {
        let from = self.looks.partition_point(|look| look.start < span.start);
        let until = self.looks.partition_point(|look| look.end <= span.end);
        until.saturating_sub(from)
    }
}

/// Nothing is known of sockets on this system.
#[cfg(not(target_os = "linux"))]
pub struct Looker;

#[cfg(not(target_os = "linux"))]
impl Looker {
    /// Creates a looker that sees nothing.
    pub const fn new() -> Self {
        Self
    }

    /// Returns the time until the next look.
    pub const fn look(&mut self) -> std::time::Duration {
        std::time::Duration::from_millis(10)
    }

    /// Returns nothing.
    pub fn finish(self) -> (Sockets, u64) {
        (Sockets::default(), 0)
    }
}

impl Row {
    /// Parses a line of `/proc/net/tcp` or `/proc/net/tcp6`. Returns `None` for a socket that listens.
    ///
    /// ```text
    /// sl  local_address rem_address   st tx_queue:rx_queue tr:when retrnsmt uid timeout inode …
    ///  0: 0100007F:07E8 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 1062 …
    /// ```
    pub fn parse(line: &str) -> Option<Self> {
        const LISTEN: &str = "0A";
        let mut fields = line.split_whitespace().skip(1);
        let ends = (address(fields.next()?)?, address(fields.next()?)?);
        let is_listening = fields.next()? == LISTEN;
        let inode = fields.nth(5)?.parse().ok()?;
        (!is_listening).then_some(Self { ends, inode })
    }
}

/// Parses an address and a port in hexadecimal. The kernel prints addresses as words of this machine's byte order.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| Some(u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "127.0.0.1:50000";
    const SERVER: &str = "127.0.0.1:2024";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_nanos(second * 1_000_000_000)
    }

    fn row(local: &str, peer: &str, inode: u64) -> Row {
        Row { ends: (local.parse().unwrap(), peer.parse().unwrap()), inode }
    }

    /// Returns the owner of a connection from second 0 to 10, after looks at these seconds, each with its rows.
    fn owner((client, server): (&str, &str), own: &[u64], looks: &[(i64, &[Row])]) -> Owner {
        let mut sockets = Sockets::default();
        for (second, rows) in looks {
            sockets.looked(at(*second)..at(*second), own.to_vec(), rows.iter().copied());
        }
        sockets.owner(client.parse().unwrap(), server.parse().unwrap(), at(0)..at(10))
    }

    #[test]
    fn either_side_may_be_the_command() {
        let rows = [row(CLIENT, SERVER, 7), row(SERVER, CLIENT, 8)];
        for own in [7, 8] {
            assert_eq!(owner((CLIENT, SERVER), &[own], &[(1, &rows)]), Owner::Command);
        }
        assert_eq!(owner((CLIENT, SERVER), &[9], &[(1, &rows), (2, &rows)]), Owner::Other);
    }

    #[test]
    fn one_look_does_not_make_it_anothers() {
        let rows = [row(CLIENT, SERVER, 7), row(SERVER, CLIENT, 8)];
        assert_eq!(owner((CLIENT, SERVER), &[], &[(1, &rows)]), Owner::Unknown);
        // The client has left; its side is nobody's now.
        let left = [row(CLIENT, SERVER, 0), row(SERVER, CLIENT, 8)];
        assert_eq!(owner((CLIENT, SERVER), &[], &[(1, &left), (2, &left), (3, &left)]), Owner::Unknown);
        // The ends are used again by another connection.
        let again = [row(CLIENT, SERVER, 17), row(SERVER, CLIENT, 18)];
        assert_eq!(owner((CLIENT, SERVER), &[], &[(1, &rows), (2, &again)]), Owner::Unknown);
    }

    #[test]
    fn what_was_never_seen_is_anothers_only_if_there_were_looks() {
        assert_eq!(owner((CLIENT, SERVER), &[], &[(-1, &[]), (11, &[])]), Owner::Unknown);
        assert_eq!(owner((CLIENT, SERVER), &[], &[(1, &[]), (11, &[])]), Owner::Unknown);
        // As of a container with a network of its own.
        assert_eq!(owner((CLIENT, SERVER), &[], &[(1, &[]), (2, &[])]), Owner::Other);
    }

    #[test]
    fn of_a_remote_connection_one_side_is_here() {
        let ends = ("192.0.2.2:50000", "198.51.100.7:443");
        let rows = [row(ends.0, ends.1, 7)];
        assert_eq!(owner(ends, &[7], &[(1, &rows)]), Owner::Command);
        assert_eq!(owner(ends, &[], &[(1, &rows), (2, &rows)]), Owner::Other);
    }

    #[test]
    fn nothing_is_told_of_a_command_that_hides() {
        let rows = [row(CLIENT, SERVER, 7), row(SERVER, CLIENT, 8)];
        let mut sockets = Sockets::default();
        for second in 1..4 {
            sockets.looked(at(second)..at(second), Vec::new(), rows.iter().copied());
        }
        let owner = |sockets: &Sockets| sockets.owner(CLIENT.parse().unwrap(), SERVER.parse().unwrap(), at(0)..at(10));
        sockets.are_hidden(vec![42]);
        assert_eq!(owner(&sockets), Owner::Other, "it may just be ending");
        sockets.are_hidden(vec![43]);
        assert_eq!(owner(&sockets), Owner::Other);
        sockets.are_hidden(vec![43]);
        assert_eq!((owner(&sockets), sockets.tells_owners()), (Owner::Unknown, false));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn rows_are_parsed() {
        let of = |ends: &str, state: &str| {
            format!(
                "   0: {ends} {state} 00000000:00000000 00:00000000 00000000  1000        0 4242 1 00000000cc3c1bd1"
            )
        };
        let parsed = Row::parse(&of("0100007F:07E8 0100007F:C350", "01"));
        assert_eq!(parsed, Some(row("127.0.0.1:2024", "127.0.0.1:50000", 4242)));
        assert_eq!(Row::parse(&of("0100007F:07E8 00000000:0000", "0A")), None);
        let mapped = "0000000000000000FFFF00000100007F";
        assert_eq!(
            Row::parse(&of(&format!("{mapped}:07E8 {mapped}:C350"), "01")),
            Some(row("127.0.0.1:2024", "127.0.0.1:50000", 4242))
        );
        let six = "000080FE00000000FF00FC02010000FE";
        assert_eq!(
            Row::parse(&of(&format!("{six}:01BB {six}:C350"), "06")),
            Some(row("[fe80::2fc:ff:fe00:1]:443", "[fe80::2fc:ff:fe00:1]:50000", 4242))
        );
        for cut in ["", "0:", "0: 0100007F:07E8", "0: xyz:1 0100007F:07E8 01 1 1 1 1 1 1"] {
            assert_eq!(Row::parse(cut), None, "{cut}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_sockets_of_this_machine_are_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accepted = listener.accept().unwrap().0;
        let sockets = super::super::processes::Looker::new().finish().0;
        let ends = (client.local_addr().unwrap(), accepted.local_addr().unwrap());
        assert_ne!(sockets.seen[&ends].inode, 0);
    }
}
