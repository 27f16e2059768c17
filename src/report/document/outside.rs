//! The part on encrypted connections that are seen from outside.

use std::time::Duration;

use super::sections::by_rule;
use super::table::between;
use super::{Annex, Block, Clock, Item, ItemKind, Row, Table, Tone, Writer};
use crate::ending::Kind;
use crate::report::phrase::{self, number};
use crate::report::selection::Selection;
use crate::report::{Encrypted, Finding, Report};
use crate::side::Side;

/// The columns of its table.
const COLUMNS: [&str; 9] =
    ["id", "time", "lifetime", "endpoints", "server_name", "websocket", "closed_by", "code", "why"];

/// Rows that are shown unless all are asked for.
const ROWS: usize = 10;

impl Writer<'_> {
    /// Returns the part on encrypted connections; `None` if there are none, or if only some of the others are asked for.
    pub(super) fn outside(&self, report: &Report, selection: &Selection) -> Option<Block> {
        if report.encrypted.is_empty() || selection.is_narrow() {
            return None;
        }
        let mut all: Vec<_> = report.encrypted.iter().collect();
        all.sort_by_key(|one| (!one.is_abnormal(), one.is_normal()));
        let most = if selection.all { self.extent.rows } else { ROWS.min(self.extent.rows) };
        let shown = all.get(..most).unwrap_or(&all);
        let clock = self.clock.of(shown.iter().map(|one| &*one.opened));
        let mut table = Table {
            groups: vec![1, 2, 3, 2, 1],
            header: self.header(&COLUMNS),
            rows: shown.iter().map(|one| self.outside_row(one, clock)).collect(),
        };
        self.add_files(&mut table, shown.iter().map(|one| one.file.as_deref()));
        let mut remark = self.outside_remark(&all);
        if let Some(more @ 1..) = all.len().checked_sub(shown.len()) {
            let name = if selection.all { "more_rows" } else { "outside_more" };
            remark = format!("{remark} {}", self.counted(name, more, &[]));
        }
        let explained = shown.iter().copied().filter(|one| one.is_abnormal() || selection.all || self.more);
        let items = self.outside_items(&explained.collect::<Vec<_>>());
        Some(Block::Annex(Box::new(Annex { title: self.word("outside").to_owned(), remark, table, items })))
    }

    /// Says how the connections were recognised, and what their records cannot show.
    fn outside_remark(&self, all: &[&Encrypted]) -> String {
        let named = all.iter().filter(|one| one.websocket == "named").count();
        let count = |count: usize| number(count as u64, self.language);
        match (named, all.len() - named) {
            (_, 0) => self.fill("outside_named", &[]),
            (0, _) => self.fill("outside_shape", &[]),
            (named, other) => self.fill("outside_both", &[("named", &count(named)), ("shape", &count(other))]),
        }
    }

    pub(super) fn outside_row(&self, one: &Encrypted, clock: Clock<'_>) -> Row {
        let side = |side| self.word(if side == Side::Client { "client" } else { "server" });
        Row {
            tone: Tone::of(one.ending, one.is_normal()),
            cells: vec![
                format!("e{}", one.id),
                clock.write(&one.opened),
                phrase::duration(Duration::from_secs_f64(one.lifetime), self.language),
                between(&one.processes, &one.client, &one.server),
                one.server_name().unwrap_or_default().to_owned(),
                self.word(&format!("cell_{}", one.websocket)).to_owned(),
                one.closed_by.map_or(self.word("nobody"), side).to_owned(),
                self.word(outside_how(one)).to_owned(),
                one.verdict.title.to_string(),
            ],
        }
    }

    /// Describes connections with the same cause: the first ones, the advice once, then the filters that show them.
    fn outside_items(&self, connections: &[&Encrypted]) -> Vec<Item> {
        let groups = by_rule(connections, |one| &one.verdict);
        groups.iter().flat_map(|group| self.outside_group(group)).collect()
    }

    fn outside_group(&self, group: &[&Encrypted]) -> Vec<Item> {
        let (examples, others) = group.split_at_checked(self.extent.examples).unwrap_or((group, &[]));
        let said = |one: &Encrypted, label, finding: &Finding| {
            self.item(label, self.here(&format!("e{}", one.id), &finding.summary, finding), ItemKind::Fact)
        };
        let mut items: Vec<_> = examples.iter().map(|one| said(one, "label_here", &one.verdict)).collect();
        items.iter_mut().skip(1).for_each(|item| item.label.clear());
        items.extend(self.the_same(others.iter().map(|one| format!("e{}", one.id)), examples.is_empty()));
        items.extend(group.first().into_iter().flat_map(|first| self.advice(&first.verdict)));
        for one in examples {
            items.extend(self.in_files(one.file.as_deref(), &one.verdict));
            items.push(self.item("label_filter", one.verdict.filter.clone(), ItemKind::Code));
            items.extend(self.original(one.original.as_deref()));
            let others = one.findings.iter().filter(|_| self.more);
            items.extend(others.map(|other| said(one, "label_also", other)));
        }
        items
    }
}

/// Returns the name of the words for the end of a connection, for a narrow cell.
fn outside_how(one: &Encrypted) -> &'static str {
    match one.ending {
        Kind::CloseHandshake => "cell_closing",
        Kind::Reset => "cell_rst",
        Kind::Open => "cell_open",
        _ if one.is_notified() => "cell_notified",
        _ => "cell_not_notified",
    }
}
