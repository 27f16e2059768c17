//! A broken rule is named whatever the peer answers, and no rule is named if none was broken.

use proptest::prelude::*;
use serde_json::Value;
use whyclosed::diagnose::{RULES, Role};
use whyclosed::side::Side;

use super::strategies::{act, conversation, fault};
use crate::support::conversation::{Act, Conversation, End, Fault, Reaction};
use crate::support::segments::{Change, SERVER_PORT, packets};
use crate::support::way::{self, report};

/// Generates the ways in which a peer ends the connection: with any code that endpoints send, without a code, or
/// without a Close frame.
fn reaction() -> impl Strategy<Value = Reaction> {
    let codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4401, 4999];
    let code = prop_oneof![1 => Just(None), 4 => prop::sample::select(codes.to_vec()).prop_map(Some)];
    prop_oneof![
        4 => code.prop_map(|code| Reaction::Close { code, answered: false }),
        1 => Just(Reaction::Fin),
        1 => Just(Reaction::Reset),
    ]
}

/// Generates faults on which RFC 6455 or RFC 7692 requires an endpoint to fail the connection.
fn required() -> impl Strategy<Value = Fault> {
    let is_required = |fault: &Fault| !matches!(fault, Fault::NonMinimalLength | Fault::NonMinimalControl);
    fault().prop_filter("may be let pass", is_required)
}

/// Returns the rules that name a fault.
fn names(fault: Fault, by: Side, deflate: bool) -> &'static [&'static str] {
    match (fault, by) {
        (Fault::Utf8InTheMiddle(_) | Fault::Utf8AtTheEnd, _) => &["invalid_utf8"],
        // RSV1 alone marks a message as compressed, which this one is not.
        (Fault::ReservedBits(4), _) | (Fault::Deflate, _) if deflate => &["undecodable_deflate"],
        (Fault::ReservedBits(_) | Fault::Deflate, _) => &["reserved_bits"],
        (Fault::ReservedOpcode(..), _) => &["reserved_opcode"],
        (Fault::UnexpectedContinuation, _) | (Fault::HttpAfterUpgrade, Side::Client) => &["unexpected_continuation"],
        (Fault::HttpAfterUpgrade, Side::Server) => &["http_after_upgrade"],
        (Fault::InterleavedMessage, _) => &["interleaved_message"],
        (Fault::FragmentedControl, _) => &["fragmented_control_frame"],
        (Fault::OversizedControl(_), _) => &["oversized_control_frame"],
        (Fault::Mask, Side::Client) => &["unmasked_client_frame"],
        (Fault::Mask, Side::Server) => &["masked_server_frame"],
        (Fault::LengthTopBit, _) => &["desynchronised_stream", "message_too_big"],
        (Fault::CloseCode(_), _) => &["invalid_close_code"],
        (Fault::HalfCloseCode, _) => &["truncated_close_code"],
        (Fault::CloseReason, _) => &["invalid_close_reason"],
        (Fault::NonMinimalLength | Fault::NonMinimalControl, _) => &["nonminimal_length"],
    }
}

/// Returns the verdict on a conversation, followed by the other findings. `by` begins the end, `delay` microseconds
/// after the last payload of the other side.
fn judged(conversation: &Conversation, by: Side, delay: u32) -> Vec<Value> {
    let packets = packets(std::slice::from_ref(conversation), Change::default());
    // Packets after the last payload of the other side are the closer's, or respond to it.
    let from_other = |packet: &Vec<u8>| spoken(packet).is_some_and(|side| side != by);
    let ends = packets.iter().rposition(from_other).map_or(0, |at| at + 1);
    let report = serde_json::to_value(report(way::facts_delayed(&packets, ends, delay))).unwrap();
    let connection = &report["connections"][0];
    let others = connection["findings"].as_array().unwrap();
    [&connection["verdict"]].into_iter().chain(others).cloned().collect()
}

/// Returns the sender of an Ethernet frame with IPv4 and TCP; `None` if it has no payload.
fn spoken(packet: &[u8]) -> Option<Side> {
    let (_, ip) = packet.split_at(ETHERNET);
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let tcp = &ip[IPV4..total];
    let headers = usize::from(tcp[12] >> 4) * 4;
    let is_client = u16::from_be_bytes([tcp[2], tcp[3]]) == SERVER_PORT;
    (tcp.len() > headers).then_some(if is_client { Side::Client } else { Side::Server })
}

/// The sizes of the headers before TCP's, in bytes.
const ETHERNET: usize = 14;
const IPV4: usize = 20;

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_broken_rule_is_named(
        conversation in conversation(),
        (by, fault, crossing) in (prop_oneof![Just(Side::Client), Just(Side::Server)], required(), any::<bool>()),
        reaction in reaction(),
        delay in 0u32..50_000,
    ) {
        let end = End::Fault { by, fault, crossing, reaction };
        let conversation = Conversation { end, ..conversation };
        let found = judged(&conversation, !by, delay);
        let rule = found[0]["rule"].as_str().unwrap();
        prop_assert!(names(fault, by, conversation.deflate).contains(&rule), "{:#?}", found);
    }

    #[test]
    fn no_rule_is_named_where_none_was_broken(
        (deflate, padding) in (any::<bool>(), 0usize..200),
        acts in prop::collection::vec(act(), 0..8),
        by in prop_oneof![Just(Side::Client), Just(Side::Server)],
        reaction in reaction(),
        delay in 0u32..50_000,
    ) {
        // Unanswered acts are not a fault, either.
        let acts: Vec<Act> = acts;
        let end = match reaction {
            Reaction::Close { code, .. } => End::Close { by, code, reason: String::new(), answered: false },
            Reaction::Fin => End::Fin { by },
            Reaction::Reset => End::Reset { by },
        };
        let found = judged(&Conversation { deflate, padding, acts, end }, by, delay);
        let is_fault = |finding: &&Value| {
            // Code 1009 itself says that a message was too big.
            finding["rule"] != "message_too_big"
                && RULES.iter().any(|rule| finding["rule"] == rule.name && rule.role == Role::Failure)
        };
        let faults: Vec<_> = found.iter().filter(is_fault).collect();
        prop_assert!(faults.is_empty(), "{:#?}", faults);
    }
}
