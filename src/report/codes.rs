//! The close codes of a report, each named by the registry that its connection shows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Connection, phrase};
use crate::catalog::evidence::Shown;
use crate::catalog::{Language, Registries, Registry, Row, iana};
use crate::facts::Facts;

/// The first code of the range for libraries and applications (RFC 6455 §7.4.2).
const FIRST_PRIVATE: u16 = 3000;

/// One close code with its documentation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Code {
    /// The code.
    pub code: u16,
    /// Its name, or that of its range.
    pub name: String,
    /// Connections in which it occurred.
    pub count: usize,
    /// Whether it was seen in a Close frame; otherwise it was only reported by an endpoint, as 1005 and 1006 are.
    pub sent: bool,
    /// The registry that defines it: the one its connections show, else `iana` if that has a row for it.
    pub registry: Option<String>,
    /// Its documented meaning.
    pub meaning: String,
    /// Its documented cause.
    pub cause: String,
    /// Its documented fix.
    pub fix: String,
    /// Standard and section, or the page.
    pub reference: String,
    /// Meanings of the code in registries of applications, if no connection shows which of them applies: "Discord
    /// gateway: Rate limited".
    #[serde(skip)]
    pub possible: Vec<String>,
}

/// Returns the row of a code in a registry, else in IANA's, else that of its range there.
pub fn lookup<'r>(code: u16, shown: Option<&'r Registry>) -> Option<(&'r Registry, &'r Row)> {
    let row = |registry: &'r Registry| Some((registry, registry.row(code)?));
    shown.and_then(row).or_else(|| row(iana()))
}

/// Returns the documentation of a code in a report: by the registry that the connection shows, else by IANA's.
pub fn find<'c>(codes: &'c [Code], connection: &Connection, code: u16) -> Option<&'c Code> {
    let of =
        |registry: Option<&str>| codes.iter().find(move |row| row.code == code && row.registry.as_deref() == registry);
    let own = connection.registry.as_deref().and_then(|id| of(Some(id)));
    own.or_else(|| of(Some(&iana().id))).or_else(|| of(None))
}

/// Returns the name of a code.
pub fn name(code: u16, shown: Option<&Registry>, language: Language) -> String {
    lookup(code, shown).map_or_else(String::new, |(_, row)| row.name.get(language).to_owned())
}

/// Returns the properties of a connection that are matched against the evidence of registries.
pub fn shown(facts: &Facts) -> Shown<'_> {
    let request = facts.handshake.request.as_deref();
    let chosen = facts.handshake.response.as_deref().and_then(|response| response.subprotocol.as_deref());
    let offer = request.and_then(|request| request.offer.as_deref());
    let offered = offer.and_then(|offer| offer.subprotocols.as_deref()).unwrap_or_default();
    let names = chosen.map_or_else(|| offered.split(',').map(str::trim).collect(), |chosen| vec![chosen]);
    let host = request.and_then(|request| request.host.as_deref());
    let target = request.map(|request| &*request.target);
    Shown::new(names, host, target, facts.previews.iter().collect())
}

/// The number of connections, and whether the code was on the wire.
type Occurrence = (usize, bool);

/// The codes that occurred, by the registries that their connections show.
#[derive(Debug, Default)]
pub struct Occurred {
    by_registry: BTreeMap<(u16, Option<Box<str>>), Occurrence>,
}

impl Occurred {
    /// Counts the codes of a connection.
    pub fn add(&mut self, connection: &Connection) {
        for (code, sent) in connection.codes() {
            let registry = connection.registry.as_deref().map(Box::from);
            let (count, was_sent) = self.by_registry.entry((code, registry)).or_default();
            *count += 1;
            *was_sent |= sent;
        }
    }

    /// Returns the documentation of each code, in numeric order.
    pub fn codes(&self, registries: &Registries, language: Language) -> Vec<Code> {
        let mut codes: Vec<Code> = Vec::new();
        for (&(code, ref registry), &(count, sent)) in &self.by_registry {
            let Some((registry, row)) = lookup(code, registry.as_deref().and_then(|id| registries.named(id))) else {
                continue;
            };
            let named = row.code.is_one() || !std::ptr::eq(registry, iana());
            let id = named.then(|| registry.id.clone());
            // A connection of an application may use standard codes, too.
            if let Some(same) = codes.iter_mut().find(|other| other.code == code && other.registry == id) {
                same.count += count;
                same.sent |= sent;
                continue;
            }
            let is_private = std::ptr::eq(registry, iana()) && code >= FIRST_PRIVATE;
            let possible = registries.defining(code).filter(|_| is_private).filter_map(|registry| {
                Some(phrase::pair(&registry.name, registry.row(code)?.name.get(language), language))
            });
            codes.push(Code {
                code,
                possible: possible.collect(),
                name: row.name.get(language).to_owned(),
                count,
                sent,
                registry: id,
                meaning: row.meaning.get(language).to_owned(),
                cause: row.cause(language).to_owned(),
                fix: row.fix(language).to_owned(),
                reference: registry.reference(row).to_owned(),
            });
        }
        codes
    }
}
