//! The connections as lines: everything that is searched for in one place.

use std::sync::Arc;

use super::{Row, Writer, ids};
use crate::catalog::Language;
use crate::ending::Kind;
use crate::report::phrase;
use crate::report::selection::Selection;
use crate::report::{Connection, Encrypted, Finding, Report};

impl Writer<'_> {
    /// Returns the connections that are shown, the encrypted ones last: for each its number, the time it was opened, its
    /// lifetime, the endpoints, the request (or the server's name in TLS), the end with its cause, the rule, the packets, and
    /// the file if there are several captures.
    pub(super) fn list(&self, report: &Report, selection: &Selection) -> Vec<Row> {
        let connections = selection.shown(report, None).into_iter().take(selection.top.unwrap_or(usize::MAX));
        let encrypted = report.encrypted.iter().filter(|one| selection.all || !one.is_normal());
        let encrypted = encrypted.filter(|_| !selection.is_narrow());
        connections.map(|one| self.listed(one)).chain(encrypted.map(|one| self.listed_outside(one))).collect()
    }

    fn listed(&self, connection: &Connection) -> Row {
        let Row { tone, cells } = self.row(connection, self.clock);
        let [id, _, lifetime, ends, target, by, how, reason, why] = &*cells else { return Row { tone, cells } };
        let end = match connection.ending {
            Kind::Open => why.clone(),
            kind => ending(kind, [by, how, reason, why], self.language),
        };
        let opened = &self.clock.write_exactly(&connection.opened);
        let line = self.line([id, opened, lifetime, ends, target, &end], &connection.verdict, &connection.file);
        Row { tone, cells: line }
    }

    fn listed_outside(&self, one: &Encrypted) -> Row {
        let Row { tone, cells } = self.outside_row(one, self.clock);
        let [id, _, lifetime, ends, name, _, by, how, why] = &*cells else { return Row { tone, cells } };
        let end = ending(one.ending, [by, how, "", why], self.language);
        let opened = &self.clock.write_exactly(&one.opened);
        Row { tone, cells: self.line([id, opened, lifetime, ends, name, &end], &one.verdict, &one.file) }
    }

    /// Returns the parts of a line that are not empty: the given ones, the rule, the packets and the file.
    fn line(&self, parts: [&str; 6], verdict: &Finding, file: &Option<Arc<str>>) -> Vec<String> {
        let proof = match &*verdict.packets {
            [] => String::new(),
            packets => self.counted("proof", packets.len(), &[("packets", &ids(packets.iter()))]),
        };
        let all = parts.into_iter().chain([verdict.rule.name, &proof, file.as_deref().unwrap_or_default()]);
        all.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// Describes an end in a line, from the cells of a row: the side that closed, how, the quoted reason, and why.
pub fn ending(kind: Kind, [by, how, reason, why]: [&str; 4], language: Language) -> String {
    // The side is left out: a refusal always comes from the server.
    if matches!(kind, Kind::Refused | Kind::NoAnswer) {
        return phrase::pair(how, why, language);
    }
    let how = [how, reason].join(" ");
    phrase::pair(by, &phrase::pair(how.trim_end(), why, language), language)
}
