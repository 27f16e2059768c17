//! Classes of the reasons in Close frames.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

/// The subject of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A ping had no pong.
    Ping,
    /// Nothing was sent for too long.
    Idle,
    /// The connection was too old.
    Lifetime,
    /// The same user connected again.
    Superseded,
    /// The same user is connected twice; the reason does not say which connection has to go.
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
    words: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Table {
    /// Whole reasons that say nothing about the cause.
    empty: Vec<String>,
    /// Words of reasons that find fault with a frame, in lower case.
    frame: Vec<String>,
    reason: Vec<Reason>,
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| super::table(include_str!("reasons.toml")));
    &TABLE
}

/// The words of all classes, searched for in one pass.
struct Words {
    search: AhoCorasick,
    /// The class of each word, and its position in the table.
    classes: Vec<(usize, Class)>,
}

impl Words {
    fn new(table: &Table) -> Option<Self> {
        let words = || table.reason.iter().enumerate().flat_map(|row| row.1.words.iter().map(move |word| (row, word)));
        let search = AhoCorasick::new(words().map(|(_, word)| word)).ok()?;
        Some(Self { search, classes: words().map(|((at, row), _)| (at, row.class)).collect() })
    }
}

/// Returns the class of a reason, by its known words; the one that comes first in the table if there are several.
pub fn class_of(reason: &str) -> Option<Class> {
    static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| Words::new(table()));
    if reason.is_empty() {
        return None;
    }
    let reason = reason.to_lowercase();
    let Words { search, classes } = WORDS.as_ref()?;
    let found = search.find_overlapping_iter(&reason).filter_map(|word| classes.get(word.pattern().as_usize()));
    found.min_by_key(|(at, _)| *at).map(|(_, class)| *class)
}

/// Returns whether a reason only says that the connection closes, or only repeats the name of its code: "bye", "Internal Server Error".
pub fn says_nothing(reason: &str) -> bool {
    let words = reason.trim_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
    words.is_empty() || table().empty.contains(&words)
}

/// Returns whether a reason finds fault with a frame: "received unmasked frame".
pub fn blames_frame(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    table().frame.iter().any(|word| reason.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_reasons_say_nothing() {
        for reason in ["", "bye", "Bye!", "Internal Server Error", "closed", "Connection closed."] {
            assert!(says_nothing(reason), "{reason}");
        }
        for reason in ["room is full", "closed by the moderator", "internal error: no such user"] {
            assert!(!says_nothing(reason), "{reason}");
        }
    }

    #[test]
    fn some_reasons_blame_frames() {
        assert!(blames_frame("failed to read frame header: received unmasked frame from client"));
        assert!(!blames_frame("the sky is falling"));
    }

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
