//! The view of a running capture: what is new comes in, open connections stand on top, and a frozen view waits.

use ratatui::crossterm::event::Event;
use whyclosed::catalog::Language;
use whyclosed::ending::Kind;
use whyclosed::limits;
use whyclosed::report::Connection;
use whyclosed::report::selection::Selection;
use whyclosed::seen::Timestamp;
use whyclosed::view::{Effect, News, Options, State};

use super::looks::{SCREENS, settings};
use super::{numbers, options, press, report, rows};

/// The time of the clock at which tests begin.
const START: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos((START + second) * 1_000_000_000)
}

/// Returns connections that have ended, on TCP streams of their own.
fn ended(language: Language) -> Vec<Box<Connection>> {
    report("many", language).connections
}

/// Returns connections that were opened in this second, on TCP streams that no other has.
fn open(second: i64, streams: std::ops::Range<u32>, language: Language) -> Vec<Box<Connection>> {
    let pattern = report("still_open", language).connections.remove(0);
    assert_eq!(pattern.ending, Kind::Open);
    let one = |stream| {
        let mut connection = pattern.clone();
        (connection.tcp_stream, connection.opened) = (stream, at(second).to_string());
        connection.client = format!("10.0.0.{}:50000", stream % 250);
        connection
    };
    streams.map(one).collect()
}

fn news(second: i64, connections: Vec<Box<Connection>>, heard: &[(&Connection, i64)]) -> News {
    let mut news = News::default();
    news.now = at(second);
    connections.into_iter().for_each(|connection| news.add(connection));
    news.heard = heard.iter().map(|(connection, second)| (connection.identity(), at(*second))).collect();
    news
}

/// Returns a view 75 s after two connections were opened, one of which is silent, and in which others have ended.
fn live(language: Language, screen: (u16, u16)) -> State {
    let options = Options { refused: Some("not_live"), ..options(language, true) };
    let mut state = State::live(options, screen);
    state.progress("lo · 12 packets/s".to_owned());
    let both = open(0, 900..902, language);
    let (first, second) = (both[0].clone(), both[1].clone());
    state.hear(news(1, both, &[]));
    state.hear(news(75, ended(language).into_iter().take(6).collect(), &[(&first, 5), (&second, 75)]));
    state
}

#[test]
fn a_running_capture_looks_as_it_should() {
    for (name, keys, language) in [
        ("live", "", Language::English),
        ("live_frozen", "f", Language::English),
        ("live_help", "?", Language::English),
        ("live_thai", "", Language::Thai),
    ] {
        for screen in SCREENS {
            let mut state = live(language, screen);
            press(&mut state, keys);
            let text = rows(&state, screen).join("\n");
            settings().bind(|| insta::assert_snapshot!(format!("{name}_{}", screen.0), text));
        }
    }
}

#[test]
fn open_connections_stand_on_top_in_every_order() {
    let mut state = live(Language::English, (120, 30));
    assert_eq!(numbers(&state), [2, 1, 8, 7, 6, 5, 4, 3], "the latest first");
    for key in "sssssssssssSsS".chars() {
        press(&mut state, &key.to_string());
        let is_open: Vec<_> = state.shown().map(|one| one.ending == Kind::Open).collect();
        assert_eq!(is_open, [true, true, false, false, false, false, false, false]);
    }
    press(&mut state, "/life>70s open<Enter>");
    assert_eq!(numbers(&state).len(), 2, "they grow older");
    press(&mut state, "<Esc>/life<74s open<Enter>");
    assert_eq!(numbers(&state), [0; 0]);
}

#[test]
fn a_connection_that_ends_keeps_its_number_and_its_mark() {
    let mut state = live(Language::English, (120, 30));
    press(&mut state, "<Down>");
    assert_eq!(state.watched().map(|id| id.stream), Some(900));
    let mut ended = ended(Language::English).remove(7);
    let opened = open(0, 900..901, Language::English).remove(0);
    (ended.tcp_stream, ended.opened, ended.client) = (900, opened.opened, opened.client);
    let rule = ended.verdict.rule.name;
    state.hear(news(76, vec![ended], &[]));
    assert_eq!(state.watched(), None);
    assert_eq!(numbers(&state).len(), 8);
    let shown: Vec<_> = state.shown().map(|one| (one.id, one.verdict.rule.name)).collect();
    assert_eq!(shown.iter().filter(|one| one.0 == 1).collect::<Vec<_>>(), [&(1, rule)]);
    let screen = rows(&state, (120, 30)).join("\n");
    assert!(screen.contains("▸ ~1 "), "{screen}");
}

#[test]
fn a_frozen_view_waits_and_loses_nothing() {
    let screen = (120, 30);
    let mut state = live(Language::English, screen);
    press(&mut state, "f");
    let before = rows(&state, screen);
    let late = open(80, 910..913, Language::English);
    state.hear(news(90, late, &[]));
    state.hear(news(95, Vec::new(), &[]));
    assert_eq!(rows(&state, screen), before);
    // What is there can be moved about in, and copied.
    let [Effect::Copy(filter)] = &*press(&mut state, "<Down>y") else { panic!() };
    assert!(filter.starts_with("tcp.stream eq "), "{filter}");
    press(&mut state, "f");
    assert_eq!(numbers(&state).len(), 11);
    let shown = rows(&state, screen).join("\n");
    assert!(shown.contains("open for 15 s") && shown.contains("The capture is running"), "{shown}");
    // The end of the capture is shown whether the view is frozen or not.
    press(&mut state, "f");
    state.complete(report("many", Language::English), Selection::default());
    assert_eq!(numbers(&state).len(), 20);
    press(&mut state, "f");
    assert!(!rows(&state, screen).join("\n").contains("f goes on"));
}

#[test]
fn tickets_are_written_of_what_is_known_and_packets_are_not() {
    let mut state = live(Language::English, (120, 30));
    press(&mut state, "GkkK");
    let [Effect::Copy(ticket)] = &*press(&mut state, "Y") else { panic!() };
    assert!(ticket.contains("tcp.stream eq"), "{ticket}");
    for key in ["w", "b"] {
        assert_eq!(press(&mut state, key), []);
        assert!(rows(&state, (120, 30)).last().unwrap().contains("--write FILE"));
    }
}

#[test]
fn connections_that_are_over_go_first_when_there_are_too_many() {
    let mut state = live(Language::English, (80, 24));
    let most = limits::LIVE_CONNECTIONS as u32;
    state.hear(news(80, open(80, 1000..1000 + most - 2, Language::English), &[]));
    assert_eq!(numbers(&state).len(), most as usize);
    assert!(state.shown().all(|one| one.ending == Kind::Open));
    assert!(numbers(&state).contains(&1));
    state.hear(news(81, ended(Language::English).into_iter().take(1).collect(), &[]));
    assert!(state.shown().all(|one| one.ending == Kind::Open), "the one that is over goes at once");
    state.hear(news(82, open(82, 100_000..100_001, Language::English), &[]));
    assert_eq!(numbers(&state).len(), most as usize);
    assert!(!numbers(&state).contains(&1), "then the oldest");
}

#[test]
fn nothing_yet_is_said() {
    for language in Language::ALL {
        let mut state = State::live(options(language, true), (60, 10));
        state.take(&Event::Resize(60, 12));
        let shown = rows(&state, (60, 12)).join("\n");
        assert!(shown.contains("WebSocket"), "{shown}");
    }
}
