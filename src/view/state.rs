//! The state of the view: everything that is on the screen follows from it.

use ratatui::crossterm::event::{Event, KeyEventKind};
use ratatui::layout::Rect;

use super::contents::Contents;
use super::cursor::Cursor;
use super::layout::Panes;
use super::list::List;
use super::live::Live;
use super::popup::Popup;
use super::prompt::Prompt;
use super::{Chosen, Effect, Pane, Tab, word};
use crate::catalog::{Language, Registries};
use crate::facts::Id;
use crate::render::markdown::Flavor;
use crate::report::codes::Occurred;
use crate::report::phrase::bytes_of;
use crate::report::selection::Selection;
use crate::report::{Connection, Material, Report};

/// The settings of the view.
#[derive(Clone, Debug)]
pub struct Options {
    /// The language.
    pub language: Language,
    /// Whether to use colours.
    pub color: bool,
    /// The registries by which codes are explained.
    pub registries: Registries,
    /// The form of the Markdown that is copied.
    pub ticket: Ticket,
    /// The connections that were asked for, and their order; by default that of severity.
    pub selection: Selection,
    /// The name of the word that says why no packets can be written, if none can.
    pub refused: Option<&'static str>,
}

/// The form of Markdown for a ticket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The markup language.
    pub flavor: Flavor,
    /// The number of characters that the tracker accepts.
    pub most: usize,
    /// The command line that repeats the report; empty if it must not be shown.
    pub command: String,
}

/// The state of the view.
pub struct State {
    pub(super) options: Options,
    pub(super) screen: Rect,
    pub(super) contents: Contents,
    /// The codes of the connections that were added one by one.
    occurred: Occurred,
    pub(super) list: List,
    pub(super) focus: Pane,
    /// The list that was used last: a narrow screen shows only this one.
    pub(super) upper: Pane,
    pub(super) causes: Cursor,
    pub(super) servers: Cursor,
    pub(super) rows: Cursor,
    pub(super) tab: Tab,
    /// The first line of the details that is visible.
    pub(super) scroll: usize,
    pub(super) mode: Mode,
    /// The filter as it was typed.
    pub(super) filter: String,
    /// What was done last.
    pub(super) message: Option<String>,
    /// How far reading is; `None` once the report is complete.
    pub(super) progress: Option<String>,
    /// What only a running capture has.
    pub(super) live: Option<Live>,
}

/// The identity of the marked connection, in whatever report it is: its place in the capture, its opening and its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marked(Id, String, String);

impl Marked {
    fn new(connection: &Connection) -> Self {
        Self(connection.identity(), connection.opened.clone(), connection.client.clone())
    }
}

/// What keys do.
pub(super) enum Mode {
    /// They move about.
    Browse,
    /// They are typed into the filter.
    Filter(Prompt),
    /// They scroll a text that covers the panes.
    Popup(Popup),
}

impl State {
    /// Returns the state before anything has been read, on a screen of so many columns and rows.
    pub fn new(options: Options, (width, height): (u16, u16)) -> Self {
        let (language, list) = (options.language, List::new(options.selection.clone()));
        Self {
            options,
            screen: Rect::new(0, 0, width, height),
            contents: Contents::new(Report::new(Material::default(), language), language),
            occurred: Occurred::default(),
            list,
            focus: Pane::Connections,
            upper: Pane::Connections,
            causes: Cursor::default(),
            servers: Cursor::default(),
            rows: Cursor::default(),
            tab: Tab::Why,
            scroll: 0,
            mode: Mode::Browse,
            filter: String::new(),
            message: None,
            progress: Some("…".to_owned()),
            live: None,
        }
    }

    /// Returns whether the report is not complete yet.
    pub const fn is_reading(&self) -> bool {
        self.progress.is_some()
    }

    /// Returns the connections that are shown, in their order.
    pub fn shown(&self) -> impl Iterator<Item = &Connection> {
        self.list.shown.iter().filter_map(|at| self.contents.connection(*at))
    }

    /// Says how far reading is.
    pub fn progress(&mut self, text: String) {
        self.progress = Some(text);
    }

    /// Adds connections that were judged before everything was read.
    pub fn add(&mut self, connections: Vec<Box<Connection>>) {
        let empty = Report::new(Material::default(), self.language());
        let mut report = std::mem::replace(&mut self.contents.report, empty);
        connections.iter().for_each(|connection| self.occurred.add(connection));
        report.connections.extend(connections);
        report.codes = self.occurred.codes(&self.options.registries, self.language());
        self.replace(report);
    }

