//! The table of rules. Its order is precedence among equals.

use super::{Case, Finding, Role, Rule};

/// Declares the rules' modules and the table: one line a rule.
macro_rules! rules {
    ($($role:ident $name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Every rule; the last one always fits.
        pub static RULES: &[Rule] = &[$(Rule {
            name: stringify!($name),
            role: Role::$role,
            detect: $name::detect as fn(&Case<'_>) -> Option<Finding>,
            words: include_str!(concat!(stringify!($name), ".toml")),
        }),*];
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
    Cause http_after_upgrade,
    Cause desynchronised_stream,
    Cause invalid_utf8,
    Cause unmasked_client_frame,
    Cause masked_server_frame,
    Cause reserved_bits,
    Cause reserved_opcode,
    Cause unexpected_continuation,
    Cause interleaved_message,
    Cause fragmented_control_frame,
    Cause oversized_control_frame,
    Cause invalid_close_code,
    Cause truncated_close_code,
    Cause invalid_close_reason,
    Cause close_inside_message,
    Cause undecodable_deflate,
    Cause message_too_big,
    Cause wrong_message_type,
    Cause nonminimal_length,
    // Time.
    Cause ping_unanswered,
    // Ends.
    Cause reset_by_middlebox,
    Cause peer_vanished,
    Cause receiver_stalled,
    Description close_unanswered,
    Description reset_without_close,
    Description fin_without_close,
    Description still_open,
    // Plain.
    Description closed_normally,
    Description going_away,
    Description closed_by_application,
    Description unexplained,
}
