//! Tests the HTML report in Chromium, if it is installed. `SCREENSHOTS=FOLDER` saves pictures of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use support::devtools::Browser;
use support::{PROGRAM, fixture, scripted, tools};

/// A script that returns the elements with too little contrast: WCAG 2 requires 4.5.
const LOW_CONTRAST: &str = r#"(() => {
    const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (color) => {
        paint.clearRect(0, 0, 1, 1); paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
        return [...paint.getImageData(0, 0, 1, 1).data];
    };
    const light = (color) => {
        const [r, g, b] = rgb(color).slice(0, 3).map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if (rgb(color)[3] === 255) return color;
        }
        return 'white';
    };
    const low = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const element = node.parentElement, style = getComputedStyle(element);
        if (!node.data.trim() || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
        const text = element.closest('svg') ? style.fill : style.color;
        const [a, b] = [light(text), light(behind(element))].sort((a, b) => b - a);
        if ((a + 0.05) / (b + 0.05) < 4.5) low.add(`${element.tagName}.${element.className.baseVal ?? element.className} ${text} on ${behind(element)}`);
    }
    return [...low];
})()"#;

fn page(capture: &Path, folder: &Path) -> PathBuf {
    let path = folder.join("report.html");
    let output =
        Command::new(PROGRAM).args(["--format", "html", "-o"]).args([&path, &capture.to_path_buf()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    path
}

fn browser() -> Option<Browser> {
    if tools::missing(&["chromium"]) { None } else { Some(Browser::start()) }
}

fn screenshot(browser: &mut Browser, name: &str) {
    let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
    let asked = json!({ "captureBeyondViewport": true, "format": "png" });
    let picture = browser.call("Page.captureScreenshot", asked);
    std::fs::write(folder.join(name), STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()).unwrap();
}

#[test]
fn every_look_of_the_page_is_sound() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
    for width in [360, 768, 1440] {
        for scheme in ["light", "dark"] {
            for scripts in [true, false] {
                let look = format!("{width} px, {scheme}, scripts {scripts}");
                browser.look(width, scheme, scripts);
                browser.open(&page);
                assert_eq!(browser.complaints(&page), [""; 0], "{look}");
                let overflow = browser.value("document.documentElement.scrollWidth");
                assert!(overflow.as_u64() <= Some(width.into()), "{look}: {overflow} px wide");
                assert_eq!(browser.value(LOW_CONTRAST), json!([]), "{look}");
                assert_eq!(
                    browser.value("document.querySelectorAll('table.connections tbody tr').length"),
                    20,
                    "{look}"
                );
                assert_eq!(browser.value("document.querySelectorAll('.tools').length"), if scripts { 2 } else { 0 });
                screenshot(&mut browser, &format!("{width}-{scheme}-{scripts}.png"));
            }
        }
    }
}

#[test]
fn connections_are_sorted_filtered_and_folded() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
    browser.look(1440, "light", true);
    browser.open(&page);
    let lifetimes =
        "[...document.querySelectorAll('table.connections tbody tr')].map((row) => +row.cells[2].dataset.v)";
    let click = |column: u32| format!("document.querySelectorAll('thead button')[{column}].click()");
    let numbers = |value: Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    browser.value(&click(2));
    let ascending = numbers(browser.value(lifetimes));
    assert!(ascending.is_sorted() && ascending.len() == 20, "{ascending:?}");
    assert_eq!(browser.value("document.querySelectorAll('table.connections thead th')[2].ariaSort"), "ascending");
    browser.value(&click(2));
    let mut descending = numbers(browser.value(lifetimes));
    descending.reverse();
    assert!(descending.is_sorted() && descending[0] < descending[19]);
    browser.value(&click(0));
    let ids = "[...document.querySelectorAll('table.connections tbody tr')].map((row) => +row.cells[0].textContent)";
    assert!(numbers(browser.value(ids)).is_sorted(), "as numbers, not as texts");

    let search = |text: &str| {
        format!(
            "(() => {{ const field = document.querySelector('input[type=search]'); field.value = {text:?}; \
                 field.dispatchEvent(new Event('input')); \
                 return document.querySelectorAll('table.connections tbody tr').length; }})()"
        )
    };
    assert_eq!(browser.value(&search("1007")), 4);
    assert_eq!(browser.value(&search("no such thing")), 0);
    assert_eq!(browser.value(&search("")), 20);
    assert_eq!(browser.value("document.querySelector('input[type=checkbox]').click(), document.querySelectorAll('table.connections tbody tr').length"), 16);

    let open = "document.querySelectorAll('details[open]').length";
    assert_eq!(browser.value(open), 1);
    browser.value("[...document.querySelectorAll('.details .tools button')][0].click()");
    assert_eq!(browser.value(open), 16);
    browser.value("[...document.querySelectorAll('.details .tools button')][1].click()");
    assert_eq!(browser.value(open), 0);
    browser.value("document.querySelector('table.connections a[href=\"#c7\"]').click()");
    assert_eq!(
        browser.value("new Promise((done) => setTimeout(() => done(document.querySelector('#c7').open), 50))"),
        true
    );
    assert_eq!(browser.complaints(&page), [""; 0]);

    // Without scripts, a summary still unfolds.
    browser.look(1440, "light", false);
    browser.open(&page);
    browser.value("document.querySelector('#c7 summary').click()");
    assert_eq!(browser.value("document.querySelector('#c7').open"), true);
}

