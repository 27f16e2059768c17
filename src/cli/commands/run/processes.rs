//! The processes of a command and their sockets, as Linux shows them below `/proc` (proc(5)).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use whyclosed::capture::live::now;

use super::sockets::{Row, SURE, Sockets};

/// The time between two looks at the sockets that the known processes have.
const PAUSE: Duration = Duration::from_millis(2);

/// The part of the time that is spent on such looks, at most: one in this many.
const SHARE: u32 = 20;

/// The longest time between two looks at everything, if they are cheap.
const ROUND: Duration = Duration::from_millis(100);

/// The looks at everything that a new socket causes at once: it may not have been connected before the first.
const TRIES: u8 = 2;

/// The processes of the command, and what is known of the machine's sockets.
///
/// The kernel's table of connections takes milliseconds to read, and so does the list of processes. They are read when a known
/// process has a new socket, and now and then.
pub struct Looker {
    sockets: Sockets,
    processes: Vec<u32>,
    /// The sockets of these processes, and how often everything was looked at since they were met.
    met: HashMap<u64, u8>,
    /// The time of the next look at everything.
    due: Instant,
}

impl Looker {
    /// Creates a looker that has seen nothing.
    pub fn new() -> Self {
        Self { sockets: Sockets::default(), processes: Vec::new(), met: HashMap::new(), due: Instant::now() }
    }

    /// Looks once. Returns the time until the next look.
    pub fn look(&mut self) -> Duration {
        let begun = Instant::now();
        let (inodes, _) = sockets_of(&self.processes);
        let has_new = inodes.iter().any(|inode| self.met.get(inode).is_none_or(|looks| *looks < TRIES));
        if !has_new && begun < self.due {
            return PAUSE.max(begun.elapsed().saturating_mul(SHARE));
        }
        self.look_at_everything();
        let cost = begun.elapsed();
        self.due = Instant::now() + ROUND.max(cost.saturating_mul(SHARE));
        PAUSE.max(cost)
    }

    /// Reads the table first: whoever opened a connection in it is found after that, unless it is closed already.
    fn look_at_everything(&mut self) {
        let begun = now();
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
        let ended = now();
        self.processes = descendants();
        let (inodes, hidden) = sockets_of(&self.processes);
        let looks = |inode: u64| (inode, self.met.get(&inode).map_or(1, |looks| looks.saturating_add(1)));
        self.met = inodes.iter().map(|inode| looks(*inode)).collect();
        let rows = tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(Row::parse);
        self.sockets.looked(begun..ended, inodes, rows);
        self.sockets.are_hidden(hidden);
    }

    /// Looks a last time, which settles whose the connections are that are still open. Returns what is known, and the number of
    /// processes of the command that are still running.
    pub fn finish(mut self) -> (Sockets, u64) {
        (0..SURE).for_each(|_| self.look_at_everything());
        (self.sockets, self.processes.len() as u64)
    }
}

/// Returns the running processes that descend from this one. Orphans among them are its own children.
fn descendants() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<_> = entries.filter_map(|entry| parent(entry.file_name().to_str()?.parse().ok()?)).collect();
    let (mut found, mut known) = (Vec::new(), HashSet::from([std::process::id()]));
    loop {
        let new: Vec<_> = parents.iter().filter(|(_, parent)| known.contains(parent)).map(|(id, _)| *id).collect();
        let before = found.len();
        found.extend(new.into_iter().filter(|id| known.insert(*id)));
        if found.len() == before {
            return found;
        }
    }
}

/// Returns a process with its parent; `None` if it has ended.
fn parent(process: u32) -> Option<(u32, u32)> {
    // The name, in parentheses, may itself contain parentheses and spaces.
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = status.rsplit_once(')')?.1.split_whitespace();
    let is_over = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    (!is_over).then_some((process, parent))
}

/// Returns the inodes of the sockets of processes, and the processes that run, but do not let this user look at them.
fn sockets_of(processes: &[u32]) -> (Vec<u64>, Vec<u32>) {
    let (mut inodes, mut hidden) = (Vec::new(), Vec::new());
    for process in processes {
        match fs::read_dir(Path::new("/proc").join(process.to_string()).join("fd")) {
            Ok(entries) => {
                let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
                inodes.extend(links.filter_map(|link| inode(link.to_str()?)));
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied && parent(*process).is_some() => {
                hidden.push(*process);
            }
            Err(_) => {}
        }
    }
    (inodes, hidden)
}

/// Returns the inode in a link to a socket: `socket:[4242]`.
fn inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}
