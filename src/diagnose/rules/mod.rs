//! The table of rules. Its order is precedence among equals.

use std::sync::LazyLock;

use super::{Case, Finding, Role, Rule};
use crate::catalog::Texts;

/// Declares the rules' modules and the table: one line a rule.
macro_rules! rules {
    ($($role:ident $name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Every rule; the last one always fits.
        pub static RULES: [Rule; COUNT] = [$(Rule {
            name: stringify!($name),
            role: Role::$role,
            detect: $name::detect as fn(&Case<'_>) -> Option<Finding>,
            words: LazyLock::new(|| Texts::parse(include_str!(concat!(stringify!($name), ".toml")))),
        }),*];

        const COUNT: usize = [$(stringify!($name)),*].len();
    };
}

rules! {
    // Opening.
    Cause wrong_scheme,
    Cause tls_failed,
    Cause handshake_refused,
    Cause handshake_invalid,
    Cause handshake_unanswered,
    // Frames.
    Failure http_after_upgrade,
    Failure desynchronised_stream,
    Failure invalid_utf8,
    Failure unmasked_client_frame,
    Failure masked_server_frame,
    Failure reserved_bits,
    Failure reserved_opcode,
    Failure unexpected_continuation,
    Failure interleaved_message,
    Failure fragmented_control_frame,
    Failure oversized_control_frame,
    Failure invalid_close_code,
    Failure truncated_close_code,
    Failure invalid_close_reason,
    // The Close frame itself was read: its code is what the endpoint reports.
    Cause close_inside_message,
    Failure undecodable_deflate,
    Failure message_too_big,
    Cause wrong_message_type,
    Failure nonminimal_length,
    // Both legs of a proxy.
    Cause proxy_cut,
    // Time.
    Cause ping_unanswered,
    Cause idle_timeout,
    Cause lifetime_limit,
    Cause first_message_late,
    // Policy.
    Cause session_superseded,
    Cause rate_limit,
    Cause slow_consumer,
    Cause credentials_rejected,
    Cause credentials_expired,
    Cause server_restart,
    Cause peer_explained,
    Cause handler_failed,
    // Ends.
    Cause reset_by_middlebox,
    Cause peer_vanished,
    Cause receiver_stalled,
    Cause connection_forgotten,
    Cause ended_behind_proxy,
    Cause ended_together,
    Description close_unanswered,
    Description reset_without_close,
    Description fin_without_close,
    Description still_open,
    // Plain.
    Description closed_normally,
    Description going_away,
    Description closed_by_application,
    // Beside the answer.
    Remark reconnect_storm,
    Remark misleading_code,
    // Always.
    Description unexplained,
}
