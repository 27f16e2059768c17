//! The option of every command that parses captures: whether to use the sandbox.

use clap::Args;
use whyclosed::catalog::Language;
use whyclosed::report::phrase::word;

use crate::sandbox::{Allowed, Enforced, enter};

/// The option to do without the sandbox.
#[derive(Clone, Debug, Default, Args)]
pub struct Sandboxing {
    /// Parse captures without the sandbox, in which (on Linux) only they can be read, only the output can be written, and no
    /// program run.
    #[arg(long)]
    no_sandbox: bool,
}

impl Sandboxing {
    /// Enters the sandbox. Returns what it enforces, or `None` with `--no-sandbox`.
    pub fn enter(&self, allowed: &Allowed) -> Option<Enforced> {
        (!self.no_sandbox).then(|| enter(allowed))
    }

    /// Prints on standard error what is enforced.
    #[expect(clippy::print_stderr, reason = "it is not part of the report")]
    pub fn tell(&self, enforced: Option<Enforced>, language: Language) {
        let (name, version) = match enforced {
            Some(Enforced::Everything(version)) => ("sandbox_everything", version),
            Some(Enforced::FilesAlone(version)) => ("sandbox_files", version),
            Some(Enforced::Nothing) => ("sandbox_nothing", 0),
            None => ("sandbox_off", 0),
        };
        eprintln!("{}", word(name, &[("version", &*version.to_string())], language));
    }
}

/// The same with a `--verbose` of its own, for commands that have no other use for it.
#[derive(Debug, Default, Args)]
pub struct Explained {
    #[command(flatten)]
    sandboxing: Sandboxing,

    /// Say on standard error what the sandbox enforces.
    #[arg(short, long)]
    verbose: bool,
}

impl Explained {
    /// Enters the sandbox, and with `--verbose` prints what it enforces.
    pub fn enter(&self, allowed: &Allowed, language: Language) {
        let enforced = self.sandboxing.enter(allowed);
        if self.verbose {
            self.sandboxing.tell(enforced, language);
        }
    }
}
