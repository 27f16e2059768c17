//! The file that the command writes its TLS keys to.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{self, Path, PathBuf};

use whyclosed::error::Error;

use super::guardian::Guardian;
use crate::signals::TemporaryFolder;

/// The variable that names the file, which curl, Python, Firefox, Chrome and others obey.
const FILE: &str = "SSLKEYLOGFILE";

/// The variable with options of Node, and the option that names the file.
const NODE: &str = "NODE_OPTIONS";
const NODE_FILE: &str = "--tls-keylog";

/// The key logs of a command: its user's own, or else one in a private folder that lives as long as this.
#[derive(Debug)]
pub struct KeyLog {
    files: Vec<PathBuf>,
    variables: Vec<(&'static str, OsString)>,
    _folder: Option<(TemporaryFolder, Guardian)>,
}

impl KeyLog {
    /// Finds the files that the environment names already, or creates one.
    pub fn prepare() -> Result<Self, Error> {
        let failed = |source| Error::Temporary { folder: env::temp_dir(), source };
        let own = env::var_os(FILE).filter(|file| !file.is_empty());
        let (file, folder) = match &own {
            Some(file) => (path::absolute(file).map_err(failed)?, None),
            None => {
                let folder = TemporaryFolder::new().map_err(failed)?;
                let guardian = Guardian::of(folder.path()).map_err(failed)?;
                let file = create(folder.path()).map_err(failed)?;
                (file, Some((folder, guardian)))
            }
        };
        let mut variables = Vec::new();
        if own.is_none() {
            variables.push((FILE, file.clone().into_os_string()));
        }
        let options = env::var_os(NODE).unwrap_or_default();
        let of_node = node_file(&options.to_string_lossy());
        if of_node.is_none() {
            variables.push((NODE, with_node_file(options, &file)));
        }
        let files = [file].into_iter().chain(of_node.flatten()).collect();
        Ok(Self { files, variables, _folder: folder })
    }

    /// Returns the files that the command may write keys to.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Returns the variables that tell the command of the file.
    pub fn variables(&self) -> &[(&'static str, OsString)] {
        &self.variables
    }
}

/// Creates an empty file that this user alone may read.
fn create(folder: &Path) -> io::Result<PathBuf> {
    let file = folder.join("keys.log");
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
    Ok(file)
}

/// Returns the file that Node's options name already: `None` if they name none, `Some(None)` if they do so in a form that is not
/// understood here.
fn node_file(options: &str) -> Option<Option<PathBuf>> {
    let (_, value) = options.split_once(NODE_FILE)?;
    let value = value.strip_prefix(['=', ' ']).and_then(|value| value.split_whitespace().next());
    Some(value.filter(|value| !value.contains(['"', '\\'])).map(PathBuf::from))
}

/// Returns Node's options, and one more that names a file. In double quotes, spaces are part of a value, and a backslash escapes
/// (Node's `ParseNodeOptionsEnvVar`).
fn with_node_file(mut options: OsString, file: &Path) -> OsString {
    if !options.is_empty() {
        options.push(" ");
    }
    let escaped = file.to_string_lossy().replace('\\', r"\\").replace('"', "\\\"");
    let needs_quotes = escaped.contains([' ', '"', '\\']);
    let option = format!("{NODE_FILE}={escaped}");
    options.push(OsStr::new(&if needs_quotes { format!("\"{option}\"") } else { option }));
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_keeps_its_options() {
        let with = |options: &str, file: &str| with_node_file(options.into(), Path::new(file)).into_string().unwrap();
        assert_eq!(with("", "/tmp/a/keys.log"), "--tls-keylog=/tmp/a/keys.log");
        assert_eq!(with("--no-warnings", "/tmp/a b/k\"\\"), r#"--no-warnings "--tls-keylog=/tmp/a b/k\"\\""#);
    }

    #[test]
    fn a_file_that_node_has_already_is_found() {
        assert_eq!(node_file("--no-warnings"), None);
        for options in ["--tls-keylog=/a/k.log", "--inspect --tls-keylog /a/k.log --no-warnings"] {
            assert_eq!(node_file(options), Some(Some("/a/k.log".into())), "{options}");
        }
        assert_eq!(node_file(r#""--tls-keylog=/a b/k.log""#).map(|file| file.is_some()), Some(true));
        assert_eq!(node_file(r#"--tls-keylog="/a/k.log""#), Some(None));
    }
}
