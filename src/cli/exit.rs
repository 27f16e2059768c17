//! The end of the program: its exit codes, and the way out.

use std::io::{self, Write as _};

/// An exit code.
pub type Code = u8;

/// All went well.
pub const SUCCESS: Code = 0;

/// `--fail-on` has matched.
pub const MATCHED: Code = 1;

/// There was an error that the user has to fix.
pub const ERROR: Code = 2;

/// Ends the program without the functions that C calls at that time: the allocator would give its memory back piece by
/// piece, which takes one to three hundredths of a run, and all of it goes back anyway.
pub fn now(code: Code) -> ! {
    // An error changes nothing any more: the reader of a pipe may have left.
    let _ = io::stdout().flush();
    #[cfg(unix)]
    signal_hook::low_level::exit(code.into());
    #[cfg(not(unix))]
    std::process::exit(code.into())
}
