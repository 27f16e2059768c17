//! A code that does not say what happened: it was answered by another code, or its reason says something else.
//!
//! A remark: it is never the cause of the end.

use crate::diagnose::known::{Class, Library};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::{first_close, is_reply, is_retransmitted};
use crate::ws::CloseCode;

pub static RULE: Rule = Rule::new("misleading_code", Role::Remark, detect, include_str!("misleading_code.toml"))
    .with_values(&["side", "code", "packet"])
    .with_variants(&[
        Variant::with("", &["other", "answer"]),
        Variant::with("rejected", &["other", "answer"]),
        Variant::with("habit", &["other", "answer", "library"]),
        Variant::with("reason", &["reason"]),
    ]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let close = case.close.filter(|close| close.is_valid())?;
    let code = close.code?;
    let finding = |packet| {
        Finding::new(Confidence::Certain)
            .packet(close.carrier.seen.packet)
            .packet(packet)
            .with("side", Value::Side(close.side))
            .with("code", Value::Number(u64::from(code.0)))
            .with("packet", Value::Packet(packet))
    };
    let about = case.reason.filter(|class| *class != Class::Restart);
    if matches!(code, CloseCode::NORMAL | CloseCode::GOING_AWAY) && about.is_some() {
        let finding = finding(close.carrier.seen.packet).blame(close.side);
        return Some(finding.with("reason", Value::Wire(close.reason.to_string())).variant("reason"));
    }
    let reply = first_close(case.facts, !close.side).filter(|reply| is_reply(reply, close))?;
    // The reply may have been sent before.
    if is_retransmitted(case.facts, reply) {
        return None;
    }
    let answer = reply.code.filter(|answer| *answer != code)?;
    let finding = finding(reply.carrier.seen.packet)
        .with("other", Value::Side(!close.side))
        .with("answer", Value::Number(u64::from(answer.0)));
    let habit = Library::of(case.facts, !close.side).filter(|library| library.replies == Some(answer.0));
    Some(match (answer, habit) {
        (CloseCode::PROTOCOL_ERROR, _) => finding.blame(!close.side).variant("rejected"),
        (_, Some(library)) => finding.with("library", Value::Token(library.name.clone())).variant("habit"),
        _ => finding,
    })
}
