//! The keys that move about, and that do something with the marked connection.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::contents::{Contents, Groups};
use super::cursor::{Cursor, Step};
use super::filter::Filter;
use super::list::{Counted, List};
use super::state::{Mode, State};
use super::{Effect, Pane, Product, Tab};
use crate::render::markdown::{Request, ticket};
use crate::report::selection::Selection;

impl State {
    /// Takes a key.
    pub(super) fn press(&mut self, key: &KeyEvent) -> Option<Effect> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Some(Effect::Quit),
                KeyCode::Char('z') => return Some(Effect::Suspend),
                _ => {}
            }
        }
        match self.mode {
            Mode::Filter(_) => {
                self.type_filter(key);
                None
            }
            Mode::Popup(_) => self.press_popup(key),
            Mode::Browse => self.browse(key),
        }
    }

    fn browse(&mut self, key: &KeyEvent) -> Option<Effect> {
        if let Some(step) = Step::of(key, self.height(self.focus)) {
            self.go(self.focus, step);
            return None;
        }
        let tab = |digit: char| Tab::ALL.get((digit as usize).checked_sub('1' as usize)?).copied();
        match key.code {
            KeyCode::Char('q') => return Some(Effect::Quit),
            KeyCode::Tab => self.focus(self.focus.beside(true)),
            KeyCode::BackTab => self.focus(self.focus.beside(false)),
            KeyCode::Left | KeyCode::Char('h') => self.sideways(false),
            KeyCode::Right | KeyCode::Char('l') => self.sideways(true),
            KeyCode::Enter => self.enter(),
            KeyCode::Esc => self.leave(),
            KeyCode::Char(digit @ '1'..='4') => self.show(tab(digit).unwrap_or(self.tab)),
            KeyCode::Char('/') => self.ask_filter(),
            KeyCode::Char('s') => self.arrange(List::sort_by_next),
            KeyCode::Char('S') => self.arrange(List::reverse),
            KeyCode::Char('f') => self.freeze(),
            KeyCode::Char('e') => self.explain(),
            KeyCode::Char('i') => self.about(),
            KeyCode::Char('?') => self.help(),
            KeyCode::Char('y') => return Some(Effect::Copy(self.marked()?.verdict.filter.clone())),
            KeyCode::Char('Y') => return self.ticket().map(Effect::Copy),
            KeyCode::Char('w') => return self.write(Product::Slice),
            KeyCode::Char('b') => return self.write(Product::Bundle),
            _ => {}
        }
        None
    }

    /// Moves in a pane. In a list of causes or servers, what is marked is what is shown.
    pub(super) fn go(&mut self, pane: Pane, step: Step) {
        let height = self.height(pane);
        match pane {
            Pane::Causes => {
                self.causes.go(step, self.list.causes.len() + 1, height);
                self.choose(pane);
            }
            Pane::Servers => {
                self.servers.go(step, self.list.servers.len() + 1, height);
                self.choose(pane);
            }
            Pane::Connections => {
                let before = self.rows.at;
                self.rows.go(step, self.list.shown.len(), height);
                if self.rows.at != before {
                    self.scroll = 0;
                }
            }
            Pane::Details => {
                let most = self.details().len().saturating_sub(height);
                self.scroll = step.from(self.scroll, most);
            }
        }
    }

    /// Shows the connections of the cause, or of the server, that is marked: the first row stands for all.
    pub(super) fn choose(&mut self, pane: Pane) {
        let name = |counted: &[Counted], cursor: Cursor, groups: &Groups| {
            let group = counted.get(cursor.at.checked_sub(1)?)?.group;
            groups.names.get(group as usize).map(|group| group.name.clone())
        };
        let (list, contents) = (&mut self.list, &self.contents);
        match pane {
            Pane::Causes => list.cause = name(&list.causes, self.causes, &contents.causes),
            Pane::Servers => list.server = name(&list.servers, self.servers, &contents.servers),
            Pane::Connections | Pane::Details => return,
        }
        list.choose(contents);
        // The choice of one may have moved the rows of the other.
        let place = |name: &Option<String>, counted: &[Counted], groups: &Groups| {
            let group = groups.named(name.as_deref()?)?;
            counted.iter().position(|one| one.group == group).map(|at| at + 1)
        };
        self.causes.at = place(&list.cause, &list.causes, &contents.causes).unwrap_or_default();
        self.servers.at = place(&list.server, &list.servers, &contents.servers).unwrap_or_default();
        self.restart();
    }

    pub(super) fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.scroll = 0;
    }

    /// Moves to the pane beside, in the details to the tab beside.
    fn sideways(&mut self, right: bool) {
        match (self.focus, right) {
            (Pane::Details, _) => self.show(self.tab.beside(right)),
            (Pane::Connections, true) => self.focus(Pane::Details),
            (Pane::Connections, false) => self.focus(Pane::Causes),
            (Pane::Causes | Pane::Servers, true) => self.focus(Pane::Connections),
            (Pane::Causes | Pane::Servers, false) => {}
        }
    }

    fn enter(&mut self) {
        match self.focus {
            Pane::Causes | Pane::Servers => self.focus(Pane::Connections),
            Pane::Connections => self.focus(Pane::Details),
            Pane::Details => {}
        }
    }

    /// Goes back: from the details to the list, from a choice to all.
    fn leave(&mut self) {
        match self.focus {
            Pane::Details => self.focus(Pane::Connections),
            Pane::Causes | Pane::Servers => {
                self.go(self.focus, Step::First);
                self.focus(Pane::Connections);
            }
            Pane::Connections if self.list.filter.is_empty() => {
                (self.list.cause, self.list.server) = (None, None);
                (self.causes, self.servers) = Default::default();
                self.list.choose(&self.contents);
                self.restart();
            }
            Pane::Connections => self.set_filter(String::new(), Filter::default()),
        }
    }

    fn arrange(&mut self, sort: impl FnOnce(&mut List, &Contents)) {
        sort(&mut self.list, &self.contents);
        self.restart();
        let (order, is_reversed) = self.list.order();
        let name = if is_reversed { "sorted_reversed" } else { "sorted" };
        self.say(self.word(name, &[("order", &self.word(order, &[]))]));
    }

    /// Returns the Markdown of the marked connection.
    fn ticket(&mut self) -> Option<String> {
        // Of a running capture, the report is never complete.
        if self.is_reading() && self.live.is_none() {
            self.say(self.word("not_yet", &[]));
            return None;
        }
        let selection = Selection { ids: [self.marked()?.id].into(), ..Selection::default() };
        let form = &self.options.ticket;
        let (flavor, most, command) = (form.flavor, form.most, &*form.command);
        let request = Request { selection: &selection, command, flavor, most, language: self.language() };
        let mut text = Vec::new();
        ticket(&self.contents.report, request, &mut text).ok()?;
        String::from_utf8(text).ok()
    }

    fn write(&mut self, product: Product) -> Option<Effect> {
        let refused = match self.options.refused {
            Some(refused) => refused,
            _ if self.is_reading() => "not_yet",
            None => return self.chosen().map(|chosen| Effect::Write(product, chosen)),
        };
        self.say(self.word(refused, &[]));
        None
    }
}
