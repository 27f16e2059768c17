//! The expected contents of a capture, and the check of a report against them.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};

/// The key for Close frames without a status code.
const NO_CODE: &str = "none";

/// The contents that the generator put into a capture, kept beside it as JSON.
#[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Truth {
    /// Version of the generator that wrote the capture.
    pub generator: u32,
    /// Size of the file.
    pub bytes: u64,
    pub packets: u64,
    /// WebSocket connections.
    pub connections: u64,
    /// Close frames whose bytes are all in the capture.
    pub close_frames: u64,
    /// The number of Close frames by status code.
    pub closes: BTreeMap<String, u64>,
    /// The percentage of connections and Close frames that a report may miss, because the capture lacks segments around
    /// them.
    pub may_miss_percent: u64,
}

impl Truth {
    /// Counts a Close frame.
    pub fn closed_with(&mut self, code: Option<u16>) {
        self.close_frames += 1;
        *self.closes.entry(named(code)).or_default() += 1;
    }

    /// Compares a report (JSON, version 1) with the truth. The error lists every difference.
    pub fn check(&self, report: impl Read) -> Result<(), String> {
        let report: Report =
            serde_json::from_reader(BufReader::new(report)).map_err(|error| format!("no report: {error}"))?;
        let mut found = BTreeMap::<String, u64>::new();
        for close in report.connections.iter().flat_map(|connection| &connection.closes) {
            *found.entry(named(close.code)).or_default() += 1;
        }
        let mut differences = Vec::new();
        self.compare("connections", self.connections, report.connections.len() as u64, &mut differences);
        for code in self.closes.keys().chain(found.keys().filter(|code| !self.closes.contains_key(*code))) {
            let count = |counts: &BTreeMap<String, u64>| counts.get(code).copied().unwrap_or(0);
            let what = format!("Close frames with code {code}");
            self.compare(&what, count(&self.closes), count(&found), &mut differences);
        }
        if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
    }

    /// Compares a count. A report must not exceed the truth, and may fall short by the percentage for holes in the
    /// capture.
    fn compare(&self, what: &str, truth: u64, found: u64, differences: &mut Vec<String>) {
        let least = truth - (truth * self.may_miss_percent).div_ceil(100);
        if !(least..=truth).contains(&found) {
            differences.push(format!("{what}: {found} found, {truth} in the capture"));
        }
    }
}

fn named(code: Option<u16>) -> String {
    code.map_or(NO_CODE.to_owned(), |code| code.to_string())
}

/// The part of the report that is checked.
#[derive(serde::Deserialize)]
struct Report {
    connections: Vec<Connection>,
}

#[derive(serde::Deserialize)]
struct Connection {
    closes: Vec<Close>,
}

#[derive(serde::Deserialize)]
struct Close {
    code: Option<u16>,
}
