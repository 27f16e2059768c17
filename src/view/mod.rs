//! The terminal view: a report to move about in. It knows no terminal: events come in as data, what is to be done leaves as an
//! [`Effect`], and [`draw`](fn@draw) is a function of the [`State`] alone.
//!
//! ```text
//! 2 of 5 connections ended abnormally.                                    the answer
//! ━ Causes ━━━━━━━━━━━━  ─ Connections ─ 5 · by severity ──────────────
//! ▸ 5  All                 #  opened    endpoints     request  by      …
//!   3  Closed normally   ▸ 4  12:31:07  10.0.0.7 → …  /chat    server
//!   2  Idle timeout        1  12:31:05  10.0.0.5 → …  /chat    client
//! ─ Servers ───────────  ─ 1 Why · 2 Timeline · 3 Bytes · 4 Other ─────
//! ▸ 5  All               What happened  Connection 4, certain: …
//!   5  10.0.0.1:80       What to do     …
//! ? help · / filter · …                                         the keys
//! ```

mod browse;
mod contents;
mod cursor;
pub mod draw;
mod early;
mod filter;
mod input;
mod layout;
mod list;
mod live;
mod mouse;
mod popup;
mod prompt;
mod state;

pub use self::draw::draw;
pub use self::early::Early;
pub use self::live::News;
pub use self::state::{Options, State, Ticket};

use crate::catalog::{Language, view_words};
use crate::report::phrase::filled;

/// A part of the screen that keys act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The causes of the ends.
    Causes,
    /// The servers.
    Servers,
    /// The connections.
    Connections,
    /// What is known of the marked connection.
    Details,
}

/// A view of the marked connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Why it ended: the verdict, its meaning, the advice and the proof.
    Why,
    /// The last moments of both sides.
    Timeline,
    /// The bytes of the proof.
    Bytes,
    /// What else is known.
    Others,
}

/// Something that the owner of the terminal has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Stop the program until it is continued, as Ctrl-Z does.
    Suspend,
    /// Put a text on the clipboard.
    Copy(String),
    /// Write packets of a connection to a file in the current folder that is not there yet.
    Write(Product, Chosen),
}

/// A file that is made of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Its packets.
    Slice,
    /// Its packets, and reports in several formats.
    Bundle,
}

/// The connection that a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its number in the report.
    pub id: usize,
    /// Its capture, from 1, and its number if only that is read.
    pub capture: u32,
    /// The number that it has if only its capture is read.
    pub in_capture: usize,
}

impl Pane {
    const ALL: [Self; 4] = [Self::Causes, Self::Servers, Self::Connections, Self::Details];

    fn beside(self, next: bool) -> Self {
        beside(&Self::ALL, self, next)
    }
}

impl Tab {
    const ALL: [Self; 4] = [Self::Why, Self::Timeline, Self::Bytes, Self::Others];

    fn beside(self, next: bool) -> Self {
        beside(&Self::ALL, self, next)
    }

    /// Returns the name of its word.
    const fn word(self) -> &'static str {
        match self {
            Self::Why => "tab_why",
            Self::Timeline => "tab_timeline",
            Self::Bytes => "tab_bytes",
            Self::Others => "tab_others",
        }
    }
}

/// Returns what comes after a value in a round, or before it.
fn beside<T: Copy + PartialEq>(all: &[T], of: T, next: bool) -> T {
    let at = all.iter().position(|one| *one == of).unwrap_or_default();
    let to = if next { at + 1 } else { at + all.len() - 1 };
    all.get(to % all.len()).copied().unwrap_or(of)
}

/// Returns a text of the view with its placeholders filled.
pub fn word(name: &str, values: &[(&str, &str)], language: Language) -> String {
    filled(view_words().get(name, language), values)
}
