//! The terminal view without a terminal: what keys and the mouse do, and what is shown.

mod live;
mod looks;

use std::path::Path;
use std::sync::Mutex;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use unicode_width::UnicodeWidthStr;
use whyclosed::catalog::{Language, Registries};
use whyclosed::render::markdown::Flavor;
use whyclosed::report::Report;
use whyclosed::report::selection::Selection;
use whyclosed::view::{Effect, Options, Product, State, Ticket, draw};

use crate::support::random::Random;
use crate::support::reading;

/// Returns the report on a fixture, which is made once.
fn report(name: &str, language: Language) -> Report {
    static MADE: Mutex<Vec<(String, Language, Report)>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap();
    if let Some((.., report)) = made.iter().find(|one| one.0 == name && one.1 == language) {
        return report.clone();
    }
    // Relative, so that it is the same in every checkout.
    let path = format!("fixtures/{name}/capture.pcapng");
    let report = Report::new(reading::material(Path::new(&path)).unwrap(), language);
    made.push((name.to_owned(), language, report.clone()));
    report
}

fn options(language: Language, color: bool) -> Options {
    let ticket = Ticket { flavor: Flavor::Github, most: 65_536, command: String::new() };
    let (registries, selection) = (Registries::default(), Selection::default());
    Options { language, color, registries, ticket, selection, refused: None }
}

/// Returns the view of a fixture.
fn view(name: &str, language: Language, screen: (u16, u16)) -> State {
    let mut state = State::new(options(language, true), screen);
    state.complete(report(name, language), Selection::default());
    state
}

/// Presses keys: a word in angle brackets is the name of one, other characters are typed.
fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let (name, behind) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((name, behind)) if !name.is_empty() => (name, behind),
            _ => rest.split_at(first.len_utf8()),
        };
        rest = behind;
        let (code, modifiers) = match name {
            "Enter" => (KeyCode::Enter, KeyModifiers::NONE),
            "Esc" => (KeyCode::Esc, KeyModifiers::NONE),
            "Tab" => (KeyCode::Tab, KeyModifiers::NONE),
            "BackTab" => (KeyCode::BackTab, KeyModifiers::SHIFT),
            "Down" => (KeyCode::Down, KeyModifiers::NONE),
            "PageDown" => (KeyCode::PageDown, KeyModifiers::NONE),
            "Back" => (KeyCode::Backspace, KeyModifiers::NONE),
            "^C" => (KeyCode::Char('c'), KeyModifiers::CONTROL),
            "^Z" => (KeyCode::Char('z'), KeyModifiers::CONTROL),
            "^D" => (KeyCode::Char('d'), KeyModifiers::CONTROL),
            other => (KeyCode::Char(other.chars().next().unwrap()), KeyModifiers::NONE),
        };
        effects.extend(state.take(&Event::Key(KeyEvent::new(code, modifiers))));
    }
    effects
}

fn drawn(state: &State, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, frame)).unwrap();
    terminal
}

/// Returns the rows of the screen as text.
fn rows(state: &State, screen: (u16, u16)) -> Vec<String> {
    let terminal = drawn(state, screen);
    let buffer: &Buffer = terminal.backend().buffer();
    let row = |row: &[Cell]| {
        let (mut text, mut covered) = (String::new(), 0);
        for cell in row {
            // A wide symbol covers the cells behind it.
            if covered == 0 {
                text.push_str(cell.symbol());
                covered = cell.symbol().width();
            }
            covered = covered.saturating_sub(1);
        }
        text.trim_end().to_owned()
    };
    buffer.content().chunks(screen.0.into()).map(row).collect()
}

fn numbers(state: &State) -> Vec<usize> {
    state.shown().map(|connection| connection.id).collect()
}

