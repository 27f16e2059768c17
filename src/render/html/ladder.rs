//! Shows the last moments of a connection as a sequence diagram: a list whose items the style sheet draws as arrows
//! between the lifelines of the two ends.

use super::Page;
use super::node::{Node, element, labelled};
use crate::report::document;
use crate::report::phrase::{counted, word};
use crate::report::{Connection, Moment};
use crate::side::Side;

/// Returns the diagram; `None` if nothing is known of the moments.
pub(super) fn ladder(page: Page<'_>, connection: &Connection) -> Option<Node> {
    let items = document::moments(connection, page.language);
    let moments = &connection.timeline;
    if moments.is_empty() {
        return None;
    }
    // If moments were left out, there is one more item than moments.
    let omitted = if items.len() > moments.len() { items.iter().position(|item| item.label == "…") } else { None };
    let mut next = moments.iter();
    let mut rungs = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        if Some(at) == omitted {
            rungs.push(labelled("li.omitted", &item.text));
        } else if let Some(moment) = next.next() {
            let is_proof = connection.verdict.packets.contains(&moment.packet);
            rungs.push(rung(page, moment, &item.label, is_proof));
        }
    }
    let ends = element("div.ends", [labelled("span", &page.word("client")), labelled("span", &page.word("server"))]);
    let title = labelled("figcaption", &page.word("html_ladder"));
    Some(element("figure.ladder", [title, ends, element("ol", rungs)]))
}

/// Returns a moment: its time, the side that acted, what it did, and the packet.
fn rung(page: Page<'_>, moment: &Moment, when: &str, is_proof: bool) -> Node {
    let (name, side) = match (moment.side, is_proof) {
        (Side::Client, false) => ("li.client", "client"),
        (Side::Client, true) => ("li.client.proof", "client"),
        (Side::Server, false) => ("li.server", "server"),
        (Side::Server, true) => ("li.server.proof", "server"),
    };
    let packet = counted("proof", 1, &[("packets", &moment.packet.to_string())], page.language);
    let preview = moment.preview.as_deref().map(|text| word("quoted", &[("text", text)], page.language));
    let parts = [
        // The arrow shows the side to those who see it.
        labelled("span.vh", &format!("{}: ", page.word(side))),
        labelled("span.what", &document::what(moment, page.language)),
        labelled("span.packet", &packet),
    ];
    let preview = preview.map(|text| labelled("span.preview", &text));
    element(name, [labelled("span.when", when), element("span.arrow", parts.into_iter().chain(preview))])
}
