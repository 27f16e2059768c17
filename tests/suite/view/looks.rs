//! What the screen shows: snapshots of every pane (`snapshots/*.snap`, written anew with `INSTA_UPDATE=always`), and what none of
//! them may show.

use insta::Settings;
use ratatui::buffer::Cell;
use ratatui::style::Color;
use unicode_width::UnicodeWidthChar;
use whyclosed::catalog::Language;
use whyclosed::render::is_hidden;
use whyclosed::report::selection::Selection;
use whyclosed::view::State;

use super::{drawn, options, press, report, rows, view};

/// The screens of the snapshots: an old terminal or half a screen, the usual one, and a large one.
pub const SCREENS: [(u16, u16); 3] = [(60, 24), (80, 24), (160, 40)];

/// Returns the settings of snapshots.
pub fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn every_pane_looks_as_it_should() {
    let settings = settings();
    let english = Language::English;
    for (name, fixture, keys, language) in [
        ("why", "many", "", english),
        ("timeline", "many", "2", english),
        ("bytes", "many", "3", english),
        ("no_bytes", "idle_timeout", "3", english),
        ("others", "many", "4", english),
        ("details_scrolled", "many", "<Enter><^D>", english),
        ("causes", "many", "h<Down><Down>", english),
        ("servers", "many", "h<Tab>", english),
        ("list_end", "many", "GsS", english),
        ("filter", "many", "/code:1007 !life>1h", english),
        ("filter_fault", "many", "/bad code:x", english),
        ("nothing_fits", "many", "/code:1015<Enter>", english),
        ("nothing_read", "no_websocket_http", "", english),
        ("nothing_decrypted", "many_wss_python", "", english),
        ("help", "many", "?", english),
        ("explanation", "many", "e", english),
        ("capture", "many", "i", english),
        ("thai", "many", "", Language::Thai),
        ("thai_timeline", "many", "2", Language::Thai),
        ("vietnamese_help", "many", "?", Language::Vietnamese),
    ] {
        for screen in SCREENS {
            let mut state = view(fixture, language, screen);
            press(&mut state, keys);
            let text = rows(&state, screen).join("\n");
            settings.bind(|| insta::assert_snapshot!(format!("{name}_{}", screen.0), text));
        }
    }
}

#[test]
fn each_letter_has_a_cell_of_its_own() {
    for keys in ["", "2", "4", "?", "e"] {
        let mut state = view("many", Language::Thai, (80, 24));
        press(&mut state, keys);
        let terminal = drawn(&state, (80, 24));
        let letters = |cell: &&Cell| cell.symbol().chars().filter(|letter| letter.width() == Some(1)).count() > 1;
        let joined: Vec<_> = terminal.backend().buffer().content().iter().filter(letters).collect();
        assert!(joined.is_empty(), "{keys}: {joined:?}");
    }
}

#[test]
fn without_colour_there_is_none() {
    for (color, keys) in [(true, ""), (false, ""), (false, "2"), (false, "3"), (false, "?"), (false, "/bad")] {
        let mut state = State::new(options(Language::English, color), (120, 30));
        state.complete(report("many", Language::English), Selection::default());
        press(&mut state, keys);
        let terminal = drawn(&state, (120, 30));
        let is_plain = |cell: &Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
        assert_eq!(terminal.backend().buffer().content().iter().all(is_plain), !color, "{keys}");
    }
}

#[test]
fn causes_are_coloured_and_servers_are_not() {
    let (state, screen) = (view("many", Language::English, (120, 30)), (120, 30));
    let terminal = drawn(&state, screen);
    let color = |text: &str| {
        let row = rows(&state, screen).iter().position(|row| row.contains(text)).unwrap();
        terminal.backend().buffer().cell((6, row as u16)).unwrap().fg
    };
    assert_eq!(color("4  Closed normally"), Color::Green);
    assert_eq!(color("4  Text is not UTF-8"), Color::Red);
    assert_eq!(color("20  127.0.0.1:8765"), Color::Reset);
}

#[test]
fn a_small_screen_says_so_in_every_language() {
    for language in Language::ALL {
        for screen in [(59, 24), (60, 9), (20, 5), (1, 1)] {
            let state = view("many", language, screen);
            assert!(!rows(&state, screen).iter().any(|row| row.contains('▸')));
        }
        assert!(rows(&view("many", language, (59, 24)), (59, 24)).concat().contains("60"));
    }
}

#[test]
fn hostile_text_is_inert_wherever_it_is_shown() {
    let hostile = "\x1b[31m\x07\u{202E}\u{200B}\r\n\u{9b}31m<b>";
    let mut report = report("many", Language::English);
    for connection in &mut report.connections {
        connection.verdict.title = hostile.into();
        connection.verdict.summary = hostile.into();
        connection.verdict.fix = hostile.into();
        connection.client = hostile.to_owned();
        connection.server = hostile.to_owned();
        for text in [&mut connection.handshake.target, &mut connection.handshake.host, &mut connection.handshake.server]
        {
            *text = Some(hostile.to_owned());
        }
        connection.closes.iter_mut().for_each(|close| close.reason = hostile.to_owned());
        connection.timeline.iter_mut().for_each(|moment| moment.preview = Some(hostile.into()));
    }
    report.notes.push(hostile.to_owned());
    for screen in SCREENS {
        for keys in
            ["", "2", "3", "4", "h<Down>", "h<Tab><Down>", "i", "e", "y", &format!("/{hostile}"), "/code:\u{202E}"]
        {
            let mut state = State::new(options(Language::English, true), screen);
            state.complete(report.clone(), Selection::default());
            press(&mut state, keys);
            state.progress(String::new());
            state.say(hostile.to_owned());
            let shown = rows(&state, screen).concat();
            let hidden: Vec<_> = shown.chars().filter(|character| is_hidden(*character)).collect();
            assert!(hidden.is_empty(), "{keys:?} at {screen:?}: {hidden:?}");
        }
    }
}
