//! The captures that paths lead to: files, and those in folders.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{file, rotated};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// The extensions of captures. What else has one is said to be unreadable; other files in a folder are passed over.
const EXTENSIONS: [&str; 6] = ["cap", "dmp", "ntar", "pcap", "pcapng", "snoop"];

/// The extensions that compression adds.
const COMPRESSED: [&str; 6] = ["bz2", "gz", "lz4", "xz", "zip", "zst"];

/// The captures among some paths.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The captures, in the order of the paths; those in a folder in the order of their names.
    pub files: Vec<Input>,
    /// The faults of files that cannot be read, or are no captures although they were named or are called so.
    pub faults: Vec<Error>,
    /// The files in folders that are no captures, neither by their contents nor by their names.
    pub passed_over: Vec<PathBuf>,
}

/// A capture that is to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path; `-` is standard input.
    pub path: PathBuf,
    /// True for a file, which can be read several times; false for a pipe.
    pub is_file: bool,
    /// The time of its first packet, if it is a file that has one.
    pub first: Option<Timestamp>,
}

/// Finds the captures at `paths`: files, standard input (`-`), and folders, whose captures are recognised by their first
/// bytes. With `recursive`, those in folders within folders too. Links to folders are followed only at `paths` themselves.
pub fn find(paths: &[PathBuf], recursive: bool) -> Inputs {
    let mut inputs = Inputs::default();
    for path in paths {
        if !file::is_stdin(path) && path.is_dir() {
            inputs.add_folder(path, recursive);
        } else if path.is_file() || !path.exists() && !file::is_stdin(path) {
            match recognised(path.clone()) {
                Ok(input) => inputs.files.push(input),
                Err(error) => inputs.faults.push(error),
            }
        } else {
            // A look at a pipe would take its first bytes away.
            inputs.files.push(Input { path: path.clone(), is_file: false, first: None });
        }
    }
    inputs
}

/// Returns the symbolic links to files in the folders among `paths`, through which files outside of them are read.
pub fn links(paths: &[PathBuf], recursive: bool) -> Vec<PathBuf> {
    let folders = paths.iter().filter(|path| !file::is_stdin(path) && path.is_dir());
    let entries = folders.flat_map(|folder| walk(folder, recursive).into_iter().flatten());
    let links = entries.filter(DirEntry::path_is_symlink).map(DirEntry::into_path);
    links.filter(|link| link.is_file()).collect()
}

impl Inputs {
    /// Groups the captures: rotated sets, which are merged, and files by themselves.
    pub fn into_sets(self) -> Vec<Vec<PathBuf>> {
        rotated::sets(self.files)
    }

    /// Returns the paths of the captures.
    pub fn into_paths(self) -> Vec<PathBuf> {
        self.files.into_iter().map(|input| input.path).collect()
    }

    fn add_folder(&mut self, folder: &Path, recursive: bool) {
        let before = self.files.len() + self.faults.len();
        let mut paths = Vec::new();
        for entry in walk(folder, recursive) {
            match entry {
                Ok(entry) if may_be_file(&entry) => paths.push(entry.into_path()),
                // Opening a pipe would wait for its writer.
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
                    self.faults.push(Error::Open { path, source });
                }
            }
        }
        for path in once_each(folder, paths) {
            match recognised(path.clone()) {
                Ok(input) => self.files.push(input),
                Err(error) => {
                    let is_other = match &error {
                        Error::Empty { .. } => true,
                        // A link to nowhere is as good as a file that is empty.
                        Error::Open { source, .. } => source.kind() == io::ErrorKind::NotFound,
                        Error::NotACapture { is_capture, .. } => !is_capture,
                        _ => false,
                    };
                    if is_other && !is_called_capture(&path) {
                        self.passed_over.push(path);
                    } else {
                        self.faults.push(error);
                    }
                }
            }
        }
        if before == self.files.len() + self.faults.len() {
            self.faults.push(Error::NoCaptures { path: folder.to_owned() });
        }
    }
}

