//! Tests the page on paper, and without scripts: both show the first rows and the causes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::listing::many;
use super::support::fixture;
use super::{browser, page};

#[test]
fn the_first_rows_and_the_causes_need_no_script() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&many(600, folder.path()), folder.path());
    browser.look(1440, "light", false);
    browser.open(&page);
    assert_eq!(browser.value("document.querySelectorAll('table.connections tbody tr').length"), 500);
    let rest = "document.querySelector('.rest').textContent";
    assert_eq!(browser.value(rest), "100 more connections are in this page; only scripts show them.");
    let causes = "[...document.querySelectorAll('.causes tbody tr')].map((row) => row.cells[3].textContent.trim())";
    assert_eq!(browser.value(causes), json!(["300", "300"]));
    assert_eq!(browser.value("document.querySelectorAll('.tools').length"), 0);
}

#[test]
fn the_details_of_one_connection_need_no_script() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("invalid_utf8"), folder.path());
    browser.look(1440, "light", false);
    browser.open(&page);
    assert_eq!(browser.value("document.scripts.length"), 0);
    assert_eq!(browser.value("document.querySelectorAll('.tiles, .causes, .chart, table').length"), 0);
    assert_eq!(browser.value("document.querySelector('.hex mark').textContent"), "e9");
    let proof = "[...document.querySelectorAll('.ladder .proof')].map((one) => one.querySelector('.what').textContent)";
    assert_eq!(browser.value(proof), json!(["text, 62 bytes", "Close 1007"]));
    let said = browser.value("document.querySelector('.answer').innerText");
    let said = said.as_str().unwrap();
    let places = ["In this capture", "Proof", "Likely cause", "What to do"].map(|label| said.find(label));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{said}");
}

#[test]
fn the_first_rows_of_those_found_are_printed() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&many(1200, folder.path()), folder.path());
    browser.look(1440, "light", true);
    browser.open(&page);
    let rows = "document.querySelectorAll('table.connections tbody tr[data-at]').length";
    assert!(browser.value(rows).as_u64() < Some(100));
    browser.value(&format!("addEventListener('beforeprint', () => {{ window.printed = {rows}; }})"));
    let printed = browser.call("Page.printToPDF", json!({ "printBackground": false }));
    let pdf = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
    assert!(pdf.starts_with(b"%PDF"), "{}", pdf.len());
    assert_eq!(browser.value("window.printed"), 500);
    assert!(browser.value(rows).as_u64() < Some(100), "the rows of the screen are back");
}

/// On A4, no text is wider than its column, nothing is scrolled, and charts and rows are not cut in two.
#[test]
fn columns_fit_the_paper() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&fixture("many"), folder.path());
    for scripts in [true, false] {
        browser.look(720, "light", scripts);
        browser.open(&page);
        browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
        let wide = "[...document.querySelectorAll('.connections :is(th, td), .rows')] \
                        .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML)";
        assert_eq!(browser.value(wide), json!([]), "{scripts}");
        let cut = "[...document.querySelectorAll('figure, tbody tr')].filter((one) => getComputedStyle(one).breakInside !== 'avoid').length";
        assert_eq!(browser.value(cut), 0, "{scripts}");
        let tools = "[...document.querySelectorAll('.tools, .skip')].filter((one) => one.getBoundingClientRect().height > 0).length";
        assert_eq!(browser.value(tools), 0, "{scripts}");
    }
}
