//! The terminal: drawn on while the view is open, restored whenever it ends, however that happens.

use std::io::{self, Stdout, Write};
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use whyclosed::error::Error;
use whyclosed::view::{Effect, State, draw};

use crate::signals;

/// The time between two looks at the other threads.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the terminal shows the view.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// The screen of the view.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    /// Whether another program has asked this one to stop (SIGTSTP).
    is_to_stop: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal. It is given back by [`close`](Self::close), by a panic, and by a signal that ends the program.
    pub fn open() -> io::Result<Self> {
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
    pub fn close(&mut self) {
        restore();
    }

    /// Returns its columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Draws the state, waits a moment for events, and gives them to the state. Copies, and suspends the program; returns what
    /// else is to be done.
    pub fn turn(&mut self, state: &mut State) -> Result<Vec<Effect>, Error> {
        self.take_turn(state).map_err(fault)
    }

    fn take_turn(&mut self, state: &mut State) -> io::Result<Vec<Effect>> {
        // Only what has changed is sent.
        self.terminal.draw(|frame| draw(state, frame))?;
        if self.is_to_stop.swap(false, Ordering::Relaxed) {
            self.suspend(state)?;
        }
        let mut effects = Vec::new();
        if !event::poll(LOOK)? {
            return Ok(effects);
        }
        // All that wait, before the next drawing.
        while event::poll(Duration::ZERO)? {
            match state.take(&event::read()?) {
                Some(Effect::Suspend) => self.suspend(state)?,
                Some(Effect::Copy(text)) => {
                    copy(&text)?;
                    state.copied(&text);
                }
                other => effects.extend(other),
            }
        }
        Ok(effects)
    }

    /// Gives the terminal back, stops the program, and takes the terminal again once it is continued.
    fn suspend(&mut self, state: &mut State) -> io::Result<()> {
        #[cfg(unix)]
        {
            restore();
            signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
            enter()?;
            self.terminal.clear()?;
            let (width, height) = self.size()?;
            state.take(&Event::Resize(width, height));
        }
        Ok(())
    }
}

/// Asks the terminal to put a text on the clipboard (OSC 52), which works through ssh, too.
fn copy(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
    out.flush()
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    IS_OPEN.store(true, Ordering::Relaxed);
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)
}

/// Restores the terminal if it shows the view. Nothing can be done if that fails.
fn restore() {
    if IS_OPEN.swap(false, Ordering::Relaxed) {
        let _ = execute!(io::stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// Returns the error of a terminal that cannot be used.
pub fn fault(source: io::Error) -> Error {
    Error::Write { path: PathBuf::from("standard output"), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has no place among other tests: it needs a terminal, and panics in it.
    #[test]
    #[ignore = "the test below runs it"]
    fn panics() {
        let _screen = Screen::open().unwrap();
        panic!("in the middle of the view");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_panic_restores_the_terminal() {
        use std::process::{Command, Stdio};

        let program = std::env::current_exe().unwrap();
        let test = concat!(module_path!(), "::panics").split_once("::").unwrap().1;
        let line = format!("'{}' --ignored --exact {test} --nocapture; stty -a", program.display());
        let ran = Command::new("script").args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output();
        // Without the program that gives it a terminal, there is nothing to see.
        let Ok(output) = ran else { return };
        let said = String::from_utf8_lossy(&output.stdout);
        let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("no {text:?} in {said:?}"));
        let order = ["\x1b[?1049h", "\x1b[?1006l", "\x1b[?1049l", "in the middle of the view"].map(place);
        assert!(order.is_sorted(), "{order:?}: {said:?}");
        let modes = &said[place("speed ")..];
        assert!(modes.contains(" icanon ") && modes.contains(" echo "), "{modes}");
    }
}
