//! Decides whether a broken frame provoked the end.
//!
//! Four things count: the closer had received the frame; it had sent nothing since that shows that it did not object; it
//! reacted at once; and the broken rule is one on which an endpoint has to fail the connection. The code only raises or
//! lowers the confidence: implementations answer broken frames with 1002 and 1007, but also with 1000, 1011, no code, or a
//! bare FIN.

use std::time::Duration;

use super::stride::{AT_ONCE, Stride, broken_in, first_of_each_kind, in_stride, may_have_minded, unanswered};
use super::{Case, Confidence, Finding, Value, known};
use crate::ending::{Reaction, first_close, had_sent, is_reply};
use crate::facts::{Breach, Close, Facts};
use crate::seen::Seen;
use crate::side::Side;
use crate::ws::{CloseCode, Kind, Violation};

/// The longest time of a prompt reaction. A parser reacts within milliseconds; this leaves room for slow machines and a
/// round trip.
const PROMPT: Duration = Duration::from_secs(1);

/// The longest time after which a reaction may have been provoked.
const LATE: Duration = Duration::from_secs(10);

/// The length of the longest frame header after its first two bytes.
const REST_OF_HEADER: u64 = 12;

/// Close codes that say that the peer broke the protocol, whatever the rule (RFC 6455 §7.4.1; measured on 14 servers).
pub const PROTOCOL: &[u16] = &[1002];

/// The values of every finding about a frame of most kinds.
pub const OF_FRAME: &[&str] = &["side", "packet", "bytes", "opcode"];

/// The values that a finding about a broken frame may have: how soon the other side reacted, what its Close frame said
/// instead, and what the broken Close frame meant.
pub const OPTIONAL: &[&str] = &["reaction", "hidden_by", "hidden_code", "meant_code"];

/// Returns the finding of a rule whose mechanism is a broken frame: the first violation of these kinds that can have
/// provoked the other side to end the connection. `codes` are the close codes that name such a violation.
pub fn by_violation(case: &Case<'_>, codes: &[u16], is_kind: impl Fn(&Kind) -> bool) -> Option<Finding> {
    if let Some(finding) = by_close(case, &is_kind) {
        return Some(finding);
    }
    let of_kind = first_of_each_kind(case.facts).filter(|breach| is_kind(&breach.violation.kind));
    let (breach, reaction, confidence) = of_kind.filter_map(|breach| provocation(case, breach, codes)).next()?;
    let confidence = if is_first(case.facts, breach) { confidence } else { confidence.max(Confidence::Medium) };
    let found = finding(&breach.violation, &reaction, confidence);
    let is_named = reaction.code().is_some_and(|code| codes.contains(&code));
    Some(match reaction.close {
        Some(close) if !is_named => hidden(found, !breach.violation.side, close),
        _ => found,
    })
}

/// Returns the finding of a rule about a Close frame that is broken itself and began the end, whatever the answer was. A
/// Close frame with a wrong code or reason says nothing else; one that is broken as a frame also had a reason to be sent.
fn by_close(case: &Case<'_>, is_kind: impl Fn(&Kind) -> bool) -> Option<Finding> {
    let begun = case.close?;
    let violation = broken_in(case.facts, begun).find(|violation| is_kind(&violation.kind))?;
    let is_what_it_says = matches!(
        violation.kind,
        Kind::InvalidCloseCode(_) | Kind::TruncatedCloseCode(_) | Kind::InvalidCloseReason { .. }
    );
    let reply = first_close(case.facts, !begun.side).map(|reply| reply.code);
    // If a client fails the connection with a code that must not be sent, the code is a second fault, and not the one that
    // ended the connection.
    let is_reaction =
        Reaction::of(case.facts, begun.side).is_some_and(|own| may_have_minded(case.facts, begun.side, &own));
    let confidence = match violation.kind {
        _ if is_reaction => Confidence::Medium,
        _ if is_what_it_says => Confidence::Certain,
        // A peer that echoes the code did not object to the mask; one that answers with 1000 or no code may always do so.
        Kind::Unmasked | Kind::Masked if reply == Some(begun.code) => return None,
        Kind::Unmasked | Kind::Masked if matches!(reply, Some(None | Some(CloseCode::NORMAL))) => Confidence::Medium,
        _ => Confidence::High,
    };
    let found = Finding::new(confidence)
        .blame(violation.side)
        .packet(violation.seen.packet)
        .with("side", Value::Side(violation.side))
        .with("packet", Value::Packet(violation.seen.packet));
    let found = particulars(found, violation);
    Some(match begun.code {
        _ if is_what_it_says => found,
        Some(code) => found.with("meant_code", Value::Number(u64::from(code.0))).aside("aside_meant_code"),
        None => found.aside("aside_meant_no_code"),
    })
}

