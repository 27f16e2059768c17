//! Sections: the connections that a code ended, what to do about it, and the documentation of the code.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::{Block, Item, ItemKind, Subject, Writer, ids};
use crate::catalog::reference_words;
use crate::report::{Connection, Finding, InFile, Original, codes};

/// The most packets that are named in their own files.
const PACKETS: usize = 5;

impl Writer<'_> {
    /// Returns a section for each code and each other kind of end, the most frequent first.
    pub(super) fn sections(&self, shown: &[&Connection]) -> Vec<Block> {
        let mut by_subject: BTreeMap<(Subject, Option<&str>), Vec<&Connection>> = BTreeMap::new();
        for connection in shown {
            let subject = Subject::of(connection);
            let documented = subject.code().and_then(|code| codes::find(self.codes, connection, code));
            let registry = documented.and_then(|code| code.registry.as_deref());
            by_subject.entry((subject, registry)).or_default().push(connection);
        }
        let mut by_count: Vec<_> = by_subject.into_iter().map(|((subject, _), of)| (subject, of)).collect();
        by_count.sort_by_key(|(_, connections)| Reverse(connections.len()));
        let mut said = Said::default();
        let sections = by_count.into_iter().map(|(subject, connections)| {
            let title = self.section_title(subject, &connections);
            let groups = by_rule(&connections, |connection| &connection.verdict);
            let items = groups.iter().flat_map(|group| self.group(group)).chain(self.documented(subject, &connections));
            let (items, earlier) = said.only_new(items.collect(), &title);
            let see = earlier.map(|earlier| self.item("label_see", earlier, ItemKind::Reference));
            Block::Section(title, items.into_iter().chain(see).collect())
        });
        sections.collect()
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

    /// Returns the documentation of a subject's code, labelled as `whyclosed explain` does.
    pub(super) fn documented(&self, subject: Subject, connections: &[&Connection]) -> Vec<Item> {
        let Some((code, connection)) = subject.code().zip(connections.first()) else {
            return Vec::new();
        };
        let Some(row) = codes::find(self.codes, connection, code) else {
            return Vec::new();
        };
        let item = |label: &str, text: &str| Item {
            label: reference_words().get(label, self.language).to_owned(),
            text: text.to_owned(),
            kind: ItemKind::Reference,
        };
        let meaning = format!("{} ({})", row.meaning, row.reference);
        let mut items =
            vec![item("label_meaning", &meaning), item("label_when", &row.cause), item("label_fix", &row.fix)];
        if self.more && !row.possible.is_empty() {
            items.push(self.item("label_possible", row.possible.join("; "), ItemKind::Reference));
        }
        items
    }

    /// Describes connections with the same cause: the first ones, the others by their ids, the advice once, then the
    /// proofs.
    fn group(&self, connections: &[&Connection]) -> Vec<Item> {
        let (examples, others) = connections.split_at_checked(self.extent.examples).unwrap_or((connections, &[]));
        let mut items: Vec<_> = examples.iter().map(|connection| self.happened(connection)).collect();
        // One label stands for all.
        items.iter_mut().skip(1).for_each(|item| item.label.clear());
        items.extend(self.the_same(others.iter().map(|connection| connection.id), examples.is_empty()));
        items.extend(connections.first().into_iter().flat_map(|first| self.advice(&first.verdict)));
        for connection in examples {
            items.extend(self.proof(connection, examples.len() > 1));
            if self.more {
                items.extend(self.other_findings(connection));
            }
        }
        items
    }

    /// Lists further connections with the same cause, if there are any; `is_first` if no item stands before.
    pub(super) fn the_same(
        &self,
        others: impl ExactSizeIterator<Item = impl ToString>,
        is_first: bool,
    ) -> Option<Item> {
        let count = others.len();
        let label = if is_first { "label_here" } else { "" };
        let text = || self.counted("here_more", count, &[("ids", &ids(others))]);
        (count > 0).then(|| self.item(label, text(), ItemKind::Fact))
    }

    /// Says what happened in a connection.
    pub(super) fn happened(&self, connection: &Connection) -> Item {
        let verdict = &connection.verdict;
        let summary = if verdict.summary.is_empty() { self.ending(connection).into() } else { verdict.summary.clone() };
        let mut text = self.here(&connection.id.to_string(), &summary, verdict);
        if let Some(reason) = connection.reason().filter(|reason| !summary.contains(*reason)) {
            text = format!("{text} {}", self.fill("reason", &[("reason", reason)]));
        }
        self.item("label_here", text, ItemKind::Fact)
    }

    /// Returns "Connection 1, certain: the client sent …".
    pub(super) fn here(&self, id: &str, summary: &str, finding: &Finding) -> String {
        self.fill("here", &[("id", id), ("summary", summary), ("confidence", self.confidence(finding.confidence))])
    }

    /// Returns the cause behind an end, and what to do about it, as far as they are known.
    pub(super) fn advice(&self, verdict: &Finding) -> impl Iterator<Item = Item> {
        let texts = [("label_why", &verdict.cause), ("label_do", &verdict.fix)];
        let known = texts.into_iter().filter(|(_, text)| !text.is_empty());
        known.map(|(label, text)| self.item(label, text.to_string(), ItemKind::Advice))
    }

    /// Returns the packets that prove a verdict, and the filter that shows them; `is_named` adds which connection it is.
    pub(super) fn proof(&self, connection: &Connection, is_named: bool) -> Vec<Item> {
        let verdict = &connection.verdict;
        let mut items = Vec::new();
        if !verdict.packets.is_empty() {
            let packets = ids(verdict.packets.iter());
            let bytes = verdict.evidence.text("bytes").unwrap_or_default();
            let name = if bytes.is_empty() { "proof" } else { "proof_bytes" };
            let proof = self.counted(name, verdict.packets.len(), &[("packets", &packets), ("bytes", &bytes)]);
            let id = is_named.then(|| self.fill("connection", &[("id", &connection.id.to_string())]));
            items.push(self.item("label_proof", id.unwrap_or_default() + &proof, ItemKind::Fact));
        }
        items.extend(self.in_files(connection.file.as_deref(), verdict));
        items.push(self.item("label_filter", verdict.filter.clone(), ItemKind::Code));
        items.extend(self.original(connection.original.as_deref()));
        items
    }

    /// Returns what the endpoints report, which registry names the codes, and what else may explain the end.
    pub(super) fn other_findings(&self, connection: &Connection) -> Vec<Item> {
        let mut items = Vec::new();
        let code =
            |code: Option<u16>| code.map_or_else(|| self.word("nobody").to_owned(), |code| self.code(connection, code));
        if let Some(registry) = &connection.registry {
            let marks: Vec<_> =
                connection.registry_shown_by.iter().map(|mark| self.word(&format!("mark_{mark}"))).collect();
            let values = [("registry", &**registry), ("marks", &*marks.join(", "))];
            items.push(self.item("label_registry", self.fill("registry", &values), ItemKind::Fact));
        }
        let (client, server) = (code(connection.endpoint_codes.client), code(connection.endpoint_codes.server));
        let reported = self.fill("api", &[("client", &client), ("server", &server)]);
        items.push(self.item("label_api", reported, ItemKind::Fact));
        for other in &connection.findings {
            let text = self.here(&connection.id.to_string(), &other.summary, other);
            items.push(self.item("label_also", text, ItemKind::Fact));
        }
        items
    }

    /// Returns the filter for the captures, if the report has the numbers of a slice of them.
    pub(super) fn original(&self, original: Option<&Original>) -> Option<Item> {
        let Original { captures, filter, .. } = original?;
        let label = self.fill("label_original", &[("captures", captures)]);
        Some(Item { label, text: filter.clone(), kind: ItemKind::Code })
    }

    /// Names the packets of a verdict in the files that were merged; else the file, if there are several captures.
    pub(super) fn in_files(&self, file: Option<&str>, verdict: &Finding) -> Option<Item> {
        let packet = |place: &InFile| {
            self.fill("in_file", &[("packet", &place.packet.to_string()), ("path", file_name(&place.file))])
        };
        let packets: Vec<_> = verdict.in_files.iter().take(PACKETS).map(packet).collect();
        let text = if packets.is_empty() { file?.to_owned() } else { packets.join(", ") };
        Some(self.item("label_file", text, ItemKind::Fact))
    }
}

