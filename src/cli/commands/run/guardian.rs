//! A process that outlives this one by a moment, and removes the key log if this one was killed and could not do so itself.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

/// Waits for the end of standard input, and removes a folder. Ctrl-C is not meant for it.
const SCRIPT: &str = r#"
exec 3<&0 < /dev/null > /dev/null 2>&1
trap "" HUP INT QUIT TERM
(read -r end <&3; rm -rf -- "$1") &
"#;

/// A guardian of a folder. When this is dropped, or this program is killed, the folder is removed.
#[derive(Debug)]
pub struct Guardian {
    /// The other end is closed by the system, however this process ends.
    _open: Option<ChildStdin>,
}

impl Guardian {
    /// Starts the process. It is the child of nobody here: otherwise, it would be taken for one of the command's. Has to be
    /// called before orphans are adopted.
    pub fn of(folder: &Path) -> io::Result<Self> {
        // The first process of a container has all orphans, and takes them along.
        if std::process::id() == 1 {
            return Ok(Self { _open: None });
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(folder).stdin(Stdio::piped()).process_group(0);
        let mut shell = shell.spawn()?;
        let open = shell.stdin.take();
        shell.wait()?;
        Ok(Self { _open: open })
    }
}