/// Returns the finding of a rule whose mechanism makes a side end the connection itself, without a Close frame, after
/// what it should not have sent.
pub fn by_own_end(case: &Case<'_>, is_kind: impl Fn(&Kind) -> bool) -> Option<Finding> {
    let (by, reaction) = closer(case).filter(|(_, reaction)| reaction.close.is_none())?;
    let mut own =
        case.facts.rare.breaches.iter().map(|breach| &breach.violation).filter(|violation| violation.side == by);
    let violation = own.find(|violation| {
        is_kind(&violation.kind) && had_sent(case.facts, by, &reaction.carrier, violation.offset, violation.seen)
    })?;
    Some(finding(violation, &reaction, Confidence::Certain))
}

/// Adds what the closer said instead of its objection.
fn hidden(finding: Finding, closer: Side, close: &Close) -> Finding {
    let finding = finding.with("hidden_by", Value::Side(closer));
    match close.code {
        Some(code) => finding.with("hidden_code", Value::Number(u64::from(code.0))).aside("aside_code"),
        None => finding.aside("aside_no_code"),
    }
}

/// Returns whether no earlier frame of the same sender broke a rule on which the connection has to be failed: an endpoint
/// objects to the first such frame.
fn is_first(facts: &Facts, breach: &Breach) -> bool {
    let others = facts.rare.breaches.iter().map(|other| &other.violation);
    let mut minded = others.filter(|other| other.side == breach.violation.side && other.kind.requires_failure());
    minded.all(|other| other.offset >= breach.violation.offset)
}

/// Returns the violation with the other side's reaction and the confidence, if the violation can have provoked it.
fn provocation<'f>(
    case: &Case<'f>,
    breach: &'f Breach,
    codes: &[u16],
) -> Option<(&'f Breach, Reaction<'f>, Confidence)> {
    let (facts, violation) = (case.facts, &breach.violation);
    let closer = !violation.side;
    let reaction = Reaction::of(facts, closer)?;
    let received = could_have_received(&reaction, violation.needed, violation.seen)?;
    let after = reaction.took(violation.seen);
    let in_stride = in_stride(facts, breach, &reaction);
    let is_named = reaction.code().is_some_and(|code| codes.contains(&code)) && !is_echo(facts, &reaction);
    if is_named {
        let confidence = match (after <= PROMPT, received) {
            _ if after > LATE => return None,
            _ if in_stride == Some(Stride::ReadOn) => Confidence::Medium,
            (true, true) if in_stride.is_none() => Confidence::Certain,
            (true, _) | (false, true) => Confidence::High,
            (false, false) => Confidence::Medium,
        };
        return Some((breach, reaction, confidence));
    }
    let is_blamed = reaction.close.is_some_and(|close| known::blames_frame(&close.reason));
    let objects = reaction.close.is_none() || is_blamed || violation.kind.requires_failure();
    if in_stride.is_some() || after > PROMPT || reaction.answers_end(facts, closer) {
        return None;
    }
    let is_alone = after <= AT_ONCE && is_last(facts, &reaction, violation) && !is_preceded(facts, &reaction, breach);
    let confidence = match (reaction.close.map(tone), is_alone) {
        _ if !objects && !is_alone => return None,
        _ if !objects => Confidence::Low,
        (Some(Tone::Blame), _) if received => Confidence::High,
        (Some(Tone::Otherwise), false) => Confidence::Low,
        (Some(Tone::Otherwise | Tone::Neutral), _) => Confidence::Medium,
        (Some(Tone::Trouble) | None, true) if received => Confidence::High,
        (Some(Tone::Trouble | Tone::Blame) | None, _) => Confidence::Medium,
    };
    Some((breach, reaction, confidence))
}

/// Returns whether a Close frame only repeats the code of the one that it answers.
fn is_echo(facts: &Facts, reaction: &Reaction<'_>) -> bool {
    reaction.close.is_some_and(|close| {
        first_close(facts, !close.side).is_some_and(|other| is_reply(close, other) && close.code == other.code)
    })
}

/// The tone of a Close frame that does not name the broken rule.
enum Tone {
    /// Its reason finds fault with a frame.
    Blame,
    /// Its code says that something went wrong.
    Trouble,
    /// It says nothing: programs send it of their own accord, and some of them for every error.
    Neutral,
    /// Its reason names another cause.
    Otherwise,
}

fn tone(close: &Close) -> Tone {
    let has_words = !known::says_nothing(&close.reason);
    match (known::class_of(&close.reason), close.code.map(|code| code.0)) {
        (Some(class), _) if class != known::Class::Trouble => Tone::Otherwise,
        _ if known::blames_frame(&close.reason) => Tone::Blame,
        (_, Some(1001 | 1008 | 1010 | 1012..=1014 | 3000..=4999)) if has_words => Tone::Otherwise,
        (_, None | Some(1000 | 1001 | 1010 | 1012..=1014 | 3000..=4999)) => Tone::Neutral,
        (_, Some(_)) => Tone::Trouble,
    }
}

