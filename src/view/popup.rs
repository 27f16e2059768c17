//! Texts that cover the panes: the help of a pane, the explanation of a code, and what was read.

use std::io;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::cursor::Step;
use super::state::{Mode, State};
use super::{Effect, Pane};
use crate::reference::{Explanation, document as reference};
use crate::render::terminal::{Look, render};
use crate::report::document::{self, Block, Item, ItemKind};

/// The columns beside a text: the border, and a blank.
const FRAME: u16 = 4;

/// The most columns of a text.
const WIDE: u16 = 100;

/// The keys that every pane has, and the names of the texts about them.
const KEYS: [(&str, &str); 12] = [
    ("↑ ↓ k j", "help_move"),
    ("PgUp PgDn ^U ^D", "help_page"),
    ("g G Home End", "help_ends"),
    ("Tab ⇧Tab ← → h l", "help_panes"),
    ("1 2 3 4", "help_tabs"),
    ("/", "help_filter"),
    ("s S", "help_sort"),
    ("y Y", "help_copy"),
    ("w b", "help_write"),
    ("e", "help_explain"),
    ("i", "help_about"),
    ("q ^C ^Z", "help_quit"),
];

/// Terms of the filter, and the names of the texts about them.
const TERMS: [(&str, &str); 9] = [
    ("code:1006 code:4000-4999 code:none", "term_code"),
    ("rule:idle*", "term_rule"),
    ("side:client side:server side:nobody", "term_side"),
    ("host:*.example.com host~example", "term_host"),
    ("path:/chat path~chat", "term_path"),
    ("life>30s life<5m", "term_life"),
    ("conf:certain conf:high conf:medium conf:low", "term_confidence"),
    ("bad good open", "term_end"),
    ("!code:1000", "term_not"),
];

/// A text over the panes.
pub(super) struct Popup {
    pub blocks: Vec<Block>,
    /// The first line that is visible.
    pub scroll: usize,
}

impl Popup {
    /// Returns the lines of the text on a screen of so many columns.
    pub(super) fn lines(&self, screen: u16) -> Vec<String> {
        lines(&self.blocks, Self::width(screen))
    }

    /// Returns the columns of the text.
    pub(super) fn width(screen: u16) -> u16 {
        screen.saturating_sub(2 + FRAME).min(WIDE)
    }

    /// Returns the columns and rows with the frame, for so many lines.
    pub(super) fn size(screen: (u16, u16), lines: usize) -> (u16, u16) {
        let rows = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
        (Self::width(screen.0) + FRAME, rows.min(screen.1.saturating_sub(2)))
    }
}

/// Returns the lines of a document of so many columns, as in the terminal report.
pub(super) fn lines(blocks: &[Block], width: u16) -> Vec<String> {
    let mut text = Vec::new();
    let written: io::Result<()> = render(blocks, Look { width, color: false }, &mut text);
    // Writing to memory never fails.
    let _ = written;
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// Returns the lines of a plain text of so many columns.
pub(super) fn plain(text: &str, width: u16) -> Vec<String> {
    lines(&[Block::Remark(text.to_owned())], width)
}

impl State {
    /// Takes a key while a text covers the panes.
    pub(super) fn press_popup(&mut self, key: &KeyEvent) -> Option<Effect> {
        let (width, height) = (self.screen.width, self.screen.height);
        let Mode::Popup(popup) = &mut self.mode else { return None };
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?' | 'e' | 'i') => self.mode = Mode::Browse,
            _ => {
                let lines = popup.lines(width).len();
                let visible = usize::from(Popup::size((width, height), lines).1.saturating_sub(2));
                if let Some(step) = Step::of(key, visible) {
                    popup.scroll = step.from(popup.scroll, lines.saturating_sub(visible));
                }
            }
        }
        None
    }

    fn cover(&mut self, blocks: Vec<Block>) {
        self.mode = Mode::Popup(Popup { blocks, scroll: 0 });
    }

    /// Shows the keys of the pane that has the focus.
    pub(super) fn help(&mut self) {
        let item = |label: &str, name: &str| Item {
            label: label.to_owned(),
            text: self.word(name, &[]),
            kind: ItemKind::Reference,
        };
        let own = match self.focus {
            Pane::Causes | Pane::Servers => ("Enter Esc", "help_enter_group"),
            Pane::Connections => ("Enter Esc", "help_enter_connection"),
            Pane::Details => ("Enter Esc", "help_enter_details"),
        };
        let live = self.live.is_some().then_some(("f", "help_freeze"));
        let keys = [own].into_iter().chain(live).chain(KEYS).map(|(keys, name)| item(keys, name)).collect();
        let terms = TERMS.iter().map(|(terms, name)| item(terms, name)).collect();
        let title = self.word(title(self.focus), &[]);
        let blocks = vec![Block::Section(title, keys), Block::Section(self.word("help_terms", &[]), terms)];
        self.cover(blocks);
    }

    /// Explains the code of the marked connection.
    pub(super) fn explain(&mut self) {
        let Some(code) = self.marked().and_then(|marked| marked.code()) else {
            return self.say(self.word("no_code", &[]));
        };
        let registries = &self.options.registries;
        let shown = self.marked().and_then(|marked| registries.named(marked.registry.as_deref()?));
        let explain = |registry| Explanation::new(code, registry, registries, self.language());
        let explanation = explain(shown).or_else(|| explain(None));
        let blocks = reference::explanations(explanation.as_slice(), self.language());
        self.cover(blocks);
    }

    /// Shows what was read, and the limits of the view.
    pub(super) fn about(&mut self) {
        self.cover(document::about(&self.contents.report, self.language()));
    }
}

/// Returns the name of the word for the title of a pane.
pub(super) const fn title(pane: Pane) -> &'static str {
    match pane {
        Pane::Causes => "causes",
        Pane::Servers => "servers",
        Pane::Connections => "connections",
        Pane::Details => "details",
    }
}
