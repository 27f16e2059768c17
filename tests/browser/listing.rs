//! Tests the table of many connections: what is scrolled to, sorted, searched, filtered and opened.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};

use super::support::devtools::Browser;
use super::support::{PROGRAM, fixture, scripted};
use super::{browser, page, screenshot};

/// The rows in the page, which are the ones in sight and some around them.
const ROWS: &str = "[...document.querySelectorAll('table.connections tbody tr[data-at]')]";

/// Writes a capture of connections that are closed with 1011 and 1000 in turn.
pub fn many(count: usize, folder: &Path) -> PathBuf {
    let path = folder.join("capture.pcap");
    let handshake =
        scripted::handshake("/socket?token=abcdefgh", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n", "");
    let ends = [scripted::close(1011, b"unexpected condition"), scripted::close(1000, b"")];
    let conversation = |at: usize| {
        let turns = [(true, scripted::frame(1, true, b"hello")), (false, ends[at % 2].clone())];
        scripted::conversation(&handshake, &turns)
    };
    let conversations: Vec<_> = (0..count).map(conversation).collect();
    std::fs::write(&path, scripted::merged(&conversations)).unwrap();
    path
}

/// Returns the report of a fixture as JSON.
fn report(name: &str) -> Value {
    let output = Command::new(PROGRAM).args(["--format", "json"]).arg(fixture(name)).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the texts of a column.
fn column(browser: &mut Browser, name: &str) -> Vec<String> {
    let texts = browser.value(&format!("{ROWS}.map((row) => row.querySelector('.{name}').textContent)"));
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn ids(browser: &mut Browser) -> Vec<u32> {
    column(browser, "id").iter().map(|id| id.parse().unwrap()).collect()
}

fn search(browser: &mut Browser, text: &str) -> usize {
    let typed = format!(
        "(() => {{ const field = document.querySelector('input[type=search]'); field.value = {text:?}; \
             field.dispatchEvent(new Event('input')); return {ROWS}.length; }})()"
    );
    usize::try_from(browser.value(&typed).as_u64().unwrap()).unwrap()
}

/// Returns the value of an expression after the events before it.
fn later(browser: &mut Browser, expression: &str) -> Value {
    browser.value(&format!("new Promise((done) => setTimeout(() => done({expression}), 100))"))
}

fn open(browser: &mut Browser, folder: &Path) -> PathBuf {
    let page = page(&fixture("many"), folder);
    browser.look(1440, "light", true);
    browser.open(&page);
    page
}

#[test]
fn connections_are_sorted() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = open(&mut browser, folder.path());
    let report = report("many");
    // The page has them in microseconds.
    let lifetime = |id: &u32| (report["connections"][*id as usize - 1]["lifetime"].as_f64().unwrap() * 1e6) as u64;
    // Those that ended badly come first; 1 and 6 ended normally.
    let unsorted = ids(&mut browser);
    assert!(unsorted[..16].is_sorted() && unsorted[16..].is_sorted() && unsorted[16] == 1, "{unsorted:?}");

    let click = |name: &str| format!("document.querySelector('thead .{name} button').click()");
    browser.value(&click("lifetime"));
    let ascending = ids(&mut browser);
    assert!(ascending.iter().map(lifetime).is_sorted() && ascending.len() == 20, "{ascending:?}");
    assert_eq!(browser.value("document.querySelector('thead .lifetime').ariaSort"), "ascending");
    browser.value(&click("lifetime"));
    assert!(ids(&mut browser).iter().rev().map(lifetime).is_sorted());
    assert_eq!(browser.value("document.querySelector('thead .lifetime').ariaSort"), "descending");
    browser.value(&click("id"));
    assert_eq!(ids(&mut browser), (1..=20).collect::<Vec<_>>(), "as numbers, not as texts");
    browser.value(&click("code"));
    let codes = column(&mut browser, "code");
    assert!(codes.is_sorted() && codes[0] < codes[19], "{codes:?}");
    assert_eq!(browser.complaints(&page), [""; 0]);
}

#[test]
fn all_words_of_a_search_are_required() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = open(&mut browser, folder.path());
    let (all, some) = (search(&mut browser, ""), search(&mut browser, "1007"));
    assert_eq!((all, some), (20, 4));
    // In any order and case, and from different columns.
    assert_eq!(search(&mut browser, "  utf-8 1007 "), 4);
    assert_eq!(search(&mut browser, "UTF-8 going"), 0);
    let said = "[document.querySelector('.empty').hidden, document.querySelector('.empty').textContent, document.querySelector('output').value]";
    assert_eq!(browser.value(said), json!([false, "No connection matches all of this.", "0 of 20"]));
    browser.value("document.querySelector('.tools button').click()");
    assert_eq!(ids(&mut browser).len(), 20);
    assert_eq!(browser.value("document.querySelector('.empty').hidden"), true);
    assert_eq!(browser.value("document.querySelector('input').value"), "");
    assert_eq!(browser.complaints(&page), [""; 0]);
}

#[test]
fn causes_and_tiles_filter_the_table() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = open(&mut browser, folder.path());
    let causes = browser.value("[...document.querySelectorAll('.causes tbody tr')].map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent.trim()))");
    let causes = causes.as_array().unwrap().clone();
    assert!(causes.len() >= 4, "{causes:?}");
    for (at, cause) in causes.iter().enumerate() {
        let button = format!("document.querySelector('[data-cause=\"{at}\"]')");
        browser.value(&format!("{button}.click()"));
        assert_eq!(browser.value(&format!("{button}.ariaPressed")), "true");
        assert_eq!(browser.value("document.querySelectorAll('[data-cause][aria-pressed=true]').length"), 1);
        assert_eq!(ids(&mut browser).len().to_string(), cause[3], "{cause}");
        for (name, cell) in [("why", &cause[0]), ("code", &cause[1]), ("closed_by", &cause[2])] {
            assert!(column(&mut browser, name).iter().all(|text| cell == text), "{cause}");
        }
    }
    // Both are required: a normal end is no cause.
    browser.value("document.querySelector('.good [data-look]').click()");
    assert!(ids(&mut browser).is_empty());
    // A second click takes the first one back.
    browser.value("document.querySelector('[data-cause][aria-pressed=true]').click()");
    assert_eq!(ids(&mut browser).len(), 4);
    assert_eq!(browser.value(&format!("{ROWS}.every((row) => row.className === 'good')")), true);
    assert_eq!(browser.complaints(&page), [""; 0]);
}

