//! Landlock: a thread gives up rights over files and the network irrevocably.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::{Allowed, Enforced};

/// The version that defines the rights over files. The next one denies the ioctls that ask a terminal for its width.
const FILES: ABI = ABI::V4;

/// The first version with rights over TCP.
const TCP: ABI = ABI::V4;

/// The rights to read a file and to list a folder.
const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// The rights to write a temporary file next to the target, and to rename it into place.
const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir
});

pub(super) fn enter(allowed: &Allowed) -> Result<Enforced, RulesetError> {
    // Best effort, which is the default: rights that this kernel does not know are left out.
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(FILES))?
        .handle_access(AccessNet::from_all(TCP))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?;
    allowed.readable.iter().for_each(|path| allow(&mut rules, path, READ));
    allowed.writable.iter().for_each(|path| allow(&mut rules, path, WRITE));
    let status = rules.restrict_self()?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Enforced::Nothing,
        (_, LandlockStatus::Available { effective_abi, .. }) if effective_abi >= TCP => {
            Enforced::Everything(effective_abi as u8)
        }
        (_, LandlockStatus::Available { effective_abi, .. }) => Enforced::FilesAlone(effective_abi as u8),
        _ => Enforced::Nothing,
    })
}

/// Allows a path. Skips one that cannot be opened: the code that needs it reports the error. That includes pipes
/// (`/dev/fd/63`), which have no place in the file system and stay open to all.
fn allow(rules: &mut RulesetCreated, path: &Path, rights: BitFlags<AccessFs>) {
    let Ok(opened) = PathFd::new(path) else { return };
    let rights = if path.is_dir() { rights } else { rights & AccessFs::from_file(FILES) };
    let _ = rules.add_rule(PathBeneath::new(opened, rights));
}
