//! The files that are made of a connection, on a thread of their own, by the code of `slice` and `--bundle`.

use std::path::{Path, PathBuf};

use whyclosed::catalog::Registries;
use whyclosed::error::Error;
use whyclosed::report::Collection;
use whyclosed::report::redact::Secrets;
use whyclosed::view::{Chosen, Product};

use crate::commands::bundle::Bundled;
use crate::commands::read::Read;
use crate::commands::slice::Slice;
use crate::inputs::InputArgs;
use crate::progress::Shown;

/// A file to be written.
pub(super) struct Job {
    product: Product,
    chosen: Chosen,
    /// The files of the capture.
    captures: Vec<PathBuf>,
    /// The file, which is not there yet.
    pub path: PathBuf,
}

impl Job {
    /// Chooses a name in the current folder that no file has.
    pub(super) fn new(product: Product, chosen: Chosen, captures: Vec<PathBuf>) -> Self {
        let extension = match product {
            Product::Slice => "pcapng",
            Product::Bundle => "zip",
        };
        let path = free(chosen.id, extension);
        Self { product, chosen, captures, path }
    }

    /// Returns the name of the file.
    pub(super) fn name(&self) -> String {
        name(&self.path)
    }

    /// Writes the file. Returns what is to be said of it.
    pub(super) fn write(&self, read: &Read, registries: Registries) -> Result<Vec<String>, Error> {
        let Self { chosen: Chosen { in_capture, .. }, captures, path, .. } = self;
        match self.product {
            Product::Slice => {
                let given = (read.keys.clone(), read.reporting.texts.clone());
                let is_redacted = !read.reporting.show_secrets;
                let slice = Slice::of(captures.clone(), *in_capture, is_redacted, path.clone(), given);
                let (said, faults) = slice.write_only(registries)?;
                faults.into_iter().next().map_or(Ok(said), Err)
            }
            Product::Bundle => bundle(read, captures.clone(), *in_capture, path, registries),
        }
    }
}

/// Writes a bundle of one connection of a capture, by its number in it. Returns what is to be said of it.
fn bundle(
    read: &Read,
    captures: Vec<PathBuf>,
    id: usize,
    path: &Path,
    registries: Registries,
) -> Result<Vec<String>, Error> {
    let mut read = read.clone();
    (read.inputs, read.bundle) = (InputArgs::of_one(captures), Some(path.to_owned()));
    read.reporting.select_only(id);
    let (with_keys, threads) = (read.with_keys()?, read.threads());
    let collection = Collection::prepared(Secrets::new(read.reporting.privacy()));
    let results =
        read.read(&with_keys, collection, Shown::Nowhere, &mut |source, analyzer, collection, progress| {
            read.analyse(source, analyzer, (collection, threads), progress)
        })?;
    let (Bundled { said, .. }, faults) = read.write_bundle(path, results, registries, (&with_keys, threads))?;
    faults.into_iter().next().map_or(Ok(said), Err)
}

/// Returns the name of a file.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the name of the word that says why no packets can be written, if none can.
pub(super) fn refused(read: &Read) -> Option<&'static str> {
    #[cfg(feature = "live")]
    let is_filtered = read.filter.is_some();
    #[cfg(not(feature = "live"))]
    let is_filtered = false;
    let is_piped = read.inputs.paths().iter().any(|path| path == Path::new("-"));
    match read.reporting.anonymize {
        true => Some("not_anonymous"),
        false => (is_filtered || is_piped).then_some("not_again"),
    }
}

/// Returns a path in the current folder at which there is nothing: `connection-3.pcapng`, `connection-3-2.pcapng`, …
fn free(id: usize, extension: &str) -> PathBuf {
    let name = |count: usize| match count {
        1 => format!("connection-{id}.{extension}"),
        _ => format!("connection-{id}-{count}.{extension}"),
    };
    let mut paths = (1..).map(|count| PathBuf::from(name(count)));
    paths.find(|path| path.symlink_metadata().is_err()).unwrap_or_default()
}
