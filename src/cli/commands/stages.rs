//! The stages of reading captures: what each hands to the next.

use std::io;
use std::num::NonZero;
use std::path::PathBuf;

use whyclosed::analyzer::{Analysed, Analyzer};
use whyclosed::capture::Source;
use whyclosed::catalog::Registries;
use whyclosed::error::Error;
use whyclosed::report::{Collection, Material};

use crate::output::Spool;
use crate::progress::Progress;

/// What is made before the captures are read.
pub struct Begun {
    pub registries: Registries,
    /// An empty collection, which may keep connections in a temporary file.
    pub collection: Collection,
    /// An analyzer that has the given keys.
    pub with_keys: Analyzer,
    pub threads: NonZero<usize>,
}

/// The results of reading all captures.
#[derive(Default)]
pub struct Results {
    pub analysed: Analysed,
    /// The errors of captures that could not be read, or not to their ends.
    pub faults: Vec<Error>,
    /// The files that were read, those of each capture together, and the places of all frames in them, if a bundle needs
    /// them.
    pub files: Vec<Vec<PathBuf>>,
    pub written: Option<io::Result<Spool>>,
}

/// The material of a report, and what is needed besides.
pub struct Judged {
    pub material: Material,
    pub faults: Vec<Error>,
    pub files: Vec<PathBuf>,
    pub written: Option<io::Result<Spool>>,
    /// A collection for reading everything again.
    pub for_again: Collection,
}

/// A function that reads a capture to its end, or to an error. It may also return the places of all frames.
pub type Analyse<'a> = dyn FnMut(
        Box<dyn Source + Send>,
        Analyzer,
        Collection,
        &mut Progress,
    ) -> Result<(Analysed, Option<io::Result<Spool>>), Error>
    + 'a;
