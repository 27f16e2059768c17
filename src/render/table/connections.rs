//! The table of connections: a row for each one, and for each that could not be decrypted.

mod nested;
mod row;

pub use self::row::Row;

use self::nested::{CLOSE, FINDING, PACKET, TRAFFIC, close, finding, packets, traffic};
use super::Kind::{Bool, Float64, Int32, Int64, List, Struct, Text, Time};
use super::values::{ip, name, nanos, port, time};
use super::{Cell, Column, Table};
use crate::report::Connection;
use crate::side::Side;

/// The table of connections.
pub enum Connections {}

type Of = Column<Connections>;

impl Table for Connections {
    type Row<'r> = Row<'r>;

    const NAME: &'static str = "connections";

    const ABOUT: &'static str = "A row for each WebSocket connection or attempt, and for each TLS connection that is, or \
                                 seems to be, a WebSocket, but could not be decrypted.";

    const COLUMNS: &'static [Of] = &[
        Of::new("sensor", Text, "The name given with --sensor.", |row| row.sensor.into()).or_null(),
        Of::new("file", Text, "The file of the first packet.", |row| row.common.files.first().map(|file| &**file).into())
            .or_null(),
        Of::new("connection", Int64, "The number of the connection in the report; null without keys.", |row| {
            row.inside.map(|connection| connection.id).into()
        })
        .or_null(),
        Of::only_csv("id", "The number of the connection in the report; without keys, `e` and a number.", |row| {
            let outside = row.outside.map(|encrypted| format!("e{}", encrypted.id));
            outside.or_else(|| Some(row.inside?.id.to_string())).into()
        }),
        Of::new("tcp_stream", Int64, "Wireshark's tcp.stream.", |row| row.common.tcp_stream.into()).also_csv(),
        Of::new("http2_stream", Int64, "The HTTP/2 stream, if it is one.", |row| {
            row.inside.and_then(|connection| connection.http2_stream).into()
        })
        .or_null(),
        Of::only_csv("client", "The client's address and port.", |row| row.common.client.into()),
        Of::only_csv("server", "The server's address and port.", |row| row.common.server.into()),
        Of::new("client_ip", Text, "The client's address.", |row| ip(row.common.client)).or_null(),
        Of::new("client_port", Int32, "The client's port.", |row| port(row.common.client)).or_null(),
        Of::new("server_ip", Text, "The server's address.", |row| ip(row.common.server)).or_null(),
        Of::new("server_port", Int32, "The server's port.", |row| port(row.common.server)).or_null(),
        Of::new("encrypted", Bool, "Whether it was inside TLS; no_keys is in visibility if it could not be decrypted.", |row| {
            row.inside.is_none_or(|connection| connection.encrypted).into()
        }),
        Of::new("host", Text, "The host of the request; without keys, the name that the client asked for in TLS.", |row| {
            let inside = row.handshake().and_then(|handshake| handshake.host.as_deref());
            inside.or_else(|| row.outside?.server_name()).into()
        })
        .or_null()
        .also_csv(),
        Of::new("target", Text, "The target of the request, redacted.", |row| {
            row.handshake().and_then(|handshake| handshake.target.as_deref()).into()
        })
        .or_null()
        .also_csv(),
        Of::new("status", Int32, "The status of the response.", |row| {
            row.handshake().and_then(|handshake| handshake.status).into()
        })
        .or_null()
        .also_csv(),
        Of::new("subprotocol", Text, "The subprotocol chosen.", |row| {
            row.handshake().and_then(|handshake| handshake.subprotocol.as_deref()).into()
        })
        .or_null()
        .also_csv(),
        Of::new("user_agent", Text, "User-Agent of the request.", |row| {
            row.handshake().and_then(|handshake| handshake.user_agent.as_deref()).into()
        })
        .or_null(),
        Of::new("server_header", Text, "Server of the response.", |row| {
            row.handshake().and_then(|handshake| handshake.server.as_deref()).into()
        })
        .or_null(),
        Of::new("opened", Time, "The time it was opened: that of the 101, else of the first packet.", |row| {
            time(row.common.opened).into()
        })
        .also_csv(),
        Of::new("opened_ns", Int64, "The same in nanoseconds since 1970.", |row| nanos(row.common.opened)),
        Of::new("ended", Time, "The time its end began; null while it is open.", |row| {
            row.common.ended.map(time).into()
        })
        .or_null()
        .also_csv(),
        Of::new("ended_ns", Int64, "The same in nanoseconds since 1970.", |row| row.common.ended.map(nanos).into()).or_null(),
        Of::new("lifetime", Float64, "Seconds from opened to ended; while it is open, to the end of the capture.", |row| {
            row.common.lifetime.into()
        })
        .also_csv(),
        Of::new(
            "ending",
            Text,
            "The way it ended: close_handshake, close_unanswered, fin, reset, end_stream, stream_reset, open, refused, no_answer.",
            |row| name(row.common.ending).into(),
        )
        .also_csv(),
        Of::new("closed_by", Text, "The side that began the end: client, server.", |row| {
            row.common.closed_by.map(name).into()
        })
        .or_null()
        .also_csv(),
        Of::new(
            "close_code",
            Int32,
            "The code that stands for the end: that of the Close frame that began it, 1005 if it has none, 1006 without a \
             Close frame; null if there was no WebSocket or no end, or if the code could not be read.",
            |row| row.inside.and_then(Connection::code).into(),
        )
        .or_null()
        .csv_name("code"),
        Of::only_csv("code_name", "The name of the code.", |row| row.code_name.clone().map_or(Cell::Null, Cell::Text)),
        Of::new("close_reason", Text, "The reason in the Close frame that began the end, redacted.", |row| {
            row.inside.and_then(|connection| Some(&*connection.first_close()?.reason)).into()
        })
        .or_null()
        .csv_name("reason"),
        Of::new("client_api_code", Int32, "The code that the client's API reports.", |row| {
            row.inside.and_then(|connection| connection.endpoint_codes.client).into()
        })
        .or_null()
        .csv_name("client_code"),
        Of::new("server_api_code", Int32, "The code that the server's API reports.", |row| {
            row.inside.and_then(|connection| connection.endpoint_codes.server).into()
        })
        .or_null()
        .csv_name("server_code"),
        Of::new("rule", Text, "The rule that explains the end; `whyclosed rules` lists them.", |row| {
            row.common.verdict.rule.name.into()
        })
        .also_csv(),
        Of::new("confidence", Text, "The confidence in the verdict: certain, high, medium, low.", |row| {
            row.common.verdict.confidence.name().into()
        })
        .also_csv(),
        Of::new("side", Text, "The side to blame: client, server, network.", |row| {
            row.common.verdict.side.map(name).into()
        })
        .or_null()
        .also_csv(),
        Of::new("title", Text, "The verdict in a few words, or in those of the side that closed.", |row| {
            (&*row.common.verdict.title).into()
        })
        .also_csv(),
        Of::new("summary", Text, "The verdict as a sentence.", |row| (&*row.common.verdict.summary).into()).also_csv(),
        Of::new("fix", Text, "The recommended fix.", |row| (&*row.common.verdict.fix).into()).also_csv(),
        Of::new("packets", List(&Struct(PACKET)), "The packets that prove the verdict.", |row| {
            packets(row.common.verdict, row.common.files)
        }),
        Of::only_csv("packets", "The numbers of the packets that prove the verdict; of merged files, those in the merge.", |row| {
            let numbers: Vec<_> = row.common.verdict.packets.iter().map(ToString::to_string).collect();
            numbers.join(" ").into()
        }),
        Of::new("filter", Text, "A Wireshark display filter that shows them; of merged files, in the merge.", |row| {
            (&*row.common.verdict.filter).into()
        })
        .also_csv(),
        Of::new("closes", List(&Struct(CLOSE)), "Every Close frame.", |row| {
            row.inside.map(|connection| connection.closes.as_slice()).unwrap_or_default().iter().map(close).collect()
        }),
        Of::new("findings", List(&Struct(FINDING)), "Other findings that fit, best first.", |row| {
            row.common.findings.iter().map(|one| finding(one, row.common.files)).collect()
        }),
        Of::new("traffic", Struct(TRAFFIC), "What each side sent.", traffic),
        Of::only_csv("client_messages", "Complete messages that the client sent.", |row| {
            row.inside.map(|connection| connection.traffic.client.messages).into()
        }),
        Of::only_csv("client_payload_bytes", "Their payload in bytes, as on the wire.", |row| {
            row.payload_bytes(Side::Client).into()
        }),
        Of::only_csv("server_messages", "Complete messages that the server sent.", |row| {
            row.inside.map(|connection| connection.traffic.server.messages).into()
        }),
        Of::only_csv("server_payload_bytes", "Their payload in bytes, as on the wire.", |row| {
            row.payload_bytes(Side::Server).into()
        }),
        Of::new("community_id", Text, "The Community ID, as logged by Zeek and Suricata.", |row| {
            row.common.community_id.into()
        })
        .also_csv(),
        Of::new("visibility", List(&Text), "The limits of the view, such as late_start, lost_bytes, no_keys.", |row| {
            row.common.visibility.iter().copied().collect()
        }),
        Of::only_csv("visibility", "The limits of the view.", |row| row.common.visibility.join(" ").into()),
        Of::new("continues_before", Bool, "Whether it had begun before the period of --owns.", |row| {
            row.common.continuity.is_some_and(|continuity| continuity.continues_before).into()
        }),
        Of::new("continues_after", Bool, "Whether it was still open behind what was read for the period of --owns.", |row| {
            row.common.continuity.is_some_and(|continuity| continuity.continues_after).into()
        }),
        Of::new("client_first_seq", Int64, "The client's first sequence number; null without --owns.", |row| {
            row.common.continuity.and_then(|continuity| continuity.client_first_seq).into()
        })
        .or_null(),
        Of::new("client_next_seq", Int64, "The sequence number behind the client's last byte, or FIN.", |row| {
            row.common.continuity.and_then(|continuity| continuity.client_next_seq).into()
        })
        .or_null(),
        Of::new("server_first_seq", Int64, "The server's first sequence number; null without --owns.", |row| {
            row.common.continuity.and_then(|continuity| continuity.server_first_seq).into()
        })
        .or_null(),
        Of::new("server_next_seq", Int64, "The sequence number behind the server's last byte, or FIN.", |row| {
            row.common.continuity.and_then(|continuity| continuity.server_next_seq).into()
        })
        .or_null(),
        Of::new("files", List(&Text), "The files that it is in, that of the first packet first.", |row| {
            row.common.files.iter().map(|file| &**file).collect()
        })
        .also_csv(),
    ];
}
