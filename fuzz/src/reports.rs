//! Renders reports in every format.

use serde_json::Value;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::Source;
use whyclosed::catalog::{Language, Registries};
use whyclosed::live::{Watch, line};
use whyclosed::render::markdown::{self, Flavor, Request};
use whyclosed::render::{csv, html, json, ndjson, terminal};
use whyclosed::report::document::{Clock, document};
use whyclosed::report::redact::Privacy;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Material, Report};

/// Renders the report of a source in each format, and the live lines before it; `choice` selects the language and the
/// options.
pub fn all(source: &mut dyn Source, choice: u8) {
    let language = Language::ALL[usize::from(choice) % Language::ALL.len()];
    let privacy = Privacy {
        show_secrets: choice & 0x20 != 0,
        anonymize: choice & 0x40 != 0,
        previews: usize::from(choice & 0x80),
    };
    let mut watch = Watch::new(language, Registries::default(), privacy);
    let mut analyzer = Analyzer::default();
    // A capture may end in an error: the packets before it are reported.
    while let Ok(true) = source.advance() {
        let packet = source.packet();
        analyzer.push(&packet, &mut watch);
        watch.settle(packet.time, &analyzer);
        lines(&mut watch, language);
    }
    analyzer.finish(&mut watch);
    lines(&mut watch, language);
    let (facts, _) = watch.into_facts();
    let skipped = analyzer.decoder().skipped().collect();
    let captures = source.summaries();
    let material = Material {
        captures,
        facts: facts.into(),
        counts: analyzer.counts(),
        skipped,
        privacy,
        registries: Registries::default(),
        ..Material::default()
    };
    render(&Report::new(material, language), language, choice);
}

/// Drains the updates of a watch, and checks each.
fn lines(watch: &mut Watch, language: Language) {
    while let Some(told) = watch.take() {
        tame(&line(&told, Clock::default(), language, false), "");
        serde_json::to_string(&told).expect("lines are JSON");
    }
    while watch.take_judged().is_some() {}
}

/// Renders a report in each format.
pub fn render(report: &Report, language: Language, choice: u8) {
    let selection = Selection { all: true, ..Selection::default() };
    let written = |render: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        render(&mut out);
        String::from_utf8(out).expect("reports are UTF-8")
    };
    let text = written(&|out| json::render(report, out).expect("memory does not fail"));
    serde_json::from_str::<Value>(&text).expect("the report is JSON");
    let text = written(&|out| ndjson::render(report, out).expect("memory does not fail"));
    text.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).expect("a line is JSON")));
    assert_eq!(text.lines().count(), report.connections.len(), "a line for each connection");

    let text = written(&|out| csv::render(report, out).expect("memory does not fail"));
    let mut rows = ::csv::Reader::from_reader(text.as_bytes());
    assert_eq!(rows.records().filter(Result::is_ok).count(), report.connections.len(), "a row for each connection");

    let text = written(&|out| html::render(report, &selection, language, out).expect("memory does not fail"));
    // The data and the script, where there is a table.
    let scripts = if report.connections.len() > 1 { 2 } else { 0 };
    assert_eq!((text.matches("<script").count(), text.matches("<img").count()), (scripts, 0), "no markup of others");
    tame(&text, "\n");

    let width = [60, 100, 200][usize::from(choice) % 3];
    let blocks = document(report, &selection, true, language);
    let look = terminal::Look { width, color: false };
    tame(&written(&|out| terminal::render(&blocks, look, out).expect("memory does not fail")), "\n");
    for flavor in [Flavor::Github, Flavor::Jira] {
        let request = Request { selection: &selection, command: "whyclosed", flavor, most: 10_000, language };
        tame(&written(&|out| markdown::ticket(report, request, out).expect("memory does not fail")), "\n");
    }
}

/// Asserts that no character moves, colours or reorders the text around it.
fn tame(text: &str, allowed: &str) {
    let is_wild = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let wild = text.chars().find(|c| is_wild(*c) && !allowed.contains(*c));
    assert_eq!(wild, None, "{text:?}");
}
