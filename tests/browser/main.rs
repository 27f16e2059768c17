//! Tests the HTML report in Chromium, if it is installed. `SCREENSHOTS=FOLDER` saves pictures of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod listing;
mod printing;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use support::devtools::Browser;
use support::{PROGRAM, fixture, tools};

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
    for name in ["many", "invalid_utf8"] {
        let folder = tempfile::tempdir().unwrap();
        let page = page(&fixture(name), folder.path());
        for width in [360, 390, 800, 1440] {
            for scheme in ["light", "dark"] {
                for scripts in [true, false] {
                    let look = format!("{name}, {width} px, {scheme}, scripts {scripts}");
                    browser.look(width, scheme, scripts);
                    browser.open(&page);
                    assert_eq!(browser.complaints(&page), [""; 0], "{look}");
                    let overflow = browser.value("document.documentElement.scrollWidth");
                    assert!(overflow.as_u64() <= Some(width.into()), "{look}: {overflow} px wide");
                    assert_eq!(browser.value(LOW_CONTRAST), json!([]), "{look}");
                    screenshot(&mut browser, &format!("{name}-{width}-{scheme}-{scripts}.png"));
                }
            }
        }
    }
}

/// A phone is wide enough for how and why a connection ended.
#[test]
fn rows_are_cards_in_a_narrow_window() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
    for width in [320, 390] {
        for scripts in [true, false] {
            browser.look(width, "light", scripts);
            browser.open(&page);
            let cells = browser.value(
                "[...document.querySelectorAll('tbody :is(td.code, td.why)')].map((cell) => cell.getBoundingClientRect()) \
                    .map(({ left, right, height }) => height > 10 && left >= 0 && right <= innerWidth)",
            );
            let cells = cells.as_array().unwrap();
            assert!(cells.len() >= 10 && cells.iter().all(|is_seen| is_seen == true), "{width} {scripts}: {cells:?}");
        }
    }
}

#[test]
fn axe_finds_no_barrier() {
    if tools::missing(&["chromium", "axe-core"]) {
        return;
    }
    let read = "require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')";
    let axe = tools::command("node").args(["-p", read]).output().unwrap();
    let axe = String::from_utf8(axe.stdout).unwrap();
    let mut browser = Browser::start();
    for name in ["many", "invalid_utf8", "closed_normally", "http_after_upgrade", "many_wss_node"] {
        let folder = tempfile::tempdir().unwrap();
        let page = page(&fixture(name), folder.path());
        for (width, scheme) in [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")] {
            browser.look(width, scheme, true);
            browser.open(&page);
            browser.value(&format!("(() => {{ {axe} }})()"));
            let found =
                "axe.run().then((said) => said.violations.map((one) => [one.id, one.nodes.map((node) => node.html)]))";
            assert_eq!(browser.value(found), json!([]), "{name}, {width} px, {scheme}");
        }
    }
}

#[test]
fn assistive_technology_finds_its_way() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
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
    assert!(names["heading"][0].starts_with("16 of 20 WebSocket connections"), "{names:?}");
    assert_eq!((count("table"), count("columnheader"), count("rowheader") >= 24), (2, 16, true), "{names:?}");
    for role in ["table", "image", "searchbox", "button", "link", "region"] {
        assert!(names.get(role).is_some_and(|names| names.iter().all(|name| !name.is_empty())), "{role}: {names:?}");
    }
    assert!(names["link"].iter().any(|name| name == "To the connections"));
    assert_eq!(browser.value("document.documentElement.lang"), "en");
    // Every control can be reached by the keyboard, in the order of the page.
    let reached = browser.value("[...document.querySelectorAll('a[href],button,input,summary,[tabindex=\"0\"]')].every((one) => one.tabIndex === 0)");
    assert_eq!(reached, true);
}
