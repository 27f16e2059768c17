//! Rights are for opening interfaces; packets, which anybody may have sent, are read without them.

use std::ffi::CString;
use std::io;

use nix::unistd::{Gid, Uid, User, getuid, initgroups, setgid, setgroups, setuid};
use whyclosed::error::Error;

/// The ids of `nobody` where the system does not say.
const NOBODY: u32 = 65_534;

/// Gives up every right that opening took: root becomes the user who called `sudo`, or `nobody`, and no capability is kept. The
/// name of that user, where the user changed.
///
/// Has to be called before there is a second thread: capabilities belong to a thread.
pub fn give_up() -> Result<Option<String>, Error> {
    become_user().and_then(|user| clear_capabilities().map(|()| user)).map_err(|source| Error::Privileges { source })
}

fn become_user() -> io::Result<Option<String>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    // While there is the right to.
    clear_bounding_set()?;
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
    Ok(Some(user.unwrap_or_else(|| uid.to_string())))
}

/// Who called `sudo`.
fn caller() -> Option<(Uid, Gid, Option<String>)> {
    let id = |name| std::env::var(name).ok()?.parse::<u32>().ok().filter(|id| *id != 0);
    let (uid, gid) = (Uid::from_raw(id("SUDO_UID")?), Gid::from_raw(id("SUDO_GID")?));
    Some((uid, gid, User::from_uid(uid).ok().flatten().map(|user| user.name)))
}

fn nobody() -> (Uid, Gid, Option<String>) {
    match User::from_name("nobody") {
        Ok(Some(user)) => (user.uid, user.gid, Some(user.name)),
        _ => (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY), None),
    }
}

#[cfg(target_os = "linux")]
fn clear_bounding_set() -> io::Result<()> {
    caps::clear(None, caps::CapSet::Bounding).map_err(io::Error::other)
}

#[cfg(not(target_os = "linux"))]
fn clear_bounding_set() -> io::Result<()> {
    Ok(())
}

/// Whoever got `CAP_NET_RAW` from the file's capabilities needs it no longer, either.
#[cfg(target_os = "linux")]
fn clear_capabilities() -> io::Result<()> {
    use caps::CapSet;
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    Ok(nix::sys::prctl::set_no_new_privs()?)
}

#[cfg(not(target_os = "linux"))]
fn clear_capabilities() -> io::Result<()> {
    Ok(())
}