/// The overview counts all connections; only those that are listed can be opened and filtered.
#[test]
fn the_overview_leads_to_listed_connections_only() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for top in [20, 18, 6, 1, 0] {
        let page = folder.path().join(format!("{top}.html"));
        let mut program = Command::new(PROGRAM);
        let output =
            program.args(["--all", "--top", &top.to_string(), "-o"]).args([&page, &fixture("many")]).output().unwrap();
        assert!(output.status.code() < Some(2), "{output:?}");
        browser.look(1440, "light", true);
        browser.open(&page);
        let listed = ids(&mut browser);
        assert_eq!(listed.len(), top);
        let counted = "[...document.querySelectorAll('.causes td.count span')].map((cell) => Number(cell.textContent))";
        let counted: Vec<usize> = serde_json::from_value(browser.value(counted)).unwrap();
        assert_eq!(counted.iter().sum::<usize>(), 20);
        // The number that the cell begins with, and the one that it leads to.
        let examples = "[...document.querySelectorAll('.causes a')].map((link) => [link.textContent.match(/\\d+/)[0], link.hash.slice(2)])";
        let examples: Vec<[String; 2]> = serde_json::from_value(browser.value(examples)).unwrap();
        assert!(
            examples.iter().all(|[said, led_to]| said == led_to && listed.contains(&led_to.parse().unwrap())),
            "{examples:?}"
        );

        let named = "document.querySelectorAll('table.connections tbody tr[data-at]').length";
        let pressed = format!(
            "[...document.querySelectorAll('[data-cause], .tiles button')].filter((button) => !button.disabled) \
                .map((button) => {{ button.click(); const found = {named}; button.click(); return found; }})"
        );
        let found: Vec<usize> = serde_json::from_value(browser.value(&pressed)).unwrap();
        assert!(found.iter().all(|found| *found > 0), "{top}: {found:?}");
        // Each connection has one cause and one kind of end.
        assert_eq!(found.iter().sum::<usize>(), 2 * top);
        assert_eq!(browser.complaints(&page), [""; 0]);
        screenshot(&mut browser, &format!("top-{top}.png"));
    }
}

