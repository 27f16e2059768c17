//! The line in which the filter is typed. It acts at once, as far as it is understood.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::filter::{Fault, Filter};
use super::input::Input;
use super::state::{Mode, State};

/// A filter that is being typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    pub input: Input,
    /// The first term that is not understood.
    pub fault: Option<Fault>,
}

impl State {
    /// Begins to type, with the filter as it is.
    pub(super) fn ask_filter(&mut self) {
        self.mode = Mode::Filter(Prompt { input: Input::new(&self.filter), fault: None });
    }

    /// Takes a key while a filter is typed: Enter keeps it, Esc drops it.
    pub(super) fn type_filter(&mut self, key: &KeyEvent) {
        let Mode::Filter(prompt) = &mut self.mode else { return };
        match key.code {
            KeyCode::Esc => {
                self.mode = Mode::Browse;
                self.set_filter(String::new(), Filter::default());
            }
            KeyCode::Enter if prompt.fault.is_none() => self.mode = Mode::Browse,
            _ if prompt.input.press(key) => self.typed(),
            _ => {}
        }
    }

    /// Takes a text that was pasted: it is part of a filter. Elsewhere, its letters would be keys.
    pub(super) fn paste(&mut self, text: &str) {
        let Mode::Filter(prompt) = &mut self.mode else { return };
        prompt.input.insert(text);
        self.typed();
    }

    /// Filters by what has been typed, as far as it is understood.
    fn typed(&mut self) {
        let Mode::Filter(prompt) = &mut self.mode else { return };
        let text = prompt.input.text().to_owned();
        let (filter, fault) = Filter::parse(&text);
        prompt.fault = fault;
        self.set_filter(text, filter);
    }

    pub(super) fn set_filter(&mut self, text: String, filter: Filter) {
        self.filter = text;
        self.list.filter(filter, &self.contents);
        self.restart();
    }
}
