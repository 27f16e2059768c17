//! Measures how long the terminal view takes from a key to the drawn screen, with 100,000 connections and with none.
//!
//! ```text
//! cargo bench --bench view
//! ```
//!
//! The screen has 200 columns and 60 rows; the times are those of the slowest of 50 presses, and a frame of 60 Hz lasts 16.7 ms.
//! The ratio is that to the same key in an empty list.

// A benchmark prints, and a wrong index is a bug in it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::catalog::{Language, Registries};
use whyclosed::render::markdown::Flavor;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Collection, Material, Report};
use whyclosed::view::{Options, State, Ticket, draw};

const CONNECTIONS: usize = 100_000;
const SCREEN: (u16, u16) = (200, 60);

fn main() {
    // `cargo test --benches` runs this file too, without the flag; there is nothing to test.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let begun = Instant::now();
    let mut full = State::new(options(), SCREEN);
    full.complete(report(CONNECTIONS), Selection::default());
    println!("{CONNECTIONS} connections are made and listed in {:.1} s", begun.elapsed().as_secs_f64());
    let mut empty = State::new(options(), SCREEN);
    empty.complete(report(0), Selection::default());
    println!("{:<28} {:>10} {:>10} {:>8}", "key", "full", "empty", "ratio");
    for (name, keys) in [
        ("down", vec![KeyCode::Down]),
        ("page down", vec![KeyCode::PageDown]),
        ("last, first", vec![KeyCode::Char('G'), KeyCode::Char('g')]),
        ("next tab of details", vec![KeyCode::Char('2'), KeyCode::Char('1')]),
        ("next cause, all causes", vec![KeyCode::Char('h'), KeyCode::Down, KeyCode::Esc]),
        ("reverse", vec![KeyCode::Char('S')]),
        ("type code:1007, drop it", typed("/code:1007")),
        ("type a text, drop it", typed("/moderator")),
        ("sort by the next column", vec![KeyCode::Char('s')]),
    ] {
        let [full, empty] = [&mut full, &mut empty].map(|state| slowest(state, &keys));
        let ratio = full.as_secs_f64() / empty.as_secs_f64();
        println!("{name:<28} {:>7.2} ms {:>7.2} ms {ratio:>7.1}×", millis(full), millis(empty));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn typed(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).chain([KeyCode::Esc]).collect()
}

/// Returns the longest time from a key to the drawn screen.
fn slowest(state: &mut State, keys: &[KeyCode]) -> Duration {
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.0, SCREEN.1)).unwrap();
    let press = |key: &KeyCode| {
        let begun = Instant::now();
        state.take(&Event::Key(KeyEvent::new(*key, KeyModifiers::NONE)));
        terminal.draw(|frame| draw(state, frame)).unwrap();
        begun.elapsed()
    };
    keys.iter().cycle().take(50usize.next_multiple_of(keys.len())).map(press).max().unwrap()
}

fn options() -> Options {
    let ticket = Ticket { flavor: Flavor::Github, most: 65_536, command: String::new() };
    let (registries, selection) = (Registries::default(), Selection::default());
    Options { language: Language::English, color: true, registries, ticket, selection, refused: None }
}

/// Returns a report with so many connections, which are those of a fixture with other addresses.
fn report(count: usize) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/many/capture.pcapng");
    let (mut analyzer, mut collection) = (Analyzer::default(), Collection::default());
    let mut source = capture::open(&[path]).unwrap();
    analyzer.read(&mut *source, &mut collection, |_| {}).unwrap();
    let facts = collection.finish().facts;
    let mut report =
        Report::new(Material { captures: source.summaries(), facts, ..Material::default() }, Language::English);
    let patterns = std::mem::take(&mut report.connections);
    report.connections = patterns.iter().cycle().take(count).cloned().collect();
    for (at, connection) in report.connections.iter_mut().enumerate() {
        connection.id = at + 1;
        connection.client = format!("10.{}.{}.{}:{}", at >> 16, at >> 8 & 255, at & 255, 1024 + at % 60_000);
        connection.server = format!("10.200.0.{}:443", at % 200);
    }
    report
}
