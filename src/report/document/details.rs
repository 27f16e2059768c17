//! The details of one connection, all of them or in parts.

use super::{Clock, Connection, Extent, Item, ItemKind, Subject, Writer};
use crate::catalog::Language;
use crate::report::Code;
use crate::report::connection::Traffic;
use crate::report::phrase;

/// Returns everything about a connection: the reason for its end, the proof, the advice, the handshake and the traffic.
pub fn details(connection: &Connection, codes: &[Code], language: Language) -> Vec<Item> {
    let writer = Writer { clock: Clock::default(), codes, language, more: true, extent: Extent::default() };
    let mut items = vec![writer.happened(connection)];
    items.extend(writer.advice(&connection.verdict));
    items.extend(writer.proof(connection, false));
    items.extend(writer.other_findings(connection));
    items.extend(writer.handshake(connection));
    items.push(writer.item("label_traffic", writer.traffic(connection), ItemKind::Fact));
    items.retain(|item| !item.text.is_empty());
    items
}

/// Returns why a connection ended: what happened, the cause, the advice, the proof, and the documentation of its code.
pub fn why(connection: &Connection, codes: &[Code], language: Language) -> Vec<Item> {
    let writer = Writer { clock: Clock::default(), codes, language, more: false, extent: Extent::default() };
    let mut items = vec![writer.happened(connection)];
    items.extend(writer.advice(&connection.verdict));
    items.extend(writer.proof(connection, false));
    let documented = writer.documented(Subject::of(connection), &[connection]);
    // The advice may be that of the code.
    let new: Vec<_> = documented.into_iter().filter(|item| items.iter().all(|said| said.text != item.text)).collect();
    items.extend(new);
    items.retain(|item| !item.text.is_empty());
    items
}

/// Returns the rest of what is known of a connection: what the endpoints report, other findings, the handshake, the traffic,
/// and the limits of the view.
pub fn others(connection: &Connection, codes: &[Code], language: Language) -> Vec<Item> {
    let writer = Writer { clock: Clock::default(), codes, language, more: true, extent: Extent::default() };
    let mut items = writer.other_findings(connection);
    items.extend(writer.handshake(connection));
    items.push(writer.item("label_traffic", writer.traffic(connection), ItemKind::Fact));
    let limits = connection.visibility.iter().map(|kind| writer.limit(kind, &[connection.id]));
    items.extend(limits.map(|limit| writer.item("limits", limit, ItemKind::Fact)));
    items.retain(|item| !item.text.is_empty());
    items
}

/// Returns the timeline, one item for each moment: its time as the label, and a description.
pub fn moments(connection: &Connection, language: Language) -> Vec<Item> {
    Writer { clock: Clock::default(), codes: &[], language, more: true, extent: Extent::default() }.timeline(connection)
}

impl Writer<'_> {
    fn handshake(&self, connection: &Connection) -> Vec<Item> {
        let handshake = &connection.handshake;
        let extensions = (!handshake.extensions.is_empty()).then(|| handshake.extensions.join(", "));
        let problems = (!handshake.problems.is_empty()).then(|| handshake.problems.join("; "));
        let texts = [
            ("label_target", &handshake.target),
            ("label_host", &handshake.host),
            ("label_origin", &handshake.origin),
            ("label_user_agent", &handshake.user_agent),
            ("label_server", &handshake.server),
            ("label_subprotocol", &handshake.subprotocol),
            ("label_extensions", &extensions),
            ("label_problems", &problems),
        ];
        let given = texts.into_iter().filter_map(|(label, text)| Some((label, text.clone()?)));
        given.map(|(label, text)| self.item(label, text, ItemKind::Fact)).collect()
    }

    fn traffic(&self, connection: &Connection) -> String {
        let of = |name: &str, count| phrase::counted(&format!("traffic_{name}"), count, &[], self.language);
        let side = |traffic: &Traffic| {
            let values = [
                ("messages", &*of("messages", traffic.messages)),
                ("bytes", &*phrase::bytes_of(traffic.payload_bytes, self.language)),
                ("pings", &*of("pings", traffic.pings)),
                ("pongs", &*of("pongs", traffic.pongs)),
            ];
            self.fill("traffic_side", &values)
        };
        let traffic = &connection.traffic;
        self.fill("traffic", &[("client", &*side(&traffic.client)), ("server", &*side(&traffic.server))])
    }
}