/// Returns the last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(std::path::is_separator).next().unwrap_or(path)
}

/// Groups connections by the rule and the fix of their verdicts, in order of first appearance.
pub fn by_rule<'c, T>(connections: &[&'c T], verdict: impl Fn(&'c T) -> &'c Finding) -> Vec<Vec<&'c T>> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for &connection in connections {
        let verdict = verdict(connection);
        let place = *places.entry((verdict.rule.name, &*verdict.fix)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(connection),
            None => groups.push(vec![connection]),
        }
    }
    groups
}

/// The documentation and the advice that sections have given, and the title of the section that did.
#[derive(Default)]
struct Said(HashMap<String, String>);

impl Said {
    /// Removes documentation and advice that the items before, or an earlier section, have given in the same words. Also
    /// returns the titles of those sections, if there are any.
    fn only_new(&mut self, items: Vec<Item>, title: &str) -> (Vec<Item>, Option<String>) {
        let mut earlier: Vec<String> = Vec::new();
        let is_new = |item: &Item| {
            if matches!(item.kind, ItemKind::Fact | ItemKind::Code) {
                return true;
            }
            match self.0.get(&item.text) {
                None => {
                    self.0.insert(item.text.clone(), title.to_owned());
                    true
                }
                Some(section) => {
                    if section != title && !earlier.contains(section) {
                        earlier.push(section.clone());
                    }
                    false
                }
            }
        };
        let new = items.into_iter().filter(is_new).collect();
        (new, (!earlier.is_empty()).then(|| earlier.join("; ")))
    }
}
