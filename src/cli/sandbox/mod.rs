//! The sandbox that captures are parsed in: anybody may have sent what is in them.

#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};

use whyclosed::target::{Target, folder_of};

/// The paths that a command needs once it parses captures. Everything else is denied.
#[derive(Debug, Default)]
pub struct Allowed {
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
}

/// What the kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforced {
    /// Files by path, no program, no TCP; by this version of Landlock's interface.
    Everything(u8),
    /// The same but TCP, which this version cannot deny.
    FilesAlone(u8),
    /// Nothing: the kernel has no Landlock, or it is no Linux.
    Nothing,
}

/// What name services and the tables of ports and protocols are read from: a capture filter may name hosts and ports.
#[cfg(feature = "live")]
const NAME_SERVICES: [&str; 15] = [
    "/etc/ethers",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/networks",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/run/systemd/resolve",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
];

impl Allowed {
    /// Allows to read captures: files, and folders with what is below them and what links in them lead to.
    pub fn captures(mut self, paths: &[PathBuf]) -> Self {
        for path in paths.iter().filter(|path| path.as_os_str() != "-") {
            self.readable.push(path.clone());
            let links = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
            self.readable.extend(links.filter(|path| path.is_symlink()));
        }
        self
    }

    /// Allows to write a file: into its folder, for it is renamed into place, and to what is there already. A device or a pipe
    /// is written to, and nothing beside it.
    pub fn output(mut self, path: Option<&Path>) -> Self {
        let Some(path) = path else { return self };
        if let Ok(Target::File(file)) = Target::resolve(path) {
            self.writable.extend([path, &file.path].map(|path| folder_of(path).to_owned()));
        }
        self.writable.push(path.to_owned());
        self
    }

    /// Allows to keep temporary files.
    pub fn temporary_files(mut self) -> Self {
        self.writable.push(std::env::temp_dir());
        self
    }

    /// Allows to look up the names in a capture filter.
    #[cfg(feature = "live")]
    pub fn name_services(mut self) -> Self {
        self.readable.extend(NAME_SERVICES.map(PathBuf::from));
        self
    }

    /// Allows to read what the system counts of interfaces: libpcap asks for what was dropped there.
    #[cfg(all(feature = "live", unix))]
    pub fn counters_of(mut self, interfaces: &[String]) -> Self {
        self.readable.push("/proc/net/dev".into());
        self.readable.extend(interfaces.iter().map(|name| Path::new("/sys/class/net").join(name)));
        self
    }
}

/// Denies the calling thread, and those that it starts from now on, everything but `allowed`: other files, programs, TCP
/// connections. It also gives up the gain of privileges by programs (`PR_SET_NO_NEW_PRIVS`). There is no way back.
#[cfg(target_os = "linux")]
pub fn enter(allowed: &Allowed) -> Enforced {
    linux::enter(allowed).unwrap_or(Enforced::Nothing)
}

/// Denies nothing: there is no sandbox for this system.
#[cfg(not(target_os = "linux"))]
pub fn enter(_: &Allowed) -> Enforced {
    Enforced::Nothing
}