#[test]
fn early_connections_are_provisional() {
    let (screen, language) = ((100, 20), Language::English);
    let mut state = State::new(options(language, true), screen);
    state.progress("12% · 250 MB/s".to_owned());
    let whole = report("many", language);
    state.add(whole.connections.iter().take(3).cloned().collect());
    press(&mut state, "<Down>");
    let shown = rows(&state, screen);
    assert!(shown[0].contains("12% · 250 MB/s") && shown[0].contains("provisional"), "{}", shown[0]);
    assert!(shown[3..].iter().any(|row| row.contains("▸ ~")), "{shown:#?}");
    assert_eq!(press(&mut state, "wbY"), [], "the report is not complete");
    let marked = |state: &State| {
        let row = rows(state, screen).into_iter().find(|row| row.contains('▸') && row.contains("  04:55")).unwrap();
        row.split("▸ ").nth(1).unwrap().trim_start_matches('~').split(' ').next().unwrap().to_owned()
    };
    let before = marked(&state);
    state.complete(whole, Selection::default());
    assert!(!state.is_reading() && marked(&state) == before, "the mark stays at its connection");
}

#[test]
fn a_filter_shows_what_the_options_of_reports_select() {
    let language = Language::English;
    let reported = |selection: &Selection| {
        let report = report("many", language);
        let found = report.connections.iter().filter(|connection| selection.matches(connection));
        let mut ids: Vec<_> = found.map(|connection| connection.id).collect();
        ids.sort_unstable();
        ids
    };
    let all = Selection::default();
    for (filter, selection) in [
        ("code:1007", Selection { codes: vec![1007], ..all.clone() }),
        ("code:1007,1011", Selection { codes: vec![1007, 1011], ..all.clone() }),
        ("rule:invalid_utf8", Selection { rules: vec!["invalid_utf8".to_owned()], ..all.clone() }),
        ("path:/chat/1", Selection { paths: vec!["/chat/1".to_owned()], ..all.clone() }),
        ("host:127.0.0.*", Selection { hosts: vec!["127.0.0.*".to_owned()], ..all.clone() }),
        ("host:elsewhere", Selection { hosts: vec!["elsewhere".to_owned()], ..all.clone() }),
    ] {
        let mut state = view("many", language, (80, 24));
        press(&mut state, &format!("/{filter}<Enter>"));
        let mut shown = numbers(&state);
        shown.sort_unstable();
        assert_eq!(shown, reported(&selection), "{filter}");
        press(&mut state, &format!("/<Esc>/!{filter}<Enter>"));
        assert_eq!(shown.len() + numbers(&state).len(), reported(&all).len(), "{filter} and its opposite");
    }
    let mut state = view("many", language, (80, 24));
    press(&mut state, "/NOT UTF-8<Enter>");
    assert!(!numbers(&state).is_empty() && state.shown().all(|one| one.verdict.rule.name == "invalid_utf8"));
    press(&mut state, "<Esc>/bad<Enter>");
    assert!(state.shown().all(|one| one.is_abnormal()));
    let bad = numbers(&state).len();
    press(&mut state, "<Esc>/good<Enter>");
    assert_eq!(bad + numbers(&state).len(), 20);
}

#[test]
fn causes_and_servers_choose_what_is_listed() {
    let mut state = view("many", Language::English, (120, 30));
    let all = numbers(&state).len();
    press(&mut state, "h<Down>");
    let titles: Vec<_> = state.shown().map(|one| one.verdict.title.to_string()).collect();
    assert!(titles.len() < all && titles.iter().all(|title| *title == titles[0]), "{titles:?}");
    let shown = rows(&state, (120, 30)).join("\n");
    assert!(shown.contains(&format!("{} of {all}", titles.len())), "{shown}");
    press(&mut state, "<Esc>");
    assert_eq!(numbers(&state).len(), all);
    press(&mut state, "h<Tab><Down><Enter><Esc>");
    assert_eq!(numbers(&state).len(), all);
}

