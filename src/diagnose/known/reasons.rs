//! What the reason texts of Close frames say.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A ping had no pong.
    Ping,
    /// Nothing was said for too long.
    Idle,
    /// The connection was too old.
    Lifetime,
    /// The same user connected again.
    Superseded,
    /// The same user is connected twice; which of the two has to go is not said.
    Duplicate,
    /// The receiver did not keep up.
    Slow,
    /// The sender was too fast.
    Rate,
    /// Credentials are no longer valid.
    Expired,
    /// Credentials are missing or wrong.
    Credentials,
    /// The server stops.
    Restart,
    /// Something went wrong.
    Trouble,
}

#[derive(Deserialize)]
struct Reason {
    class: Class,
    words: Vec<Word>,
}

/// A word, taken apart once to be looked for often.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Word(Finder<'static>);

impl From<String> for Word {
    fn from(word: String) -> Self {
        Self(Finder::new(&word).into_owned())
    }
}

#[derive(Default, Deserialize)]
struct Table {
    reason: Vec<Reason>,
}

/// What a reason says, if it has words that are known.
pub fn class_of(reason: &str) -> Option<Class> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| super::table(include_str!("reasons.toml")));
    if reason.is_empty() {
        return None;
    }
    let reason = reason.to_lowercase();
    let fits = |row: &&Reason| row.words.iter().any(|word| word.0.find(reason.as_bytes()).is_some());
    TABLE.reason.iter().find(fits).map(|row| row.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_belong_to_classes() {
        for (reason, class) in [
            ("keepalive ping timeout", Some(Class::Ping)),
            ("Connection Idle Timeout", Some(Class::Idle)),
            ("Your session hit the maximum duration of 60 minutes.", Some(Class::Lifetime)),
            ("logged in from another device", Some(Class::Superseded)),
            ("Connection replaced by a newer one", Some(Class::Superseded)),
            ("duplicate connection", Some(Class::Duplicate)),
            ("You are already logged in on another device", Some(Class::Duplicate)),
            ("maximum connections reached", None),
            ("Policy error: client is too slow.", Some(Class::Slow)),
            ("query too slow, cancelled", None),
            ("Too many requests", Some(Class::Rate)),
            ("token expired", Some(Class::Expired)),
            ("authentication failed", Some(Class::Credentials)),
            ("authentication service unavailable", Some(Class::Trouble)),
            ("Service Restart", Some(Class::Restart)),
            ("a new deployment is rolled out", Some(Class::Restart)),
            ("deployment not found", None),
            ("links are not allowed in this room", None),
            ("room is full, try again in 30 seconds", None),
            ("", None),
        ] {
            assert_eq!(class_of(reason), class, "{reason}");
        }
    }
}
