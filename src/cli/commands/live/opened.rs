//! What a live session captures from, opened while the program still has the rights for it.

use std::io;
use std::path::Path;
use std::time::Duration;

use whyclosed::capture::filter::{Filter, Filtered};
use whyclosed::capture::live::{Feed, Live as Interfaces, Piped, Settings, default_interface};
use whyclosed::capture::pcapng::Description;
use whyclosed::capture::{self, Source};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::report::phrase::word;

use super::session::LAST_LOOK;

/// Open interfaces, or standard input.
pub struct Opened {
    from: From,
    /// The names of the interfaces.
    names: Vec<String>,
    /// A description of the interfaces, or of standard input.
    described: String,
}

enum From {
    Interfaces(Interfaces),
    /// Standard input, which is read once the sandbox is entered, through a filter if there is one.
    Stdin(Option<Filter>),
}

impl Opened {
    /// Opens interfaces; without any, that of the default route.
    pub fn interfaces(names: &[String], settings: Settings, filter: &str, language: Language) -> Result<Self, Error> {
        let (names, described) = match names {
            [] => {
                let choice = default_interface()?;
                let name = if choice.is_default_route { "live_default_route" } else { "live_no_default_route" };
                let described = word(name, &[("interface", &choice.name)], language);
                (vec![choice.name], described)
            }
            names => (names.to_vec(), names.join(", ")),
        };
        let from = From::Interfaces(Interfaces::open(&names, settings, filter)?);
        Ok(Self { from, names, described })
    }

    /// Takes standard input, without the packets that a filter rejects. libpcap is needed only if there is a filter.
    pub fn stdin(filter: &str, language: Language) -> Result<Self, Error> {
        let filter = (!filter.is_empty()).then(|| Filter::new(filter)).transpose()?;
        Ok(Self { from: From::Stdin(filter), names: Vec::new(), described: word("live_stdin", &[], language) })
    }

    /// Returns the names of the interfaces.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the descriptions of the interfaces, for a file.
    pub fn descriptions(&self) -> Vec<Description> {
        match &self.from {
            From::Interfaces(interfaces) => interfaces.descriptions(),
            From::Stdin(_) => Vec::new(),
        }
    }

    /// Returns the name of the text for the first line, and what it names.
    pub fn beginning(&self) -> (&'static str, String) {
        let name = match self.from {
            From::Interfaces(_) => "live_begins",
            From::Stdin(_) => "live_reads",
        };
        (name, self.described.clone())
    }

    /// Returns the time for which the session goes on after a signal: Ctrl-C also ends whoever writes to a pipe, and what
    /// they had not written yet comes then.
    pub const fn linger(&self) -> Duration {
        match self.from {
            From::Interfaces(_) => Duration::ZERO,
            From::Stdin(_) => LAST_LOOK,
        }
    }

    /// Begins to read. For standard input, this waits for the first bytes, and fails if they are not those of a capture.
    pub fn into_feed(self) -> Result<Box<dyn Feed>, Error> {
        let filter = match self.from {
            From::Interfaces(interfaces) => return Ok(Box::new(interfaces)),
            From::Stdin(filter) => filter,
        };
        let source = capture::read(Path::new("-"), io::stdin())?;
        let source: Box<dyn Source + Send> = match filter {
            Some(filter) => Box::new(Filtered::new(source, filter)),
            None => source,
        };
        Ok(Box::new(Piped::new(source).map_err(|source| Error::Wait { source })?))
    }
}