#[test]
fn the_details_of_a_connection_are_shown_beside_the_table() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = open(&mut browser, folder.path());
    let title = "document.querySelector('#details h3').textContent";
    let first = ids(&mut browser)[0];
    assert!(browser.value(title).as_str().unwrap().starts_with(&format!("#{first} · ")), "the first one at the start");
    browser.value("document.querySelector('a[href=\"#c7\"]').click()");
    assert!(later(&mut browser, title).as_str().unwrap().starts_with("#7 · "));
    assert_eq!(browser.value("document.querySelector('[aria-current]').textContent"), "7");
    // A click beside the link, and an arrow key.
    browser.value("document.querySelector('a[href=\"#c9\"]').closest('tr').querySelector('.why').click()");
    assert!(later(&mut browser, title).as_str().unwrap().starts_with("#9 · "));
    browser.value("document.querySelector('[aria-current]').focus()");
    for kind in ["keyDown", "keyUp"] {
        let key = json!({ "type": kind, "key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40 });
        browser.call("Input.dispatchKeyEvent", key);
    }
    let next = later(&mut browser, "document.activeElement.textContent");
    assert_ne!(next, "9");
    assert!(browser.value(title).as_str().unwrap().starts_with(&format!("#{} · ", next.as_str().unwrap())));

    // The details are those of the report.
    let report = report("many");
    for connection in report["connections"].as_array().unwrap() {
        browser.value(&format!("location.hash = '#c{}'", connection["id"]));
        let said = later(&mut browser, "document.querySelector('#details').innerText");
        let said = said.as_str().unwrap();
        for text in
            ["client", "server"].map(|end| &connection[end]).into_iter().chain([&connection["verdict"]["filter"]])
        {
            assert!(said.contains(text.as_str().unwrap()), "{text}: {said}");
        }
        assert!(said.contains(connection["verdict"]["fix"].as_str().unwrap()), "{said}");
        let packets = browser.value("document.querySelectorAll('.ladder .packet').length");
        assert_eq!(packets.as_u64(), Some(connection["timeline"].as_array().unwrap().len() as u64));
    }
    assert_eq!(browser.complaints(&page), [""; 0]);
}

#[test]
fn ten_thousand_connections_fit() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(&many(10_000, folder.path()), folder.path());
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 2_500_000, "{size}");
    let Some(mut browser) = browser() else { return };
    browser.look(1440, "light", true);
    browser.open(&page);
    assert_eq!(browser.value("document.querySelector('.tools output').value"), "10,000 of 10,000");
    let rows = ids(&mut browser);
    assert!(rows.len() < 100 && rows[..3] == [1, 2, 3], "{rows:?}");
    // The list is as high as all of its rows, and ends with the last one.
    let heights = "(() => { const list = document.querySelector('.rows'); list.scrollTop = 1e9; \
                       return [list.scrollHeight, document.querySelector('tr[data-at]').offsetHeight]; })()";
    let heights = browser.value(heights);
    let (all, one) = (heights[0].as_u64().unwrap(), heights[1].as_u64().unwrap());
    assert!((10_000 * one..10_003 * one).contains(&all), "{heights}");
    later(&mut browser, "1");
    let rows = ids(&mut browser);
    assert!(rows.len() < 100 && rows.last() == Some(&10_000), "{rows:?}");

    // One that the page has no details of refers to one that ended alike.
    browser.value("location.hash = '#c9001'");
    let said = later(&mut browser, "document.querySelector('#details').innerText");
    assert!(said.as_str().unwrap().contains("--connection 9001"), "{said}");
    assert!(ids(&mut browser).contains(&9001), "it is scrolled to");
    browser.value("document.querySelector('#details p a').click()");
    assert!(later(&mut browser, "document.querySelectorAll('#details .ladder').length") == 1);
    assert_eq!(browser.complaints(&page), [""; 0]);
    screenshot(&mut browser, "ten-thousand.png");
}
