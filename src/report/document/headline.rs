//! The headline: the answer, in one sentence.

use std::collections::BTreeMap;

use super::{Writer, capitalized, in_order};
use crate::diagnose::{Blame, Confidence};
use crate::ending::Kind;
use crate::report::phrase::{self, number};
use crate::report::{Connection, Read, Report};

impl Writer<'_> {
    pub(super) fn headline(&self, report: &Report, connections: &[&Connection]) -> String {
        let answers: Vec<_> = connections.iter().filter(|connection| connection.is_abnormal()).collect();
        match (connections, answers.as_slice()) {
            ([], _) if report.connections.is_empty() => self.none(report),
            ([], _) => self.word("selected_none").to_owned(),
            ([only], _) => self.answer(only),
            (all, []) => self.none_abnormal(all),
            (_, [only]) => {
                let id = self.fill("connection", &[("id", &only.id.to_string())]);
                format!("{} {id}{}", self.count_abnormal(connections, 1), self.answer(only))
            }
            (_, many) => {
                let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
                for connection in many {
                    *titles.entry(&connection.verdict.title).or_default() += 1;
                }
                let most = titles.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 1);
                let frequent = most.map_or_else(String::new, |(title, count)| {
                    let count = number(count as u64, self.language);
                    format!(" {}", self.fill("most_frequent", &[("title", title), ("count", &count)]))
                });
                format!("{}{frequent}", self.count_abnormal(connections, many.len()))
            }
        }
    }

    /// Says of connections of which none ended abnormally that they ended normally, or are still open.
    fn none_abnormal(&self, connections: &[&Connection]) -> String {
        let all = number(connections.len() as u64, self.language);
        match count_open(connections) {
            0 => self.counted("all_normal", connections.len(), &[]),
            open if open == connections.len() => self.fill("all_open", &[("count", &all)]),
            open => self.counted("some_open", open, &[("all", &all)]),
        }
    }

    /// Says that there is no WebSocket, or only that none could be read.
    fn none(&self, report: &Report) -> String {
        match (report.encrypted.len(), report.read.complete) {
            (0, true) => self.word("no_connections").to_owned(),
            (0, false) => self.word("none_found").to_owned(),
            (count, _) => self.counted("only_encrypted", count, &[]),
        }
    }

    /// Describes the traffic in the captures.
    pub(super) fn what_was_read(&self, report: &Report) -> String {
        let Read { packets, tcp_connections, http, http2, tls, decrypted, quic_packets, .. } = report.read;
        let number = |count| number(count, self.language);
        self.fill(
            "what_was_read",
            &[
                ("packets", &number(packets)),
                ("tcp", &number(tcp_connections)),
                ("http", &number(http)),
                ("http2", &number(http2)),
                ("tls", &number(tls)),
                ("decrypted", &number(decrypted)),
                ("quic", &number(quic_packets)),
            ],
        )
    }

    /// Names the captures, their packets, and the time that they cover.
    pub(super) fn captured(&self, report: &Report) -> Option<String> {
        let captures = match report.captures.as_slice() {
            [] => return None,
            [only] if only.path == "-" => self.word("captured_stdin").to_owned(),
            [only] => only.path.clone(),
            [first, .., last] if first.capture == last.capture => format!("{} … {}", first.path, last.path),
            [.., last] => self.counted("captured_files", last.capture as usize, &[]),
        };
        let packets = report.captures.iter().map(|capture| capture.packets).sum::<u64>();
        let packets = phrase::counted("captured_packets", packets, &[], self.language);
        let last = report.captures.iter().filter_map(|capture| capture.last.as_deref()).max_by_key(in_order);
        let times = report.start().zip(last).map(|(first, last)| self.clock.range(first, last, self.language));
        Some([captures, packets].into_iter().chain(times).collect::<Vec<_>>().join(" · "))
    }

    fn count_abnormal(&self, connections: &[&Connection], abnormal: usize) -> String {
        let (abnormal, count) =
            (number(abnormal as u64, self.language), number(connections.len() as u64, self.language));
        let counted = self.fill("counted", &[("abnormal", &abnormal), ("count", &count)]);
        match count_open(connections) {
            0 => counted,
            open => format!("{counted} {}", self.counted("more_open", open, &[])),
        }
    }

    /// Describes the end and its reason in one sentence, followed by a second one if the Close frame was never answered.
    fn answer(&self, connection: &Connection) -> String {
        let ending = capitalized(&self.ending(connection));
        let answer = match &*connection.verdict.summary {
            "" => self.fill("answer_alone", &[("ending", &ending)]),
            why => {
                let name = match connection.verdict.confidence {
                    _ if !connection.verdict.is_cause || connection.ending == Kind::Open => "answer",
                    Confidence::Certain => "answer_because",
                    Confidence::High => "answer_likely",
                    Confidence::Medium | Confidence::Low => "answer_perhaps",
                };
                self.fill(name, &[("ending", &ending), ("why", why)])
            }
        };
        match connection.closed_by {
            Some(by) if connection.ending == Kind::CloseUnanswered && !connection.verdict.rule.says_unanswered => {
                let other = phrase::side_of(!by, self.language);
                format!("{answer} {}", capitalized(&self.fill("never_answered", &[("other", other)])))
            }
            _ => answer,
        }
    }

    pub(super) fn ending(&self, connection: &Connection) -> String {
        let side = |side| phrase::side_of(side, self.language);
        let closer = connection.closed_by.map_or("", side);
        let code = connection.first_close().and_then(|close| close.code);
        let code_text = code.map_or_else(String::new, |code| self.code(connection, code));
        let name = match (connection.ending, connection.code(), code) {
            (Kind::CloseHandshake | Kind::CloseUnanswered, Some(1005), None) => "ended_no_code",
            (Kind::CloseHandshake | Kind::CloseUnanswered, _, None) => "ended_cut_code",
            (Kind::CloseHandshake, ..) => "ended_close_handshake",
            (Kind::CloseUnanswered, ..) => "ended_close_unanswered",
            (Kind::Fin, ..) => "ended_fin",
            (Kind::Reset, ..) if connection.verdict.side == Some(Blame::Network) => "ended_reset_on_the_way",
            (Kind::Reset, ..) => "ended_reset",
            (Kind::EndStream, ..) => "ended_end_stream",
            (Kind::StreamReset, ..) => "ended_stream_reset",
            (Kind::Open, ..) => "ended_open",
            (Kind::Refused, ..) => "ended_refused",
            (Kind::NoAnswer, ..) => "ended_no_answer",
        };
        self.fill(name, &[("closer", closer), ("code", &code_text)])
    }
}

fn count_open(connections: &[&Connection]) -> usize {
    connections.iter().filter(|connection| connection.ending == Kind::Open).count()
}