/// Returns the entries of a folder in the order of their names, of those within it too if `recursive`. Links to folders are
/// not followed, but for `folder` itself: there may be far more ways through them than folders.
fn walk(folder: &Path, recursive: bool) -> WalkDir {
    let depth = if recursive { usize::MAX } else { 1 };
    WalkDir::new(folder).min_depth(1).max_depth(depth).sort_by_file_name()
}

/// Returns whether an entry of a folder is a file, or a link to one or to nothing that can be found.
fn may_be_file(entry: &DirEntry) -> bool {
    let leads_to_file = || fs::metadata(entry.path()).map_or(true, |found| found.is_file());
    entry.file_type().is_file() || entry.path_is_symlink() && leads_to_file()
}

/// Leaves one path to each file in a folder, in the order of the paths: the one without links, if there is one.
fn once_each(folder: &Path, paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let root = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let real: Vec<_> = paths.iter().map(|path| fs::canonicalize(path).unwrap_or_else(|_| path.clone())).collect();
    let mut kept: HashMap<&Path, usize> = HashMap::new();
    for (at, (path, file)) in paths.iter().zip(&real).enumerate() {
        let is_real = path.strip_prefix(folder).is_ok_and(|below| root.join(below) == *file);
        let held = kept.entry(file).or_insert(at);
        if is_real {
            *held = at;
        }
    }
    let mut kept: Vec<_> = kept.into_values().collect();
    kept.sort_unstable();
    kept.into_iter().filter_map(|at| paths.get(at).cloned()).collect()
}

/// Looks at the beginning of a file. Fails if it is no capture.
fn recognised(path: PathBuf) -> Result<Input, Error> {
    let mut source = file::open(&path, limits::PEEK_BUFFER)?;
    let first = source.advance()?.then(|| source.packet().time);
    Ok(Input { path, is_file: true, first })
}

