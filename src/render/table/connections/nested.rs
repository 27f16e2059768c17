//! Columns with fields of their own: the fields, and the cells that are made for them.

use super::Row;
use crate::render::table::Kind::{Bool, Int32, Int64, List, Struct, Text, Time};
use crate::render::table::values::{name, time};
use crate::render::table::{Cell, Field};
use crate::report::{Close, Files, Finding};
use crate::side::Side;

/// The fields of a packet in a file.
pub(super) const PACKET: &[Field] = &[
    Field::new("file", Text, "The file; null if it is not known in which of several merged files the packet is.")
        .or_null(),
    Field::new("packet", Int64, "The number of the packet in the file; without a file, that in the merge."),
];

/// Returns the packets that prove a finding, each in the form of [`PACKET`].
pub(super) fn packets<'r>(finding: &'r Finding, files: &'r Files) -> Cell<'r> {
    let place = |file: Option<&'r str>, packet: u64| Cell::Struct(vec![file.into(), packet.into()]);
    if finding.in_files.len() == finding.packets.len() {
        return finding.in_files.iter().map(|place_of| place(Some(&place_of.file), place_of.packet)).collect();
    }
    let only = match &**files {
        [only] => Some(&**only),
        _ => None,
    };
    finding.packets.iter().map(|packet| place(only, *packet)).collect()
}

/// The fields of a Close frame.
pub(super) const CLOSE: &[Field] = &[
    Field::new("side", Text, "The side that sent it: client, server."),
    Field::new("role", Text, "first, reply, or extra. Two that crossed are both first."),
    Field::new("code", Int32, "Its code; null if it carried none, or if the code was not captured.").or_null(),
    Field::new("name", Text, "The name of the code.").or_null(),
    Field::new("reason", Text, "Its reason, redacted."),
    Field::new("packet", Int64, "The number of its packet; of merged files, that in the merge."),
    Field::new("time", Time, "The time of its packet."),
    Field::new("valid", Bool, "Whether it is valid by RFC 6455."),
    Field::new("complete", Bool, "Whether all of it was captured."),
];

/// Returns a Close frame, in the form of [`CLOSE`].
pub(super) fn close(close: &Close) -> Cell<'_> {
    Cell::Struct(vec![
        name(close.side).into(),
        close.role.into(),
        close.code.into(),
        close.name.as_deref().into(),
        (&*close.reason).into(),
        close.packet.into(),
        time(&close.time).into(),
        close.valid.into(),
        close.complete.into(),
    ])
}

/// The fields of a finding.
pub(super) const FINDING: &[Field] = &[
    Field::new("rule", Text, "The rule."),
    Field::new("is_cause", Bool, "Whether the rule names a cause, and not only a description of the end."),
    Field::new("confidence", Text, "certain, high, medium, low."),
    Field::new("side", Text, "The side to blame: client, server, network.").or_null(),
    Field::new("packets", List(&Struct(PACKET)), "The packets that prove it."),
    Field::new("filter", Text, "A Wireshark display filter that shows them."),
    Field::new("title", Text, "A few words."),
    Field::new("summary", Text, "A sentence."),
];

/// Returns a finding, in the form of [`FINDING`].
pub(super) fn finding<'r>(finding: &'r Finding, files: &'r Files) -> Cell<'r> {
    Cell::Struct(vec![
        finding.rule.name.into(),
        finding.is_cause.into(),
        finding.confidence.name().into(),
        finding.side.map(name).into(),
        packets(finding, files),
        (&*finding.filter).into(),
        (&*finding.title).into(),
        (&*finding.summary).into(),
    ])
}

/// The fields of the traffic that one side sent.
const SENT: &[Field] = &[
    Field::new("frames", Int64, "Frames; null if it could not be decrypted.").or_null(),
    Field::new("messages", Int64, "Complete messages; null if it could not be decrypted.").or_null(),
    Field::new(
        "payload_bytes",
        Int64,
        "The payload of all frames in bytes, as on the wire; without keys, that of all TLS records.",
    ),
    Field::new("pings", Int64, "Pings; null if it could not be decrypted.").or_null(),
    Field::new("pongs", Int64, "Pongs; null if it could not be decrypted.").or_null(),
];

/// The fields of the traffic of both sides.
pub(super) const TRAFFIC: &[Field] = &[
    Field::new("client", Struct(SENT), "What the client sent."),
    Field::new("server", Struct(SENT), "What the server sent."),
];

/// Returns the traffic of both sides, in the form of [`TRAFFIC`].
pub(super) fn traffic<'r>(row: &'r Row<'_>) -> Cell<'r> {
    let sent = |side: Side| {
        let traffic = row.inside.map(|connection| &connection.traffic[side]);
        Cell::Struct(vec![
            traffic.map(|traffic| traffic.frames).into(),
            traffic.map(|traffic| traffic.messages).into(),
            row.payload_bytes(side).into(),
            traffic.map(|traffic| traffic.pings).into(),
            traffic.map(|traffic| traffic.pongs).into(),
        ])
    };
    Cell::Struct(Side::BOTH.map(sent).into())
}
