//! The questions of a server, kept for the client's direction, which is rewritten on its own.

use std::collections::VecDeque;

use super::blotter::Blotter;
use crate::limits;
use crate::report::redact::Kind;
use crate::report::redact::prompts::{self, Dialogue, is_aside, question};

/// The questions of a server, in the order of the capture.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The messages that ask a question, or end one by following it, each with its packet. Only their ends are kept.
    messages: Vec<(u32, Box<[u8]>)>,
    is_open: bool,
    /// The packet of the first such message that was not kept, because there were too many.
    beyond: Option<u32>,
}

impl Asked {
    /// Takes the server's next message, which begins in `packet`.
    pub fn message(&mut self, packet: u32, message: &[u8]) {
        let asks = question(message).is_some();
        // Other messages matter only if they end a question.
        if !asks && (!self.is_open || is_aside(message)) {
            return;
        }
        self.is_open = asks;
        if self.messages.len() == limits::QUESTIONS {
            self.beyond.get_or_insert(packet);
        } else {
            self.messages.push((packet, message.get(message.len().saturating_sub(KEPT)..).unwrap_or(message).into()));
        }
    }
}

/// The most bytes kept of the end of such a message.
const KEPT: usize = 256;

/// The part of a direction in the server's questions and their answers.
#[derive(Debug)]
pub enum Part {
    /// The server's direction.
    Asks(Asked),
    /// The client's direction.
    Answers(Answers),
}

impl Part {
    /// Takes the next message, which begins in `packet`. An answer that is a secret is redacted. Returns the same as
    /// [`Answers::message`].
    pub fn message(&mut self, packet: u32, message: &mut [u8], blotter: &mut Blotter<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Asks(asked) => {
                asked.message(packet, message);
                None
            }
            Self::Answers(answers) => answers.message(packet, message, blotter),
        }
    }

    /// Returns the questions; none for the client's direction.
    pub fn into_asked(self) -> Asked {
        match self {
            Self::Asks(asked) => asked,
            Self::Answers(_) => Asked::default(),
        }
    }
}

/// The client's messages, matched with the questions of the server.
#[derive(Debug, Default)]
pub struct Answers {
    asked: VecDeque<(u32, Box<[u8]>)>,
    dialogue: Dialogue,
    /// The last question, for callers that search for secrets by themselves.
    question: Box<[u8]>,
    /// The keys typed since that question.
    typed: Vec<u8>,
    /// The packet after which the questions are not known.
    beyond: Option<u32>,
}

impl Answers {
    /// Creates the matching for these questions.
    pub fn new(asked: Asked) -> Self {
        Self { asked: asked.messages.into(), beyond: asked.beyond, ..Self::default() }
    }

    /// Takes the client's next message, which begins in `packet`, and redacts it if it answers a question for a secret.
    /// Once the answer to any question is complete, returns the question and the answer as one line.
    pub fn message(&mut self, packet: u32, message: &mut [u8], blotter: &mut Blotter<'_>) -> Option<Vec<u8>> {
        while let Some((_, asked)) = self.asked.pop_front_if(|(at, _)| *at < packet) {
            self.dialogue.server(&asked);
            if let Some(question) = question(&asked) {
                (self.question, self.typed) = (question.into(), Vec::new());
            }
        }
        // If the question is not known, any message may be an answer.
        let is_answer = self.dialogue.client(message) || self.beyond.is_some_and(|beyond| beyond < packet);
        if !is_answer && self.question.is_empty() {
            return None;
        }
        self.typed.extend_from_slice(prompts::answer(message).unwrap_or_default());
        let is_whole = !prompts::goes_on(message);
        let answered = is_whole.then(|| [&*self.question, b" ", &self.typed, b"\n"].concat());
        if is_whole {
            if is_answer {
                blotter.remember(Kind::Value, &self.typed);
            }
            (self.question, self.typed) = Default::default();
        }
        if is_answer {
            hide(message);
        }
        answered
    }
}

/// Replaces all visible characters of an answer by `x`. What separates the strings of JSON stays, and so does invalid
/// UTF-8, because it is evidence.
fn hide(message: &mut [u8]) {
    let is_json = message.trim_ascii_end().ends_with(b"}") || message.trim_ascii_end().ends_with(b"]");
    let is_seen = |byte: u8| byte.is_ascii_graphic() && (!is_json || byte.is_ascii_alphanumeric()) || byte >= 0x80;
    let mut hidden = Vec::with_capacity(message.len());
    for chunk in message.utf8_chunks() {
        hidden.extend(chunk.valid().bytes().map(|byte| if is_seen(byte) { b'x' } else { byte }));
        hidden.extend_from_slice(chunk.invalid());
    }
    message.copy_from_slice(&hidden);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_more_questions_than_are_kept_all_is_an_answer() {
        let hidden = |questions: usize| {
            let mut asked = Asked::default();
            (0..questions).for_each(|_| asked.message(1, b"Name: "));
            let mut answers = Answers::new(asked);
            let mut hidden = |packet| {
                let mut message = *b"ana";
                answers.message(packet, &mut message, &mut Blotter::default());
                &message == b"xxx"
            };
            [hidden(1), hidden(2)]
        };
        assert_eq!(hidden(limits::QUESTIONS), [false, false]);
        assert_eq!(hidden(limits::QUESTIONS + 1), [false, true]);
    }
}
