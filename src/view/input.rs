//! A line that is typed.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The bytes of a line beyond which nothing is inserted.
const MOST: usize = 1024;

/// A text, and the place in it at which the next character is inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    text: String,
    /// A byte offset, at the beginning of a character or at the end.
    at: usize,
}

impl Input {
    /// Returns a line with a text, to be continued at its end.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), at: text.len() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text before the place of the next character.
    pub(super) fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// Inserts a text, in which each run of line breaks and other controls becomes a blank. Its part behind [`MOST`] is dropped.
    pub(super) fn insert(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.text.len());
        let parts: Vec<_> = text.split(char::is_control).filter(|part| !part.is_empty()).collect();
        let mut line = parts.join(" ");
        line.truncate(line.floor_char_boundary(room));
        self.text.insert_str(self.at, &line);
        self.at += line.len();
    }

    /// Takes a key. Returns whether it has changed the text.
    pub(super) fn press(&mut self, key: &KeyEvent) -> bool {
        let before = self.text.len();
        match key.code {
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char('w') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                let word = self.before().trim_end().rfind(' ').map_or(0, |space| space + 1);
                drop(self.text.drain(word..self.at));
                self.at = word;
            }
            KeyCode::Char(character) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                self.insert(character.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => {
                if let Some(last) = self.before().chars().next_back() {
                    self.at -= last.len_utf8();
                    self.text.remove(self.at);
                }
            }
            KeyCode::Delete if self.at < self.text.len() => drop(self.text.remove(self.at)),
            KeyCode::Left => self.at -= self.before().chars().next_back().map_or(0, char::len_utf8),
            KeyCode::Right => {
                let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
                self.at += next.map_or(0, char::len_utf8);
            }
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            _ => {}
        }
        self.at = self.at.min(self.text.len());
        self.text.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(input: &mut Input, keys: &[(KeyCode, KeyModifiers)]) -> String {
        for (code, modifiers) in keys {
            input.press(&KeyEvent::new(*code, *modifiers));
        }
        format!("{}|{}", input.before(), &input.text()[input.before().len()..])
    }

    #[test]
    fn a_pasted_text_is_one_line_of_bounded_length() {
        let mut input = Input::new("");
        input.insert("\r\ncode:1006\n\tpath~\u{1b}é\n");
        assert_eq!(input.text(), "code:1006 path~ é");
        input.insert(&"é".repeat(MOST));
        assert!(input.text().len() <= MOST && input.text().len() > MOST - 2);
        assert!(!input.press(&KeyEvent::new(KeyCode::Char('é'), KeyModifiers::NONE)));
    }

    #[test]
    fn a_line_is_edited_anywhere() {
        let plain = |code| (code, KeyModifiers::NONE);
        let control = |letter| (KeyCode::Char(letter), KeyModifiers::CONTROL);
        let mut input = Input::new("host:é b");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Left), plain(KeyCode::Left)]), "host:é| b");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Backspace), plain(KeyCode::Char('ü'))]), "host:ü| b");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Delete), plain(KeyCode::End)]), "host:üb|");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Char(' ')), plain(KeyCode::Char('c'))]), "host:üb c|");
        assert_eq!(typed(&mut input, &[control('w')]), "host:üb |");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Left), control('u')]), "| ");
        assert_eq!(typed(&mut input, &[plain(KeyCode::Backspace), plain(KeyCode::Home)]), "| ");
    }
}
