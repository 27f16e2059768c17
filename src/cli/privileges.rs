//! Giving up privileges. They are needed only to open interfaces; packets, which anybody may have sent, are parsed
//! without them.

use whyclosed::error::Error;

/// Gives up every privilege that opening took: root becomes the user who called `sudo`, or `nobody`, and no capability
/// is kept. Returns the name of that user, if the user changed.
///
/// Has to be called before a second thread is started, because capabilities belong to a thread.
#[cfg(target_os = "linux")]
pub fn give_up() -> Result<Option<String>, Error> {
    linux::give_up().map_err(|source| Error::Privileges { source })
}

/// Does nothing: elsewhere, capturing depends on who may read `/dev/bpf`, and there are no capabilities to give up.
#[cfg(not(target_os = "linux"))]
pub fn give_up() -> Result<Option<String>, Error> {
    Ok(None)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CString;
    use std::io;

    use caps::CapSet;
    use nix::unistd::{Gid, Uid, User, getuid, initgroups, setgid, setgroups, setuid};

    /// The user and group id of `nobody`, if the system does not define them.
    const NOBODY: u32 = 65_534;

    pub(super) fn give_up() -> io::Result<Option<String>> {
        let user = if Uid::effective().is_root() { Some(become_user()?) } else { None };
        // CAP_NET_RAW from the file's capabilities is not needed any more, either.
        for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
            caps::clear(None, set).map_err(io::Error::other)?;
        }
        nix::sys::prctl::set_no_new_privs()?;
        Ok(user)
    }

    fn become_user() -> io::Result<String> {
        // While this is still permitted. A container may forbid it. That changes little, since no new privileges can be
        // gained anyway.
        let _ = caps::clear(None, CapSet::Bounding);
        let (uid, gid, user) = caller().unwrap_or_else(nobody);
        match user.as_deref().and_then(|name| CString::new(name).ok()) {
            Some(name) => initgroups(&name, gid)?,
            None => setgroups(&[gid])?,
        }
        setgid(gid)?;
        setuid(uid)?;
        if setuid(Uid::from_raw(0)).is_ok() || getuid().is_root() {
            return Err(io::Error::other("root could be had again"));
        }
        Ok(user.unwrap_or_else(|| uid.to_string()))
    }

    /// Returns the user who called `sudo`, unless that was root.
    fn caller() -> Option<(Uid, Gid, Option<String>)> {
        let id = |name| std::env::var(name).ok()?.parse::<u32>().ok();
        let (uid, gid) = (Uid::from_raw(id("SUDO_UID")?), Gid::from_raw(id("SUDO_GID")?));
        let name = || User::from_uid(uid).ok().flatten().map(|user| user.name);
        (!uid.is_root()).then(|| (uid, gid, name()))
    }

    fn nobody() -> (Uid, Gid, Option<String>) {
        match User::from_name("nobody") {
            Ok(Some(user)) => (user.uid, user.gid, Some(user.name)),
            _ => (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY), None),
        }
    }
}