/// Returns whether a file has the extension of a capture, perhaps followed by a number or a compression's extension.
fn is_called_capture(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let name = name.to_ascii_lowercase();
    let without = |(stem, extension): &(&str, &str)| COMPRESSED.contains(extension) && !stem.is_empty();
    let name = name.rsplit_once('.').filter(without).map_or(&*name, |(stem, _)| stem);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    EXTENSIONS.contains(&extension.trim_end_matches(|character: char| character.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::testing::build::{Order, Pcap};

    fn pcap() -> Vec<u8> {
        Pcap::new(Order::Little, Pcap::MICROS, 1).record(7, 0, b"x", 1).bytes
    }

    /// Writes files, and makes the folders that they are in.
    fn write(root: &Path, files: &[(&str, &[u8])]) {
        for (name, bytes) in files {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), bytes).unwrap();
        }
    }

    /// Returns the names of paths below a folder.
    fn below<'p>(root: &Path, paths: impl IntoIterator<Item = &'p Path>) -> Vec<String> {
        paths.into_iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
    }

    fn faulty(fault: &Error) -> &Path {
        match fault {
            Error::Open { path, .. } | Error::Empty { path } | Error::NotACapture { path, .. } => path,
            Error::NoCaptures { path } => path,
            fault => panic!("{fault}"),
        }
    }

    #[test]
    fn a_folder_has_captures_and_faults_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let (capture, snoop) = (pcap(), b"snoop\0\0\0\0\0\0\x02".as_slice());
        write(root, &[("b.txt", &capture), ("a", &capture), ("README.md", b"# Captures"), ("keys.log", b"")]);
        write(root, &[("c.pcap", b"text"), ("d.pcapng", b""), ("e.pcap.xz", b"\xfd7zXZ\0data"), ("f.cap12", b"no")]);
        write(root, &[("g.gz", &[0x1f, 0x8b, 8, 0]), ("h.pcap.gz", &[0x1f, 0x8b, 8, 0]), ("i.bin", snoop)]);
        write(root, &[("j.dat", &capture[..20]), ("below/k.pcap", &capture)]);
        let found = find(&[root.to_owned()], false);
        assert_eq!(below(root, found.files.iter().map(|input| &*input.path)), ["a", "b.txt"]);
        assert!(found.files.iter().all(|input| input.first == Some(Timestamp::from_nanos(7_000_000_000))));
        assert_eq!(
            below(root, found.faults.iter().map(faulty)),
            ["c.pcap", "d.pcapng", "e.pcap.xz", "f.cap12", "h.pcap.gz", "i.bin", "j.dat"]
        );
        assert_eq!(below(root, found.passed_over.iter().map(PathBuf::as_path)), ["README.md", "g.gz", "keys.log"]);
    }

    #[test]
    fn folders_within_folders_are_read_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let (root, capture) = (folder.path(), pcap());
        write(root, &[("z.pcap", &capture), ("b/2.pcap", &capture), ("b/1.pcap", &capture), ("a/x/3.pcap", &capture)]);
        let found = find(&[root.to_owned()], true);
        assert_eq!(
            below(root, found.files.iter().map(|input| &*input.path)),
            ["a/x/3.pcap", "b/1.pcap", "b/2.pcap", "z.pcap"]
        );
        assert!(found.faults.is_empty());
        fs::create_dir(root.join("c")).unwrap();
        assert!(find(&[root.to_owned()], true).faults.is_empty());
        let empty = find(&[root.join("c"), root.join("b")], false);
        assert_eq!((below(root, empty.faults.iter().map(faulty)), empty.files.len()), (vec!["c".to_owned()], 2));
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_each_file_once_and_to_no_folder() {
        use std::os::unix::fs::symlink;

        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (root, capture) = (folder.path(), pcap());
        write(root, &[("days/t_00001.pcapng", &capture), ("days/t_00002.pcapng", &capture)]);
        write(elsewhere.path(), &[("far.pcap", &capture)]);
        symlink("days/t_00002.pcapng", root.join("a_latest.pcapng")).unwrap();
        symlink("days", root.join("a_today")).unwrap();
        symlink(root, root.join("days/up")).unwrap();
        symlink(elsewhere.path(), root.join("elsewhere")).unwrap();
        symlink(elsewhere.path().join("far.pcap"), root.join("far.pcap")).unwrap();
        symlink("nowhere", root.join("gone.pcap")).unwrap();
        symlink("nowhere", root.join("gone.txt")).unwrap();
        let found = find(&[root.to_owned()], true);
        assert_eq!(
            below(root, found.files.iter().map(|input| &*input.path)),
            ["days/t_00001.pcapng", "days/t_00002.pcapng", "far.pcap"]
        );
        assert_eq!(below(root, found.faults.iter().map(faulty)), ["gone.pcap"]);
        let flat = find(&[root.to_owned()], false);
        assert_eq!(below(root, flat.files.iter().map(|input| &*input.path)), ["a_latest.pcapng", "far.pcap"]);
        // A folder that is named may be a link itself.
        let named = find(&[root.join("a_today")], true);
        assert_eq!(
            below(root, named.files.iter().map(|input| &*input.path)),
            ["a_today/t_00001.pcapng", "a_today/t_00002.pcapng"]
        );

        let links = links(&[root.to_owned()], true);
        assert_eq!(below(root, links.iter().map(PathBuf::as_path)), ["a_latest.pcapng", "far.pcap"]);
    }

    /// Two to the power of 64 paths lead to the capture.
    #[cfg(unix)]
    #[test]
    fn folders_that_are_linked_many_times_are_read_once() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &[("d64/a.pcap", &pcap())]);
        for at in 0..64 {
            fs::create_dir(root.join(format!("d{at}"))).unwrap();
            for name in ["one", "two"] {
                symlink(format!("../d{}", at + 1), root.join(format!("d{at}/{name}"))).unwrap();
            }
        }
        let found = find(&[root.to_owned()], true);
        assert_eq!(below(root, found.files.iter().map(|input| &*input.path)), ["d64/a.pcap"]);
        assert_eq!(links(&[root.to_owned()], true), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_is_named_is_expected_to_be_a_capture() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &[("notes.txt", b"text"), ("a.pcap", &pcap())]);
        let paths = ["notes.txt", "a.pcap", "missing"].map(|name| root.join(name));
        let found = find(&paths, false);
        assert_eq!(below(root, found.faults.iter().map(faulty)), ["notes.txt", "missing"]);
        assert_eq!((found.files.len(), found.passed_over.len()), (1, 0));
        assert!(find(&[PathBuf::from("-")], false).files.iter().all(|input| !input.is_file));
    }
}
