//! All registries, and the choice of the one that a connection shows.

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use super::close_codes::{Codes, Registry};
use super::evidence::{Index, Mark, Shown};

/// Declares the built-in registries: one file each.
macro_rules! built_in {
    ($($file:literal),* $(,)?) => {
        /// The contents of the files, in order.
        static SOURCES: [&str; FILES.len()] = [$(include_str!(concat!("close_codes/", $file, ".toml"))),*];

        /// The files of `close_codes/` without IANA's, in order.
        pub const FILES: &[&str] = &[$($file),*];
    };
}

built_in! {
    "action_cable",
    "appsync",
    "assemblyai",
    "binance",
    "centrifugo",
    "colyseus",
    "deepgram",
    "discord_gateway",
    "discord_voice",
    "gemini_live",
    "graphql_ws",
    "home_assistant",
    "jupyter",
    "kubernetes",
    "livekit",
    "mattermost",
    "mqtt",
    "nostr",
    "obs",
    "openai_realtime",
    "phoenix",
    "pusher",
    "signalr",
    "socket_io",
    "sockjs",
    "subscriptions_transport_ws",
    "twitch_eventsub",
    "wamp",
}

/// Returns IANA's registry (RFC 6455 §11.7).
pub fn iana() -> &'static Registry {
    static IANA: LazyLock<Registry> = LazyLock::new(|| Registry::built_in(include_str!("close_codes/iana.toml")));
    &IANA
}

/// Returns the built-in registries without IANA's.
pub fn built_in<'r>() -> impl Iterator<Item = &'r Registry> {
    (0..SOURCES.len()).filter_map(built_in_at)
}

/// Returns a built-in registry.
fn built_in_at<'r>(at: usize) -> Option<&'r Registry> {
    static PARSED: [OnceLock<Registry>; SOURCES.len()] = [const { OnceLock::new() }; SOURCES.len()];
    let (parsed, source) = (PARSED.get(at)?, SOURCES.get(at)?);
    Some(parsed.get_or_init(|| Registry::built_in(source)))
}

/// The registries that a report may take code names from: a user's own before the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    own: Vec<Registry>,
    own_index: Index,
}

impl Registries {
    /// Adds a user's own registries to the built-in ones.
    pub fn new(own: Vec<Registry>) -> Self {
        let own_index = Index::new(own.iter().map(|registry| &registry.evidence));
        Self { own, own_index }
    }

    /// Returns every registry of an application, a user's own first.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.own.iter().chain(built_in())
    }

    /// Returns the registry with this id, else with this subprotocol; case-insensitive.
    pub fn named(&self, name: &str) -> Option<&Registry> {
        let same = |other: &String| other.eq_ignore_ascii_case(name);
        let by_id = self.iter().find(|registry| same(&registry.id));
        by_id.or_else(|| Some(iana()).filter(|iana| same(&iana.id))).or_else(|| {
            self.iter().find(|registry| registry.evidence.subprotocols.iter().any(|pattern| same(&pattern.text)))
        })
    }

    /// Returns every registry of an application that has a row for this code itself, not only for its range.
    pub fn defining(&self, code: u16) -> impl Iterator<Item = &Registry> + '_ {
        self.iter().filter(move |registry| registry.rows.of(Codes::one(code)).is_some())
    }

    /// Returns the registry that a connection shows, and the evidence for it: the one with most evidence, but any of a
    /// user's own before the built-in ones.
    pub fn shown_by(&self, shown: &Shown<'_>) -> Option<(&Registry, Vec<Mark>)> {
        static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(built_in().map(|registry| &registry.evidence)));
        let own = || {
            let (at, marks) = self.own_index.shown_by(shown)?;
            Some((self.own.get(at)?, marks))
        };
        own().or_else(|| {
            let (at, marks) = INDEX.shown_by(shown)?;
            Some((built_in_at(at)?, marks))
        })
    }

    /// Returns whether a registry of an application may say more about this code than IANA does.
    pub fn may_name(&self, code: u16) -> bool {
        static STANDARD: LazyLock<BTreeSet<u16>> = LazyLock::new(|| {
            let codes = built_in().flat_map(|registry| registry.rows.codes());
            codes.map(|codes| codes.first).filter(|code| *code < 3000).collect()
        });
        let own = || self.own.iter().any(|registry| registry.row(code).is_some());
        code >= 3000 || STANDARD.contains(&code) || own()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::rows::Rows;

    #[test]
    fn a_registry_is_that_of_its_whole_file() {
        let files = FILES.iter().copied().zip(SOURCES).chain([("iana", include_str!("close_codes/iana.toml"))]);
        for (file, source) in files {
            let (whole, parsed) = (toml::from_str::<Registry>(source).unwrap(), Registry::built_in(source));
            let rows = |registry: &Registry| format!("{:#?}", registry.rows.iter().collect::<Vec<_>>());
            assert_eq!(rows(&parsed), rows(&whole), "{file}");
            assert_eq!(parsed.rows.len(), whole.rows.len(), "{file}");
            let head = |registry: Registry| format!("{:#?}", Registry { rows: Rows::default(), ..registry });
            assert_eq!(head(parsed), head(whole), "{file}");
        }
    }
}