#[test]
fn orders_are_those_of_reports_and_turn_round() {
    let mut state = view("many", Language::English, (80, 24));
    press(&mut state, "s");
    let opened: Vec<_> = state.shown().map(|one| one.opened.clone()).collect();
    assert!(opened.is_sorted());
    press(&mut state, "S");
    let reversed: Vec<_> = state.shown().map(|one| one.opened.clone()).collect();
    assert_eq!(reversed, opened.into_iter().rev().collect::<Vec<_>>());
    // Once round.
    let first = numbers(&state);
    press(&mut state, "ssssssssss");
    assert_eq!(numbers(&state), first);
}

#[test]
fn effects_concern_the_marked_connection() {
    let mut state = view("many", Language::English, (80, 24));
    press(&mut state, "/code:1007<Enter><Down>");
    let marked = state.shown().nth(1).unwrap();
    let (id, filter) = (marked.id, marked.verdict.filter.clone());
    let [Effect::Copy(copied)] = &*press(&mut state, "y") else { panic!() };
    assert_eq!(*copied, filter);
    let [Effect::Copy(ticket)] = &*press(&mut state, "Y") else { panic!() };
    assert!(ticket.contains(&filter) && ticket.contains("```mermaid"), "{ticket}");
    for (key, product) in [("w", Product::Slice), ("b", Product::Bundle)] {
        let [Effect::Write(of, chosen)] = &*press(&mut state, key) else { panic!() };
        assert_eq!((*of, chosen.id, chosen.in_capture, chosen.capture), (product, id, id, 1));
    }
    assert_eq!(press(&mut state, "/q<Back><^Z><Esc><^C>q"), [Effect::Suspend, Effect::Quit, Effect::Quit]);
}

#[test]
fn the_mouse_marks_and_scrolls() {
    let screen = (120, 30);
    let mut state = view("many", Language::English, screen);
    let at = |text: &str, state: &State| {
        let rows = rows(state, screen);
        let row = rows.iter().position(|row| row.contains(text)).unwrap();
        let column = rows[row].split(text).next().unwrap().width();
        (column as u16, row as u16)
    };
    let point = |kind, (column, row): (u16, u16), state: &mut State| {
        state.take(&Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    };
    let down = MouseEventKind::Down(MouseButton::Left);
    let cause = at("4  Text is not UTF-8", &state);
    point(down, cause, &mut state);
    assert!(numbers(&state).len() < 20 && state.shown().all(|one| one.verdict.title == "Text is not UTF-8"));
    let tab = at("3 Bytes", &state);
    point(down, tab, &mut state);
    assert!(rows(&state, screen).iter().any(|row| row.contains("[e9]")));
    let list = at("Ended by", &state);
    point(MouseEventKind::ScrollDown, (list.0, list.1 + 1), &mut state);
    let marked = format!("▸ {}", state.shown().last().unwrap().id);
    assert!(rows(&state, screen).iter().any(|row| row.contains(&marked)), "{marked}");
}

#[test]
fn no_keys_and_no_sizes_break_the_view() {
    let keys = [
        "<Down>",
        "<PageDown>",
        "k",
        "g",
        "G",
        "<^D>",
        "h",
        "l",
        "<Tab>",
        "<BackTab>",
        "<Enter>",
        "<Esc>",
        "s",
        "S",
        "e",
        "i",
        "?",
        "1",
        "2",
        "3",
        "4",
        "/",
        "x",
        "<Back>",
        ":",
    ];
    let mut random = Random::new(7);
    for language in Language::ALL {
        let mut state = view("many", language, (80, 24));
        for _ in 0..150 {
            press(&mut state, random.pick::<&str>(&keys));
            if random.chance(100) {
                let screen = (random.between(1, 200) as u16, random.between(1, 60) as u16);
                state.take(&Event::Resize(screen.0, screen.1));
                drawn(&state, screen);
            }
        }
        state.take(&Event::Resize(90, 30));
        drawn(&state, (90, 30));
    }
}
