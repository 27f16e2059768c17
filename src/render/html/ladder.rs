//! Draws the last moments of a connection between its two ends.

use maud::{Markup, html};

use super::{Page, sanitized};
use crate::report::Connection;
use crate::report::document;
use crate::side::Side;

/// Positions in units of the drawing: the lines of the client and of the server, and the distance between moments.
const CLIENT: u32 = 78;
const SERVER: u32 = 350;
const WIDTH: u32 = 376;
const TOP: u32 = 26;
const STEP: u32 = 30;

pub(super) fn ladder(page: Page<'_>, connection: &Connection) -> Markup {
    let items = document::moments(connection, page.language);
    let moments = &connection.timeline;
    // If moments were left out, there is one more item than moments.
    let omitted = if items.len() > moments.len() { items.iter().position(|item| item.label == "…") } else { None };
    let height = TOP + STEP * u32::try_from(items.len()).unwrap_or_default() + 8;
    let title = page.word("html_ladder");
    let mut next = moments.iter();
    html! {
        @if !items.is_empty() {
            figure.ladder {
                figcaption { (title) }
                div.scroll {
                    svg role="img" aria-label=(title) viewBox=(format!("0 0 {WIDTH} {height}")) {
                        (lifeline(CLIENT, height)) (lifeline(SERVER, height))
                        text.name x=(CLIENT) y="14" { (page.word("client")) }
                        text.name x=(SERVER - 10) y="14" { (page.word("server")) }
                        @for (at, item) in items.iter().enumerate() {
                            @let y = TOP + STEP * u32::try_from(at).unwrap_or_default() + STEP / 2;
                            @if Some(at) == omitted {
                                text.omitted x=((CLIENT + SERVER) / 2) y=(y) { (sanitized(&item.text)) }
                            } @else if let Some(moment) = next.next() {
                                @let is_proof = connection.verdict.packets.contains(&moment.packet);
                                g.proof[is_proof] {
                                    text.when x=(CLIENT - 8) y=(y + 4) { (item.label) }
                                    (arrow(moment.side, y))
                                    text.what x=((CLIENT + SERVER) / 2) y=(y - 4) { (sanitized(&document::what(moment, page.language))) }
                                }
                            }
                        }
                    }
                }
                ol.vh { @for item in &items { li { (item.label) " " (sanitized(&item.text)) } } }
            }
        }
    }
}

fn lifeline(x: u32, height: u32) -> Markup {
    html! { line.life x1=(x) x2=(x) y1=(TOP - 6) y2=(height) {} }
}

/// Draws an arrow from the side that acted to the other.
fn arrow(side: Side, y: u32) -> Markup {
    let (from, to, back) = match side {
        Side::Client => (CLIENT, SERVER - 1, SERVER - 9),
        Side::Server => (SERVER, CLIENT + 1, CLIENT + 9),
    };
    html! {
        line.arrow x1=(from) x2=(to) y1=(y) y2=(y) {}
        path.head d=(format!("M{to} {y}L{back} {}L{back} {}z", y - 4, y + 4)) {}
    }
}
