//! The client's first message carries its credentials, and the server closes at once: it rejected them.
//!
//! Refuted by answers of the server that let the client in.

use std::time::Duration;

use crate::diagnose::known::Class;
use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::facts::Facts;
use crate::seen::Seen;
use crate::side::Side;

pub static RULE: Rule =
    Rule::new("credentials_rejected", Role::Cause, detect, include_str!("credentials_rejected.toml"))
        .with_values(&["packet", "reason", "reaction"])
        .with_variants(&[Variant::BASE, Variant::plain("said")]);

/// The longest time to a rejection; a server may look credentials up in a database.
const PROMPT: Duration = Duration::from_secs(2);

/// Words in messages with credentials.
const WORDS: &[&str] =
    &["token", "auth", "password", "passwd", "api_key", "apikey", "jwt", "secret", "credential", "login"];

/// Codes that mean rejected credentials: those of IANA, and those that copy HTTP.
const CODES: &[u16] = &[3000, 3003, 4401, 4403];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case).filter(|(by, _)| *by == Side::Server)?;
    let close = reaction.close?;
    let facts = case.facts;
    // One message may be a greeting, or the error itself; a server that sends more has let the client in.
    if facts.sent[by].messages().count() > 1 || facts.sent[!by].messages().count() > 2 {
        return None;
    }
    let asked = with_credentials(facts, !by, reaction.carrier.seen)?;
    could_have_received(&reaction, asked.1, asked.0)?;
    let after = reaction.took(asked.0);
    let said_so = matches!(case.reason, Some(Class::Credentials | Class::Expired));
    let confidence = match reaction.code()? {
        _ if after > PROMPT => return None,
        code if CODES.contains(&code) => Confidence::Certain,
        1000 | 1008 | 1011 | 3000..=4999 if said_so => Confidence::Certain,
        1008 if close.reason.is_empty() => Confidence::High,
        _ => return None,
    };
    Some(
        Finding::new(confidence)
            .blame(!by)
            .packet(asked.0.packet)
            .packet(reaction.carrier.seen.packet)
            .with("packet", Value::Packet(asked.0.packet))
            .with("reason", Value::Wire(close.reason.to_string()))
            .with("reaction", Value::Time(after))
            .variant(if close.reason.is_empty() { "" } else { "said" }),
    )
}

/// Returns the first complete message with credentials up to `before`: its packet, and the TCP bytes that it needs.
fn with_credentials(facts: &Facts, side: Side, before: Seen) -> Option<(Seen, u64)> {
    let mut messages = facts.sent[side].messages().filter(|message| message.complete && message.seen <= before);
    let asks = |message: &&crate::facts::Moment| {
        let text = facts.preview(side, message).map(|bytes| String::from_utf8_lossy(bytes).to_lowercase());
        text.is_some_and(|text| WORDS.iter().any(|word| text.contains(word)))
    };
    messages.find(asks).map(|message| (message.seen, message.needed()))
}