#[test]
fn assistive_technology_finds_its_way() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("invalid_utf8"), folder.path());
    browser.look(1440, "light", true);
    browser.open(&page);
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false) {
        let name = node["name"]["value"].as_str().unwrap_or_default();
        names.entry(node["role"]["value"].as_str().unwrap().to_owned()).or_default().push(name.to_owned());
    }
    let count = |role: &str| names.get(role).map_or(0, Vec::len);
    for landmark in ["banner", "main", "contentinfo"] {
        assert_eq!(count(landmark), 1, "{landmark}: {names:?}");
    }
    assert!(names["heading"][0].starts_with("The server closed the connection"), "{names:?}");
    assert_eq!((count("table"), count("columnheader") >= 10, count("rowheader") >= 2), (2, true, true), "{names:?}");
    for role in ["table", "image", "searchbox", "checkbox", "button", "link", "region"] {
        assert!(names.get(role).is_some_and(|names| names.iter().all(|name| !name.is_empty())), "{role}: {names:?}");
    }
    assert!(names["link"].iter().any(|name| name == "To the connections"));
    assert_eq!(browser.value("document.documentElement.lang"), "en");
    // Every control can be reached by the keyboard, in the order of the page.
    let reached = browser.value("[...document.querySelectorAll('a[href],button,input,summary,[tabindex=\"0\"]')].every((one) => one.tabIndex === 0)");
    assert_eq!(reached, true);
}

#[test]
fn all_of_it_is_printed() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
    browser.look(1440, "light", true);
    browser.open(&page);
    let printed = browser.call("Page.printToPDF", json!({ "printBackground": false }));
    let pdf = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 20_000, "{}", pdf.len());
    if let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) {
        std::fs::write(folder.join("print.pdf"), pdf).unwrap();
    }
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    // Details that are folded on the screen are printed.
    let folded = "[...document.querySelectorAll('details .body')].filter((body) => body.getBoundingClientRect().height < 50).length";
    assert_eq!(browser.value(folded), 0);
    let tools =
        "[...document.querySelectorAll('.tools')].filter((tools) => tools.getBoundingClientRect().height > 0).length";
    assert_eq!(browser.value(tools), 0);
}

#[test]
fn ten_thousand_connections_fit() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let handshake =
        scripted::handshake("/socket?token=abcdefgh", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n", "");
    let ends = [scripted::close(1011, b"unexpected condition"), scripted::close(1000, b"")];
    let conversations: Vec<_> = (0..10_000)
        .map(|at| {
            scripted::conversation(
                &handshake,
                &[(true, scripted::frame(1, true, b"hello")), (false, ends[at % 2].clone())],
            )
        })
        .collect();
    std::fs::write(&capture, scripted::merged(&conversations)).unwrap();
    let page = page(&capture, folder.path());
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 5_000_000, "{size}");
    let Some(mut browser) = browser() else { return };
    browser.look(1440, "light", true);
    browser.open(&page);
    assert_eq!(browser.value("document.querySelectorAll('table.connections tbody tr').length"), 100, "a page of them");
    assert_eq!(browser.value("document.querySelector('.tools output').value"), "1–100 of 10,000");
    browser.value("document.querySelectorAll('.tools button')[1].click()");
    assert_eq!(browser.value("document.querySelector('table.connections tbody tr').cells[0].textContent"), "101");
    assert_eq!(browser.complaints(&page), [""; 0]);
    screenshot(&mut browser, "ten-thousand.png");
}
