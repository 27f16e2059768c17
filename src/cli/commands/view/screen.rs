//! The terminal: drawn on while the view is open, restored whenever it ends, however that happens.

use std::io::{self, Stdout, Write};
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use whyclosed::error::Error;
use whyclosed::view::{State, draw};

use crate::signals;

/// Whether the terminal shows the view.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// The screen of the view.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    /// Whether another program has asked this one to stop (SIGTSTP).
    is_to_stop: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal. It is given back by [`close`](Self::close), by a panic, and by a signal that ends the program.
    pub(super) fn open() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        signals::before_end(restore)?;
        let is_to_stop = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGTSTP, Arc::clone(&is_to_stop))?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let screen = Self { terminal, is_to_stop };
        enter()?;
        Ok(screen)
    }

    /// Gives the terminal back.
    pub(super) fn close(&mut self) {
        restore();
    }

    /// Returns its columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Draws the state: only what has changed is sent.
    pub(super) fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| draw(state, frame)).map(drop)
    }

    /// Asks the terminal to put a text on the clipboard (OSC 52), which works through ssh, too.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
        out.flush()
    }

    /// Returns whether another program has asked this one to stop, since the last call.
    pub(super) fn is_to_stop(&self) -> bool {
        self.is_to_stop.swap(false, Ordering::Relaxed)
    }

    /// Gives the terminal back, stops the program, and takes the terminal again once it is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            restore();
            signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
            enter()?;
            self.terminal.clear()?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    IS_OPEN.store(true, Ordering::Relaxed);
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture)
}

/// Restores the terminal if it shows the view. Nothing can be done if that fails.
fn restore() {
    if IS_OPEN.swap(false, Ordering::Relaxed) {
        let _ = execute!(io::stdout(), DisableMouseCapture, LeaveAlternateScreen, Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// Returns the error of a terminal that cannot be used.
pub(super) fn fault(source: io::Error) -> Error {
    Error::Write { path: PathBuf::from("standard output"), source }
}