/// Returns whether the closer had received nothing after the violation and its frame.
fn is_last(facts: &Facts, reaction: &Reaction<'_>, violation: &Violation) -> bool {
    let is_own =
        |header_end: u64, opcode| header_end <= violation.offset + REST_OF_HEADER && opcode == violation.opcode;
    let moments = facts.sent[violation.side].moments();
    let mut behind =
        moments.filter(|moment| moment.header_end > violation.offset && !is_own(moment.header_end, moment.opcode));
    behind.all(|moment| could_have_received(reaction, moment.begun, moment.seen).is_none())
}

/// Returns whether the closer had been sent a message just before the frame that broke a rule, and had not answered it:
/// then the end may have been a reaction to that message.
fn is_preceded(facts: &Facts, reaction: &Reaction<'_>, breach: &Breach) -> bool {
    let sent = &facts.sent[breach.violation.side];
    let since = sent.said().saturating_sub(breach.messages_before);
    let mut before = sent.messages().rev().filter(|message| message.complete).skip(since as usize);
    unanswered(facts, breach) > 0 && before.any(|message| reaction.took(message.seen) <= AT_ONCE)
}

/// The acknowledgement test. Returns `None` if the sender of the reaction had not received the byte before `needed`, or
/// reacted before it was seen; else whether an acknowledgement proves that it had received it.
pub fn could_have_received(reaction: &Reaction<'_>, needed: u64, seen: Seen) -> Option<bool> {
    match reaction.had_received(needed) {
        Some(false) => None,
        Some(true) => Some(true),
        None => (seen <= reaction.carrier.seen).then_some(false),
    }
}

/// Returns a finding with the values that every broken frame has: its sender, its packets, the time to the reaction.
fn finding(violation: &Violation, reaction: &Reaction<'_>, confidence: Confidence) -> Finding {
    let finding = Finding::new(confidence)
        .blame(violation.side)
        .packet(violation.frame.packet)
        .packet(violation.seen.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(violation.side))
        .with("packet", Value::Packet(violation.seen.packet))
        .with("reaction", Value::Time(reaction.took(violation.seen)));
    particulars(finding, violation)
}

/// Adds the values and the variant that belong to this kind of violation.
fn particulars(finding: Finding, violation: &Violation) -> Finding {
    let opcode = Value::Token(format!("0x{:X}", violation.opcode.0));
    let bytes = |finding: Finding| finding.with("bytes", Value::Window(violation.context.clone()));
    match &violation.kind {
        Kind::InvalidUtf8 { offset, byte, at_end } => bytes(finding)
            .with("byte_offset", Value::Number(*offset))
            .with("byte", Value::Byte(*byte))
            .variant(if *at_end { "at_end" } else { "" }),
        Kind::InvalidCloseReason { offset, byte } => {
            bytes(finding).with("byte_offset", Value::Number(*offset)).with("byte", Value::Byte(*byte))
        }
        Kind::ReservedBits(bits) => {
            let names: Vec<_> = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")]
                .iter()
                .filter(|(bit, _)| bits & bit != 0)
                .map(|(_, name)| *name)
                .collect();
            bytes(finding).with("bits", Value::Token(names.join(", "))).variant(if *bits == 4 { "rsv1" } else { "" })
        }
        Kind::OversizedControl(length) | Kind::NonMinimalLength(length) => {
            bytes(finding).with("length", Value::Bytes(*length)).with("opcode", opcode)
        }
        Kind::InvalidCloseCode(code) => {
            // Codes that APIs report and no endpoint may send are passed on by mistake; other numbers are unassigned.
            let is_reported = matches!(code.0, 1004..=1006 | 1015);
            finding.with("code", Value::Number(u64::from(code.0))).variant(if is_reported { "" } else { "range" })
        }
        Kind::LengthTopBit => bytes(finding).variant("top_bit"),
        Kind::TruncatedCloseCode(byte) => finding.with("byte", Value::Byte(*byte)),
        Kind::LengthTooShort(excess) => finding
            .with("excess", Value::Bytes(*excess))
            .with("text", Value::Excerpt(violation.context.clone()))
            .variant("length"),
        _ => bytes(finding).with("opcode", opcode),
    }
}

/// Returns whether the reason of a Close frame contains one of these words, in any case. The words are in lower case.
pub fn reason_has(reaction: &Reaction<'_>, words: &[&str]) -> bool {
    let reason = reaction.close.map(|close| close.reason.to_lowercase()).unwrap_or_default();
    words.iter().any(|word| reason.contains(word))
}

/// Returns the side that began the end, and its reaction.
pub fn closer<'f>(case: &Case<'f>) -> Option<(Side, Reaction<'f>)> {
    let by = case.ending.by?;
    Some((by, Reaction::of(case.facts, by)?))
}
