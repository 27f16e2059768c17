//! The reference as documents for people, made of the same blocks as reports.

use super::{Comparison, Explanation, Listed, Listing};
use crate::catalog::close_codes::{Retry, Sender};
use crate::catalog::{Codes, Language, fill, iana, reference_words};
use crate::report::document::{Block, Item, ItemKind, Row, Table, Tone};
use crate::report::phrase;

/// The maximal number of codes that fit side by side.
const SIDE_BY_SIDE: usize = 3;

/// Returns a section for each code.
pub fn explanations(codes: &[Explanation], language: Language) -> Vec<Block> {
    let writer = Writer { language };
    codes.iter().map(|code| Block::Section(writer.title(code), writer.items(code))).collect()
}

/// Returns the codes side by side, their differences, and advice on when to choose which.
pub fn comparison(comparison: &Comparison, language: Language) -> Vec<Block> {
    let writer = Writer { language };
    let codes = &comparison.codes;
    let mut blocks = vec![Block::Headline(writer.compared(codes))];
    if codes.len() <= SIDE_BY_SIDE {
        blocks.push(Block::Table(writer.side_by_side(codes)));
    } else {
        let brief = |code| Block::Section(writer.title(code), writer.described(code));
        blocks.extend(codes.iter().map(brief));
    }
    let texts = |texts: &[String], kind| texts.iter().map(|text| unlabelled(text, kind)).collect::<Vec<_>>();
    let word = |name| writer.word(name).to_owned();
    blocks.push(Block::Section(word("label_differences"), texts(&comparison.differences, ItemKind::Fact)));
    let mut choose = texts(&comparison.choose, ItemKind::Advice);
    choose.extend(
        codes.iter().filter(|code| !code.choose.is_empty()).map(|code| unlabelled(&code.choose, ItemKind::Advice)),
    );
    if !choose.is_empty() {
        blocks.push(Block::Section(word("label_choose"), choose));
    }
    let mut references: Vec<String> = Vec::new();
    for reference in codes.iter().flat_map(|code| &code.references) {
        if !references.contains(reference) {
            references.push(reference.clone());
        }
    }
    blocks.push(Block::Section(word("label_more"), texts(&references, ItemKind::Link)));
    blocks
}

/// Returns a table for each registry.
pub fn listing(listing: &Listing, language: Language) -> Vec<Block> {
    let writer = Writer { language };
    let mut blocks: Vec<_> = listing.registries.iter().flat_map(|registry| writer.registry(registry)).collect();
    if !listing.others.is_empty() {
        let others = listing.others.iter().map(|(id, name)| Item {
            label: id.clone(),
            text: name.clone(),
            kind: ItemKind::Reference,
        });
        blocks.push(Block::Section(writer.word("registries").to_owned(), others.collect()));
    }
    blocks
}

/// Describes the side that sends a code, as a cell.
pub fn sender(code: &Explanation, language: Language) -> &'static str {
    let name = match code.sender {
        Sender::Either => "sender_either",
        Sender::Client => "sender_client",
        Sender::Server => "sender_server",
        // APIs report these codes when there was no Close frame, or none with a code.
        Sender::Nobody if matches!(code.code, 1005 | 1006 | 1015) => "sender_nobody",
        Sender::Nobody if code.registry.as_deref().is_some_and(|registry| registry != iana().id) => "sender_nobody",
        Sender::Nobody => "sender_forbidden",
    };
    reference_words().get(name, language)
}

/// Describes whether to reconnect, as a sentence.
pub fn retry(code: &Explanation, language: Language) -> &'static str {
    let name = match code.retry {
        Retry::None => "retry_none",
        Retry::Soon => "retry_soon",
        Retry::Backoff => "retry_backoff",
        Retry::Login => "retry_login",
        Retry::Mend => "retry_mend",
        Retry::Application => "retry_application",
    };
    reference_words().get(name, language)
}

fn unlabelled(text: &str, kind: ItemKind) -> Item {
    Item { label: String::new(), text: text.to_owned(), kind }
}

struct Writer {
    language: Language,
}

