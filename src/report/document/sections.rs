//! Sections: the documentation of each code that occurred, and the connections that it ended.

use std::collections::BTreeMap;

use super::{Block, Item, ItemKind, Subject, Writer, ids};
use crate::diagnose::Confidence;
use crate::report::phrase::number;
use crate::report::{Connection, codes};

impl Writer<'_> {
    pub(super) fn sections(&self, shown: &[&Connection]) -> Vec<Block> {
        let mut by_subject: BTreeMap<(Subject, Option<&str>), Vec<&Connection>> = BTreeMap::new();
        for connection in shown {
            let subject = Subject::of(connection);
            let documented = subject.code().and_then(|code| codes::find(self.codes, connection, code));
            let registry = documented.and_then(|code| code.registry.as_deref());
            by_subject.entry((subject, registry)).or_default().push(connection);
        }
        by_subject
            .into_iter()
            .map(|((subject, _), connections)| {
                let mut items = self.documented(subject, &connections);
                let advice: Vec<_> = by_rule(&connections).iter().flat_map(|group| self.group(group)).collect();
                // Where the code's documentation is the advice, it stands there.
                items.retain(|item| !advice.iter().any(|other| other.text == item.text));
                items.extend(advice);
                Block::Section(self.section_title(subject, &connections), items)
            })
            .collect()
    }

    fn section_title(&self, subject: Subject, connections: &[&Connection]) -> String {
        let code = subject.code().map(|code| code.to_string()).unwrap_or_default();
        let named = subject.code().zip(connections.first());
        let name = named.map_or("", |(code, connection)| self.name(connection, code));
        let title = match subject {
            Subject::Code(_) => "section_code",
            Subject::NoCode => "section_ended_1005",
            Subject::NoClose => "section_ended_1006",
            Subject::Refused => "section_refused",
            Subject::Open => "section_open",
        };
        self.counted(title, connections.len(), &[("code", &code), ("name", name)])
    }

    /// Returns the documentation of a subject's code.
    fn documented(&self, subject: Subject, connections: &[&Connection]) -> Vec<Item> {
        let Some((code, connection)) = subject.code().zip(connections.first()) else {
            return Vec::new();
        };
        let Some(row) = codes::find(self.codes, connection, code) else {
            return Vec::new();
        };
        let item = |label, text: &str| self.item(label, text.to_owned(), ItemKind::Reference);
        let meaning = format!("{} ({})", row.meaning, row.reference);
        let mut items =
            vec![item("label_meaning", &meaning), item("label_cause", &row.cause), item("label_fix", &row.fix)];
        if self.more && !row.possible.is_empty() {
            items.push(item("label_possible", &row.possible.join("; ")));
        }
        items
    }

    /// Describes connections with the same cause: the first ones with their proof, the others by their ids, then the
    /// advice once.
    fn group(&self, connections: &[&Connection]) -> Vec<Item> {
        let mut items = Vec::new();
        for connection in connections.iter().take(self.extent.examples) {
            items.extend(self.example(connection));
        }
        let others: Vec<_> = connections.iter().skip(self.extent.examples).collect();
        if !others.is_empty() {
            let ids = ids(others.iter().map(|connection| connection.id));
            items.push(self.item(
                "",
                self.fill("here_more", &[("count", &number(others.len() as u64, self.language)), ("ids", &ids)]),
                ItemKind::Fact,
            ));
        }
        if let Some(first) = connections.first() {
            let advice = |label, text: &str| self.item(label, text.to_owned(), ItemKind::Advice);
            items.push(advice("label_why", &first.verdict.cause));
            items.push(advice("label_do", &first.verdict.fix));
        }
        items.retain(|item| !item.text.is_empty());
        items
    }

    pub(super) fn example(&self, connection: &Connection) -> Vec<Item> {
        let verdict = &connection.verdict;
        let summary = if verdict.summary.is_empty() { self.ending(connection).into() } else { verdict.summary.clone() };
        let values = [
            ("id", &*connection.id.to_string()),
            ("summary", &*summary),
            ("confidence", self.confidence(verdict.confidence)),
        ];
        let mut text = self.fill("here", &values);
        let reason =
            connection.closes.iter().find(|close| Some(close.side) == connection.closed_by && !close.reason.is_empty());
        if let Some(close) = reason.filter(|close| !summary.contains(&*close.reason)) {
            text = format!("{text} {}", self.fill("reason", &[("reason", &close.reason)]));
        }
        let mut items = vec![self.item("label_here", text, ItemKind::Fact)];
        if !verdict.packets.is_empty() {
            let packets = ids(verdict.packets.iter());
            let bytes = verdict.value("bytes").and_then(|bytes| bytes.as_str()).unwrap_or_default();
            let name = if bytes.is_empty() { "proof" } else { "proof_bytes" };
            let proof = self.counted(name, verdict.packets.len(), &[("packets", &packets), ("bytes", bytes)]);
            items.push(self.item("label_proof", proof, ItemKind::Fact));
        }
        items.push(self.item("label_filter", verdict.filter.clone(), ItemKind::Code));
        if self.more {
            let code = |code: Option<u16>| {
                code.map_or_else(|| self.word("nobody").to_owned(), |code| self.code(connection, code))
            };
            if let Some(registry) = &connection.registry {
                let marks: Vec<_> =
                    connection.registry_shown_by.iter().map(|mark| self.word(&format!("mark_{mark}"))).collect();
                let values = [("registry", &**registry), ("marks", &*marks.join(", "))];
                items.push(self.item("label_registry", self.fill("registry", &values), ItemKind::Fact));
            }
            let (client, server) = (code(connection.endpoint_codes.client), code(connection.endpoint_codes.server));
            items.push(self.item(
                "label_api",
                self.fill("api", &[("client", &client), ("server", &server)]),
                ItemKind::Fact,
            ));
            for other in &connection.findings {
                let values = [
                    ("id", &*connection.id.to_string()),
                    ("summary", &*other.summary),
                    ("confidence", self.confidence(other.confidence)),
                ];
                items.push(self.item("label_also", self.fill("here", &values), ItemKind::Fact));
            }
        }
        items
    }

    pub(super) fn confidence(&self, confidence: Confidence) -> &'static str {
        self.word(match confidence {
            Confidence::Certain => "certain",
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        })
    }
}

/// Groups connections by the rule and the fix of their verdicts, in order of first appearance.
fn by_rule<'c>(connections: &[&'c Connection]) -> Vec<Vec<&'c Connection>> {
    let mut groups: Vec<Vec<&Connection>> = Vec::new();
    for connection in connections {
        let same = |group: &&mut Vec<&Connection>| {
            group.first().is_some_and(|first| {
                first.verdict.rule.name == connection.verdict.rule.name && first.verdict.fix == connection.verdict.fix
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(connection),
            None => groups.push(vec![connection]),
        }
    }
    groups
}
