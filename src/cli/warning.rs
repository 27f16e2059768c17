//! Warnings: faults that leave the rest of the output as it is.

use whyclosed::error::Error;
use whyclosed::render::sanitized;

/// Prints a fault on standard error that the program can do without mending.
#[expect(clippy::print_stderr, reason = "warnings go to standard error")]
pub fn warn(error: &Error) {
    eprintln!("whyclosed: warning: {}", sanitized(&error.to_string()));
}
