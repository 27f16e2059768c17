//! The start of the command: as which user, and in which environment.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command};

use nix::unistd::{Uid, User};
use whyclosed::error::Error;

use crate::privileges::Caller;

/// The exit code for a command that is not found, as shells, `env` and `timeout` have it.
const NOT_FOUND: u8 = 127;

/// The exit code for a command that is found, but cannot be run.
const NOT_RUN: u8 = 126;

/// The variables that `sudo` sets. The command would take them to mean that it runs as root.
const OF_SUDO: [&str; 4] = ["SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER"];

/// A command that was not started.
pub struct Failure {
    /// Why.
    pub error: Error,
    /// The exit code of a shell in this case.
    pub code: u8,
}

/// Starts a command, with more variables in its environment. For the `caller` of `sudo`, the variables that name the user and
/// the home folder are those of the caller, unless `sudo` has kept them.
pub fn start(
    words: &[OsString],
    variables: &[(&'static str, OsString)],
    caller: Option<&Caller>,
) -> Result<Child, Failure> {
    let (program, arguments) =
        words.split_first().map_or((OsString::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let mut command = Command::new(&program);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    if let Some(caller) = caller {
        for name in OF_SUDO {
            command.env_remove(name);
        }
        command.envs(own(caller));
    }
    adopt();
    command.spawn().map_err(|source| {
        let is_missing = source.kind() == ErrorKind::NotFound;
        let hint = match caller {
            Some(_) if is_missing => {
                " (sudo may have replaced PATH: `sudo env \"PATH=$PATH\" whyclosed run …` keeps it)"
            }
            _ => "",
        };
        let error = Error::NotStarted { command: program.to_string_lossy().into_owned(), source, hint };
        Failure { error, code: if is_missing { NOT_FOUND } else { NOT_RUN } }
    })
}

/// Returns the variables that still name root, with the values that they have for the caller.
fn own(caller: &Caller) -> impl Iterator<Item = (&'static str, OsString)> {
    let root = User::from_uid(Uid::from_raw(0)).ok().flatten();
    let (name, home) = root.map(|root| (OsString::from(root.name), root.dir.into_os_string())).unzip();
    let is = |variable: &str, value: &Option<OsString>| env::var_os(variable).is_none_or(|own| Some(own) == *value);
    let home = caller.home.as_ref().filter(|_| is("HOME", &home)).map(|home| ("HOME", home.clone().into_os_string()));
    let names = ["USER", "LOGNAME"].into_iter().filter(move |variable| is(variable, &name));
    home.into_iter().chain(names.map(|variable| (variable, OsString::from(&caller.name))))
}

/// Makes this process the parent of those whose own parent has ended, so that they are still found: daemons, for example.
#[cfg(target_os = "linux")]
fn adopt() {
    // Without it, some processes are not found, and their connections are taken for those of others.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Does nothing: there is no such function.
#[cfg(not(target_os = "linux"))]
fn adopt() {}
