//! The connections as lines: everything that is searched for in one place.

use std::time::Duration;

use super::{Clock, Row, Writer};
use crate::ending::Kind;
use crate::report::phrase;
use crate::report::selection::Selection;
use crate::report::{Connection, Encrypted, Finding, Report};

impl Writer<'_> {
    /// Returns the connections that are shown, the encrypted ones last: for each its number, the time it was opened, its
    /// lifetime, the endpoints, the request (or the server's name in TLS), the end with its cause, the rule and the packets.
    pub(super) fn list(&self, report: &Report, selection: &Selection) -> Vec<Row> {
        let connections = report.connections.iter().filter(|connection| selection.shows(connection));
        let encrypted = report.encrypted.iter().filter(|one| selection.all || !one.is_normal());
        let encrypted = encrypted.filter(|_| !selection.is_narrow());
        connections.map(|one| self.listed(one)).chain(encrypted.map(|one| self.listed_outside(one))).collect()
    }

    fn listed(&self, connection: &Connection) -> Row {
        let Row { tone, cells } = self.row(connection, Clock::PRECISE);
        let [id, _, _, ends, target, by, how, why] = &*cells else { return Row { tone, cells } };
        let has_reason = |text: &&str| !text.is_empty() && !why.contains(*text);
        let closes = connection.closes.iter().filter(|close| Some(close.side) == connection.closed_by);
        let reason = closes.map(|close| &*close.reason).find(has_reason);
        let how = [Some(how.clone()), reason.map(|reason| self.fill("quoted", &[("text", reason)]))];
        let how = how.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let end = match connection.ending {
            Kind::Open => why.clone(),
            // The side is left out: a refusal always comes from the server.
            Kind::Refused | Kind::NoAnswer => phrase::pair(&how, why, self.language),
            _ => phrase::pair(by, &phrase::pair(&how, why, self.language), self.language),
        };
        let times = (&*connection.opened, connection.lifetime);
        Row { tone, cells: self.line([id, ends, target, &end], times, &connection.verdict) }
    }

    fn listed_outside(&self, one: &Encrypted) -> Row {
        let Row { tone, cells } = self.outside_row(one, Clock::PRECISE);
        let [id, _, _, ends, name, _, by, how, why] = &*cells else { return Row { tone, cells } };
        let end = phrase::pair(by, &phrase::pair(how, why, self.language), self.language);
        Row { tone, cells: self.line([id, ends, name, &end], (&one.opened, one.lifetime), &one.verdict) }
    }

    /// Returns the parts of a line that are not empty.
    fn line(
        &self,
        [id, ends, target, end]: [&str; 4],
        (opened, lifetime): (&str, f64),
        verdict: &Finding,
    ) -> Vec<String> {
        let lifetime = phrase::duration(Duration::from_secs_f64(lifetime), self.language);
        let packets: Vec<_> = verdict.packets.iter().map(ToString::to_string).collect();
        let proof = match &*packets {
            [] => String::new(),
            [packet] => self.fill("proof_one", &[("packets", packet)]),
            packets => self.fill("proof", &[("packets", &packets.join(", "))]),
        };
        let parts = [id, opened, &lifetime, ends, target, end, verdict.rule.name, &proof];
        parts.into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}
