//! A verdict in words.

use std::borrow::Cow;

use serde::Serialize;

use super::numbering::NamesPackets;
use super::phrase;
use super::places::InFile;
use super::processes::Processes;
use super::redact::Redactor;
use super::values::{Said, Values};
use crate::catalog::{Language, Row, Texts, words};
use crate::diagnose::{Blame, Confidence, Evidence, FALLBACK, Role, Rule, Value, Verdict};
use crate::facts::Facts;

/// The number of a TCP connection, and that of the HTTP/2 stream on it, if it is one.
pub type Stream = (u32, Option<u32>);

/// A verdict in words.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule.
    #[cfg_attr(test, schemars(with = "String"))]
    pub rule: &'static Rule,
    /// Whether the rule names a cause, and not only a description of the end.
    pub is_cause: bool,
    /// The confidence in the verdict.
    pub confidence: Confidence,
    /// The side to blame.
    pub side: Option<Blame>,
    /// The numbers of the packets that prove it, from 1.
    pub packets: Vec<u64>,
    /// The same packets in the files that they are in, if these were merged; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_files: Vec<InFile>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
    /// The title: a few words, or those of the side that closed.
    pub title: Cow<'static, str>,
    /// The summary, as a sentence.
    pub summary: Cow<'static, str>,
    /// An explanation of the cause.
    pub cause: Cow<'static, str>,
    /// The recommended fix.
    pub fix: Cow<'static, str>,
    /// The processes at the ends of the connection, which the summary ends with; empty if they are not known.
    #[serde(skip)]
    pub processes: String,
    /// The values used in the sentences.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    pub evidence: Values,
}

impl Finding {
    pub(super) fn new(verdict: &Verdict, stream: Stream, language: Language, redactor: &mut Redactor) -> Self {
        let texts: &'static Texts = verdict.rule.words();
        let finding = &verdict.finding;
        let evidence = redactor.evidence(&finding.evidence);
        let text = |name| phrase::sentence(texts.variant(name, finding.variant, language), &evidence, language);
        Self {
            rule: verdict.rule,
            is_cause: matches!(verdict.rule.role, Role::Failure | Role::Cause),
            confidence: finding.confidence,
            side: finding.blame,
            packets: finding.packets.clone(),
            in_files: Vec::new(),
            filter: filter(stream, &finding.packets),
            title: quoted(verdict.rule, &evidence, language)
                .unwrap_or_else(|| texts.variant("title", finding.variant, language).into()),
            summary: summary(verdict.rule, (finding.variant, finding.aside), &evidence, language),
            cause: text("cause"),
            fix: text("fix"),
            processes: String::new(),
            evidence: Values::new(evidence, finding, language),
        }
    }

    /// Names the processes at the ends of the connection, behind the summary.
    pub(super) fn name(&mut self, processes: &Processes, language: Language) {
        self.processes = processes.in_words(language);
        self.name_again();
    }

    fn name_again(&mut self) {
        if !self.summary.is_empty() && !self.processes.is_empty() {
            self.summary = format!("{} ({})", self.summary, self.processes).into();
        }
    }

    /// Takes over the documentation of the close code: its name, cause and fix.
    pub(super) fn defer_to(&mut self, row: &Row, language: Language) {
        let texts = [row.name.get(language), row.cause(language), row.fix(language)];
        for (to, text) in [&mut self.title, &mut self.cause, &mut self.fix].into_iter().zip(texts) {
            if !text.is_empty() {
                *to = text.to_owned().into();
            }
        }
    }

    /// Writes the filter and the summary, the only sentence that names packets, with the numbers that they have now.
    pub(super) fn say_again(&mut self, stream: Stream) {
        self.filter = filter(stream, &self.packets);
        if let Some(Said { evidence, language, variant, aside }) = self.evidence.said() {
            self.summary = summary(self.rule, (variant, *aside), evidence, *language);
            self.name_again();
        }
    }

    /// Returns the finding used if no rule fits. The last rule always fits, so this needs an empty table of rules.
    pub(super) fn none(facts: &Facts) -> Self {
        Self {
            rule: FALLBACK,
            is_cause: false,
            confidence: Confidence::Low,
            side: None,
            packets: Vec::new(),
            in_files: Vec::new(),
            filter: filter((facts.stream, facts.http2_stream()), &[]),
            title: Cow::Borrowed(""),
            summary: Cow::Borrowed(""),
            cause: Cow::Borrowed(""),
            fix: Cow::Borrowed(""),
            processes: String::new(),
            evidence: Values::default(),
        }
    }
}

impl NamesPackets for Finding {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self {
            rule: _,
            is_cause: _,
            confidence: _,
            side: _,
            packets,
            // They stay those of the files.
            in_files: _,
            filter: _,
            title: _,
            summary: _,
            cause: _,
            fix: _,
            processes: _,
            evidence,
        } = self;
        packets.iter_mut().for_each(&mut *visit);
        evidence.packets().for_each(visit);
    }
}

/// Returns the summary of a verdict of a rule: its text, in the text that surrounds it, if there is one.
fn summary(
    rule: &'static Rule,
    (variant, aside): (&str, Option<&str>),
    evidence: &[Evidence],
    language: Language,
) -> Cow<'static, str> {
    let summary = phrase::sentence(rule.words().variant("summary", variant, language), evidence, language);
    around(aside, summary, evidence, language)
}

/// Returns the words of the side that closed, if it said any.
fn quoted(rule: &Rule, evidence: &[Evidence], language: Language) -> Option<Cow<'static, str>> {
    let value = evidence.iter().find(|evidence| Some(evidence.name) == rule.quoted).map(|evidence| &evidence.value)?;
    let is_empty = matches!(value, Value::Wire(text) if text.is_empty());
    (!is_empty).then(|| phrase::text(value, language).into_owned().into())
}

/// Puts the summary into the text that surrounds it, if there is one.
fn around(
    aside: Option<&str>,
    summary: Cow<'static, str>,
    evidence: &[Evidence],
    language: Language,
) -> Cow<'static, str> {
    let Some(name) = aside else {
        return summary;
    };
    // Not filled again: any other braces in the text come from the wire by now.
    let around = phrase::sentence(words().get(name, language), evidence, language);
    around.replacen("{summary}", &summary, 1).into()
}

/// Returns a Wireshark display filter for packets of a stream.
fn filter((tcp_stream, http2_stream): Stream, packets: &[u64]) -> String {
    let stream = match http2_stream {
        // Wireshark may lack the keys, or not know that the port is one of HTTP/2.
        Some(http2_stream) => {
            format!("tcp.stream eq {tcp_stream} && (http2.streamid eq {http2_stream} || !http2)")
        }
        None => format!("tcp.stream eq {tcp_stream}"),
    };
    match packets {
        [] => stream,
        [one] => format!("{stream} && frame.number eq {one}"),
        _ => {
            let numbers: Vec<_> = packets.iter().map(ToString::to_string).collect();
            format!("{stream} && frame.number in {{{}}}", numbers.join(","))
        }
    }
}
