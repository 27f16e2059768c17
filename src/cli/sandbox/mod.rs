//! The sandbox in which captures are parsed, because anybody may have sent their contents.

#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};

use whyclosed::capture;
use whyclosed::target::{Target, folder_of};

/// The paths that a command needs once it parses captures. Everything else is denied.
#[derive(Debug, Default)]
pub struct Allowed {
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
}

/// The restrictions that the kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforced {
    /// Files by path, no program, no TCP; with this version of Landlock's interface.
    Everything(u8),
    /// The same except TCP, which this version cannot deny.
    FilesAlone(u8),
    /// Nothing: the kernel lacks Landlock, or the system is not Linux.
    Nothing,
}

/// The files of name services, and of the tables of ports and protocols: a capture filter may name hosts and ports.
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
    /// Allows reading captures: files, and folders with everything below them and the files that links in them lead to; if
    /// `recursive`, those of the links in the folders within them, too.
    pub fn captures(self, paths: &[PathBuf], recursive: bool) -> Self {
        self.files(paths).files(&capture::links(paths, recursive))
    }

    /// Allows reading files, and everything below folders.
    pub fn files(mut self, paths: &[PathBuf]) -> Self {
        self.readable.extend(paths.iter().filter(|path| path.as_os_str() != "-").cloned());
        self
    }

    /// Allows reading files that may not be there yet: then everything in their folders.
    #[cfg(all(feature = "live", unix))]
    pub fn growing(mut self, paths: &[PathBuf]) -> Self {
        for path in paths {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            self.readable.push(if path.exists() { path.clone() } else { folder.to_owned() });
        }
        self
    }

    /// Allows writing a file: both its folder, because the file is renamed into place, and the file that is already
    /// there. For a device or a pipe, allows only itself.
    pub fn output(mut self, path: Option<&Path>) -> Self {
        let Some(path) = path else { return self };
        if let Ok(Target::File(file)) = Target::resolve(path) {
            self.writable.extend([path, &file.path].map(|path| folder_of(path).to_owned()));
        }
        self.writable.push(path.to_owned());
        self
    }

    /// Allows keeping temporary files.
    pub fn temporary_files(mut self) -> Self {
        self.writable.push(std::env::temp_dir());
        self
    }

    /// Allows looking up the names in a capture filter.
    #[cfg(feature = "live")]
    pub fn name_services(mut self) -> Self {
        self.readable.extend(NAME_SERVICES.map(PathBuf::from));
        self
    }

    /// Allows reading the system's counters of interfaces, from which libpcap gets the number of dropped packets.
    #[cfg(all(feature = "live", unix))]
    pub fn counters_of(mut self, interfaces: &[String]) -> Self {
        self.readable.push("/proc/net/dev".into());
        self.readable.extend(interfaces.iter().map(|name| Path::new("/sys/class/net").join(name)));
        self
    }
}

/// Denies the calling thread, and those that it starts from now on, everything but `allowed`: other files, programs,
/// TCP connections. Also gives up gaining privileges by running programs (`PR_SET_NO_NEW_PRIVS`). This cannot be
/// undone. Returns the restrictions that the kernel enforces.
#[cfg(target_os = "linux")]
pub fn enter(allowed: &Allowed) -> Enforced {
    linux::enter(allowed).unwrap_or(Enforced::Nothing)
}

/// Denies nothing: there is no sandbox for this system.
#[cfg(not(target_os = "linux"))]
pub fn enter(_: &Allowed) -> Enforced {
    Enforced::Nothing
}
