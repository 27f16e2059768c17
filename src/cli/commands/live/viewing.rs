//! `live --view`: the terminal view of a running capture, on a thread of its own.
//!
//! ```text
//! session ─ updates, counts ─→ Desk ─ News ─→ State ─ draw ─→ screen
//!    ↑                          ↑                │
//!    └── socket: the user has left └── marked ───┘
//! ```

use std::io::{self, IsTerminal, Write};
use std::mem::take;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use whyclosed::analyzer::Analyzer;
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::facts::Id;
use whyclosed::live::{Update, Watch};
use whyclosed::report::Report;
use whyclosed::report::selection::Selection;
use whyclosed::view::{Effect, News, Options, State};

use super::outlet::{Outlet, Status};
use crate::commands::view::screen::{self, Screen};

/// A view that is open.
pub struct Viewing {
    desk: Desk,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// What the session and the view lay down for each other.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Papers>>);

#[derive(Default)]
struct Papers {
    news: News,
    /// The counts of the capture.
    progress: Option<String>,
    /// The last notice.
    notice: Option<String>,
    /// The open connection whose details are on the screen.
    watched: Option<Id>,
    end: Option<End>,
}

/// The end of the session.
enum End {
    /// The view ends, too.
    Leave,
    /// The report is complete: the view ends when the user leaves.
    Complete(Box<(Report, Selection)>),
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewing {
    /// Takes the terminal, and shows the state until the user leaves, which is said through the socket with a byte.
    pub fn open(options: Options, to_session: UnixStream) -> Result<Self, Error> {
        let desk = Desk::default();
        let mut screen = Screen::open().map_err(screen::fault)?;
        let size = screen.size().map_err(screen::fault)?;
        let on_screen = desk.clone();
        let show = move || {
            let shown = show(&mut screen, State::live(options, size), &on_screen);
            screen.close();
            // The session may be over.
            let _ = (&to_session).write_all(&[0]);
            shown
        };
        let thread = thread::Builder::new().name("view".to_owned()).spawn(show).map_err(screen::fault)?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Returns where a session's updates go, for what is captured on these interfaces.
    pub fn outlet(&self, interfaces: String, language: Language) -> Box<dyn Outlet> {
        Box::new(ToView { desk: self.desk.clone(), interfaces, language })
    }

    /// Shows the complete report until the user leaves.
    pub fn complete(self, report: &Report, selection: Selection) -> Result<(), Error> {
        self.end(End::Complete(Box::new((report.clone(), selection))))
    }

    /// Ends the view.
    pub fn leave(self) -> Result<(), Error> {
        self.end(End::Leave)
    }

    fn end(mut self, end: End) -> Result<(), Error> {
        self.desk.papers().end = Some(end);
        // A panic has been reported by itself.
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap_or(Ok(())))
    }
}

impl Drop for Viewing {
    /// Gives the terminal back before an error is printed.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.desk.papers().end = Some(End::Leave);
            drop(thread.join());
        }
    }
}

/// Returns an error unless there is a terminal to show a view in.
pub fn check() -> Result<(), Error> {
    if io::stdout().is_terminal() { Ok(()) } else { Err(Error::NoTerminal) }
}

/// Shows the state until the user leaves, or the session asks to.
fn show(screen: &mut Screen, mut state: State, desk: &Desk) -> Result<(), Error> {
    loop {
        let (news, progress, notice, end) = {
            let mut papers = desk.papers();
            papers.watched = state.watched();
            let Papers { news, progress, notice, end, .. } = &mut *papers;
            (take(news), progress.take(), notice.take(), end.take())
        };
        if !news.is_empty() {
            state.hear(news);
        }
        if state.is_reading() {
            progress.into_iter().for_each(|text| state.progress(text));
        }
        notice.into_iter().for_each(|text| state.say(text));
        match end {
            Some(End::Leave) => return Ok(()),
            Some(End::Complete(complete)) => {
                let (report, selection) = *complete;
                state.complete(report, selection);
            }
            None => {}
        }
        if screen.turn(&mut state)?.contains(&Effect::Quit) {
            return Ok(());
        }
    }
}

/// The outlet of a session with a view.
struct ToView {
    desk: Desk,
    interfaces: String,
    language: Language,
}

impl Outlet for ToView {
    fn language(&self) -> Language {
        self.language
    }

    fn tell(&mut self, update: Update) -> io::Result<()> {
        let mut papers = self.desk.papers();
        match update {
            Update::Opened(opened) => papers.news.add(opened.connection),
            Update::Refused(ended) | Update::Closed(ended) => papers.news.add(ended.connection),
            Update::Notice(notice) => match notice.connection {
                Some(connection) => papers.news.add(connection),
                None => papers.notice = Some(notice.text),
            },
        }
        Ok(())
    }

    fn beat(&mut self, status: Status, watch: &mut Watch, analyzer: &Analyzer) {
        let watched = self.desk.papers().watched;
        let judged = watched.and_then(|id| watch.as_of_now(id, analyzer));
        let heard = watch.heard().collect();
        let mut papers = self.desk.papers();
        judged.into_iter().for_each(|connection| papers.news.add(connection));
        (papers.news.now, papers.news.heard) = (watch.now(), heard);
        papers.progress = Some(format!("{} · {}", self.interfaces, status.text(self.language)));
    }

    fn finish(&mut self) {}
}
