//! `--keylog`: the keys of TLS connections.

use std::fs::File;
#[cfg(all(feature = "live", unix))]
use std::fs::Metadata;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture;
use whyclosed::error::Error;
use whyclosed::limits;
use whyclosed::sink::Sink;

/// The options for keys.
#[derive(Clone, Debug, Args)]
pub struct KeyArgs {
    /// Decrypt TLS (wss:) with the keys in FILE, as programs write it to $SSLKEYLOGFILE; see `whyclosed explain keys`
    /// (repeatable).
    ///
    /// Keys that a pcapng capture contains are used without this option.
    #[arg(long, value_name = "FILE")]
    keylog: Vec<PathBuf>,
}

/// Bytes of a key log that are read at once.
const PIECE: usize = 64 * 1024;

impl KeyArgs {
    /// Returns the key logs.
    pub fn files(&self) -> &[PathBuf] {
        &self.keylog
    }

    /// Returns the same key logs and others.
    #[cfg(all(feature = "live", unix))]
    pub fn with(&self, others: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { keylog: self.keylog.iter().cloned().chain(others).collect() }
    }

    /// Opens the key logs that are there; the others may be written later. Fails if one cannot be opened.
    #[cfg(all(feature = "live", unix))]
    pub fn await_all(&self) -> Result<KeyLogs, Error> {
        let open = |path: &PathBuf| if path.exists() { Growing::open(path) } else { Ok(Growing::awaited(path)) };
        self.keylog.iter().map(open).collect::<Result<_, _>>().map(KeyLogs)
    }

    /// Opens the key logs. Fails if one cannot be opened.
    pub fn open(&self) -> Result<KeyLogs, Error> {
        self.keylog.iter().map(|path| Growing::open(path)).collect::<Result<_, _>>().map(KeyLogs)
    }
}

/// Key logs that may grow while they are read.
#[derive(Default)]
pub struct KeyLogs(Vec<Growing>);

struct Growing {
    path: PathBuf,
    /// `None` while it does not exist.
    file: Option<File>,
    /// Bytes read.
    read: u64,
    log: KeyLog,
}

impl Growing {
    fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self { file: Some(file), ..Self::awaited(path) })
    }

    fn awaited(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, read: 0, log: KeyLog::default() }
    }

    /// Opens the file if it has come into being, or has been replaced by another one or by a shorter text.
    #[cfg(all(feature = "live", unix))]
    fn renew(&mut self) {
        let is_same = |file: &File| {
            let (held, there) = (file.metadata().ok()?, self.path.metadata().ok()?);
            Some(is_same_file(&held, &there) && there.len() >= self.read)
        };
        if !self.file.as_ref().is_some_and(|file| is_same(file).unwrap_or(true))
            && let Ok(file) = File::open(&self.path)
        {
            *self = Self { file: Some(file), ..Self::awaited(&self.path) };
        }
    }
}

#[cfg(all(feature = "live", unix))]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

impl KeyLogs {
    /// Gives an analyzer the keys that have been written since the last call. Fails if a file cannot be read.
    pub fn read(&mut self, analyzer: &mut Analyzer, sink: &mut impl Sink) -> Result<(), Error> {
        let mut piece = vec![0; if self.0.is_empty() { 0 } else { PIECE }];
        for Growing { path, file, read: position, log } in &mut self.0 {
            while let Some(file) = file {
                match file.read(&mut piece) {
                    Ok(0) => break,
                    Ok(read) => {
                        *position = position.saturating_add(read as u64);
                        analyzer.push_keys(log, piece.get(..read).unwrap_or_default(), sink);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(source) => return Err(Error::Open { path: path.clone(), source }),
                }
            }
        }
        Ok(())
    }

    /// Returns whether there are any key logs.
    #[cfg(all(feature = "live", unix))]
    pub const fn are_given(&self) -> bool {
        !self.0.is_empty()
    }

    /// Looks for files that have come into being, or have been replaced.
    #[cfg(all(feature = "live", unix))]
    pub fn renew(&mut self) {
        self.0.iter_mut().for_each(Growing::renew);
    }

    /// Gives an analyzer all keys: those of the key logs now, and those in the captures once it meets a TLS connection.
    pub fn read_all(
        &mut self,
        analyzer: &mut Analyzer,
        captures: &[PathBuf],
        sink: &mut impl Sink,
    ) -> Result<(), Error> {
        self.read_to_end(analyzer, sink)?;
        Self::ask_captures(analyzer, captures);
        Ok(())
    }

    /// Gives an analyzer all keys of the key logs. Fails if a file cannot be read.
    pub fn read_to_end(&mut self, analyzer: &mut Analyzer, sink: &mut impl Sink) -> Result<(), Error> {
        self.read(analyzer, sink)?;
        for Growing { log, .. } in &mut self.0 {
            // A last line without a line break.
            analyzer.push_keys(log, b"\n", sink);
        }
        Ok(())
    }

    /// Has an analyzer read the keys in the captures once it meets a TLS connection.
    pub fn ask_captures(analyzer: &mut Analyzer, captures: &[PathBuf]) {
        // A pipe can be read only once: its keys are those that come before the end.
        let is_file = |path: &&PathBuf| path.as_os_str() != "-" && !is_pipe(path);
        let files: Vec<_> = captures.iter().filter(is_file).cloned().collect();
        analyzer.expect_keys(files.len() < captures.len());
        analyzer.ask_for_keys(move |give| {
            // What cannot be read here fails where the packets are read, too.
            _ = capture::key_log_lines(&files, |line| {
                give(line.as_bytes());
                give(b"\n");
            });
        });
    }
}

/// Calls `line` with each line of a key log, cut to [`limits::KEY_LINE`] bytes. Fails if it cannot be read.
pub fn lines(path: &Path, mut line: impl FnMut(&str)) -> Result<(), Error> {
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let (mut reader, mut bytes) = (BufReader::new(File::open(path).map_err(failed)?), Vec::new());
    loop {
        bytes.clear();
        let read = (&mut reader).take(limits::KEY_LINE as u64).read_until(b'\n', &mut bytes).map_err(failed)?;
        if read == 0 {
            return Ok(());
        }
        line(String::from_utf8_lossy(&bytes).trim_end());
    }
}

fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        path.metadata().is_ok_and(|data| data.file_type().is_fifo() || data.file_type().is_char_device())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
