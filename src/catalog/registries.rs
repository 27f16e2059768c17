//! All registries, and the choice of the one that a connection shows.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::LazyLock;

use super::close_codes::{Codes, Registry};
use super::evidence::{Index, Mark, Shown};

/// A built-in registry, parsed on first use.
type BuiltIn = LazyLock<Registry, fn() -> Registry>;

/// Declares the built-in registries: one file each. A fault in a file gives an empty registry, which a test detects.
macro_rules! built_in {
    ($($file:literal),* $(,)?) => {
        static BUILT_IN: [BuiltIn; FILES.len()] = [$(LazyLock::new(|| {
            toml::from_str(include_str!(concat!("close_codes/", $file, ".toml"))).unwrap_or_default()
        })),*];

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
    static IANA: LazyLock<Registry> =
        LazyLock::new(|| toml::from_str(include_str!("close_codes/iana.toml")).unwrap_or_default());
    &IANA
}

/// Returns the built-in registries without IANA's.
pub fn built_in<'r>() -> impl Iterator<Item = &'r Registry> {
    BUILT_IN.iter().map(|registry| &**registry)
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
        self.iter().filter(move |registry| registry.rows.iter().any(|row| row.code == Codes::one(code)))
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
            Some((BUILT_IN.get(at)?.deref(), marks))
        })
    }

    /// Returns whether a registry of an application may say more about this code than IANA does.
    pub fn may_name(&self, code: u16) -> bool {
        static STANDARD: LazyLock<BTreeSet<u16>> = LazyLock::new(|| {
            let rows = built_in().flat_map(|registry| &registry.rows);
            rows.filter(|row| row.code.first < 3000).map(|row| row.code.first).collect()
        });
        let own = || self.own.iter().any(|registry| registry.row(code).is_some());
        code >= 3000 || STANDARD.contains(&code) || own()
    }
}