impl Writer {
    fn word(&self, name: &str) -> &'static str {
        reference_words().get(name, self.language)
    }

    fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        let find = |key: &str| values.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).into());
        fill(self.word(name), find)
    }

    /// Returns "1007 Invalid frame payload data", with the registry if it is not IANA's.
    fn title(&self, code: &Explanation) -> String {
        let number = code.code.to_string();
        let values = [("code", &*number), ("name", &*code.name), ("registry", &*code.registry_name)];
        let is_iana = code.registry.as_deref().is_none_or(|registry| registry == iana().id);
        self.fill(if is_iana { "title" } else { "title_registry" }, &values)
    }

    /// Returns "1007 and 1008", "1000, 1001 and 1005".
    fn compared(&self, codes: &[Explanation]) -> String {
        let mut numbers = codes.iter().rev().map(|code| code.code.to_string());
        let (Some(last), rest) = (numbers.next(), numbers) else {
            return String::new();
        };
        let joined = rest.fold((last, "compared"), |(behind, name), number| {
            (self.fill(name, &[("a", &number), ("b", &behind)]), "compared_more")
        });
        joined.0
    }

    fn item(&self, label: &str, text: &str, kind: ItemKind) -> Item {
        Item { label: self.word(label).to_owned(), text: text.to_owned(), kind }
    }

    /// Returns the items that every code has.
    fn described(&self, code: &Explanation) -> Vec<Item> {
        let mut items = vec![
            self.item("label_meaning", &code.meaning, ItemKind::Reference),
            self.item("label_when", &code.cause, ItemKind::Reference),
            self.item("label_fix", &code.fix, ItemKind::Advice),
            self.item("label_sender", sender(code, self.language), ItemKind::Reference),
            self.item("label_retry", retry(code, self.language), ItemKind::Advice),
        ];
        items.retain(|item| !item.text.is_empty());
        items
    }

    fn items(&self, code: &Explanation) -> Vec<Item> {
        let mut items = self.described(code);
        if !code.practice.is_empty() {
            items.push(self.item("label_practice", &code.practice, ItemKind::Reference));
        }
        if !code.choose.is_empty() {
            items.push(self.item("label_choose_one", &code.choose, ItemKind::Advice));
        }
        let confused = code.confused.iter().map(|other| {
            let number = other.code.to_string();
            let title = self.fill("title", &[("code", &number), ("name", &other.name)]);
            if other.difference.is_empty() { title } else { phrase::pair(&title, &other.difference, self.language) }
        });
        items.extend(self.under("label_confused", confused, ItemKind::Reference));
        let elsewhere = code
            .elsewhere
            .iter()
            .map(|other| self.fill("elsewhere", &[("registry", &other.registry_name), ("name", &other.name)]));
        items.extend(self.under("label_elsewhere", elsewhere, ItemKind::Reference));
        items.extend(self.under("label_more", code.references.iter().cloned(), ItemKind::Link));
        items
    }

    /// Puts several texts under one label, which is beside the first.
    fn under(&self, label: &'static str, texts: impl Iterator<Item = String>, kind: ItemKind) -> Vec<Item> {
        let label = |at: usize| if at == 0 { self.word(label).to_owned() } else { String::new() };
        texts.enumerate().map(|(at, text)| Item { label: label(at), text, kind }).collect()
    }

    fn side_by_side(&self, codes: &[Explanation]) -> Table {
        type Cell = fn(&Explanation, Language) -> &str;
        let rows: [(&str, Cell); 5] = [
            ("label_meaning", |code, _| &code.meaning),
            ("label_when", |code, _| &code.cause),
            ("label_fix", |code, _| &code.fix),
            ("label_sender", sender),
            ("label_retry", retry),
        ];
        let row = |(label, cell): (&str, Cell)| {
            let cells = codes.iter().map(|code| cell(code, self.language).to_owned());
            Row { tone: Tone::Neutral, cells: [self.word(label).to_owned()].into_iter().chain(cells).collect() }
        };
        Table {
            groups: vec![1; codes.len() + 1],
            header: [String::new()].into_iter().chain(codes.iter().map(|code| self.title(code))).collect(),
            rows: rows.into_iter().map(row).collect(),
        }
    }

    fn registry(&self, registry: &Listed) -> Vec<Block> {
        let row = |code: &Explanation| {
            let codes = code.range.map_or(Codes::one(code.code), |(first, last)| Codes { first, last });
            let cells = vec![
                codes.to_string(),
                code.name.clone(),
                sender(code, self.language).to_owned(),
                code.meaning.clone(),
            ];
            Row { tone: Tone::Neutral, cells }
        };
        let header = ["column_code", "column_name", "column_sender", "column_meaning"];
        let table = Table {
            groups: vec![1; header.len()],
            header: header.map(|name| self.word(name).to_owned()).to_vec(),
            rows: registry.codes.iter().map(row).collect(),
        };
        let marks = registry
            .recognised_by
            .iter()
            .map(|(mark, patterns)| self.fill(&format!("mark_{mark}"), &[("patterns", &patterns.join(", "))]));
        let mut items = self.under("label_recognised", marks, ItemKind::Code);
        items.push(self.item("label_more", &registry.source, ItemKind::Link));
        vec![Block::Section(registry.name.clone(), items), Block::Table(table)]
    }
}