    /// Shows the connections of the complete report that were asked for.
    pub fn complete(&mut self, report: Report, selection: Selection) {
        (self.progress, self.live) = (None, None);
        self.list.complete(selection);
        self.replace(report);
    }

    /// Shows a text in the last row.
    pub fn say(&mut self, text: String) {
        self.message = Some(text);
    }

    /// Says that a text is on the clipboard now: the text itself if it is short.
    pub fn copied(&mut self, text: &str) {
        let what = if text.contains('\n') { bytes_of(text.len() as u64, self.language()) } else { text.to_owned() };
        self.say(self.word("copied", &[("what", &what)]));
    }

    /// Takes an event of the terminal. Returns what is to be done, if anything is.
    pub fn take(&mut self, event: &Event) -> Option<Effect> {
        match event {
            Event::Resize(width, height) => {
                self.screen = Rect::new(0, 0, *width, *height);
                self.settle();
                None
            }
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.message = None;
                self.press(key)
            }
            Event::Paste(text) => {
                self.paste(text);
                None
            }
            Event::Mouse(mouse) => {
                self.point(mouse);
                None
            }
            _ => None,
        }
    }

    pub(super) const fn language(&self) -> Language {
        self.options.language
    }

    pub(super) fn word(&self, name: &str, values: &[(&str, &str)]) -> String {
        word(name, values, self.options.language)
    }

    /// Returns the places of the panes; `None` if the screen is too small.
    pub(super) fn panes(&self) -> Option<Panes> {
        Panes::new(self.screen, self.upper)
    }

    /// Returns the rows of a pane that scroll.
    pub(super) fn height(&self, pane: Pane) -> usize {
        self.panes().map_or(1, |panes| panes.height(pane))
    }

    /// Returns the marked connection.
    pub(super) fn marked(&self) -> Option<&Connection> {
        self.contents.connection(*self.list.shown.get(self.rows.at)?)
    }

    /// Returns the marked connection as one to write packets of.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        let marked = self.marked()?;
        let report = &self.contents.report;
        let capture = |connection: &Connection| {
            let file = connection.files.first()?;
            report.captures.iter().find(|capture| *capture.path == **file).map(|capture| capture.capture)
        };
        let own = capture(marked)?;
        // Connections of earlier captures have lower numbers.
        let before = report.connections.iter().filter(|other| other.id < marked.id && capture(other) != Some(own));
        Some(Chosen { id: marked.id, capture: own, in_capture: marked.id - before.count() })
    }

    /// Moves the focus.
    pub(super) fn focus(&mut self, pane: Pane) {
        self.focus = pane;
        if pane != Pane::Details {
            self.upper = pane;
        }
        self.settle();
    }

    /// Shows another report.
    fn replace(&mut self, report: Report) {
        let marked = self.marked_in(&self.contents.report);
        self.show_report(report, marked);
    }

    /// Returns what tells the marked connection from all others.
    pub(super) fn marked_in(&self, report: &Report) -> Option<Marked> {
        let at = *self.list.shown.get(self.rows.at)?;
        report.connections.get(at as usize).map(|one| Marked::new(one))
    }

    /// Shows another report, with the same connection marked, if it is there.
    pub(super) fn show_report(&mut self, report: Report, marked: Option<Marked>) {
        self.contents = Contents::new(report, self.language());
        self.list.fill(&self.contents);
        let is_it = |at: &u32| self.contents.connection(*at).map(Marked::new) == marked;
        // From the top on, nobody has moved yet.
        let place = if self.rows.at == 0 { None } else { self.list.shown.iter().position(is_it) };
        self.rows.at = place.unwrap_or(self.rows.at);
        self.settle();
    }

    /// Marks the first connection of a list that has changed.
    pub(super) fn restart(&mut self) {
        self.rows = Cursor::default();
        self.scroll = 0;
        self.settle();
    }

    /// Brings cursors back to rows that exist and are visible.
    pub(super) fn settle(&mut self) {
        let heights = [Pane::Causes, Pane::Servers, Pane::Connections].map(|pane| self.height(pane));
        let [causes, servers, rows] = heights;
        self.causes.put(self.causes.at, self.list.causes.len() + 1, causes);
        self.servers.put(self.servers.at, self.list.servers.len() + 1, servers);
        self.rows.put(self.rows.at, self.list.shown.len(), rows);
    }
}
