//! The table of rules. Its order is the precedence among verdicts of equal confidence.

mod close_handshake;
mod close_inside_message;
mod close_unanswered;
mod closed_by_application;
mod closed_normally;
mod connection_forgotten;
mod credentials_expired;
mod credentials_rejected;
mod desynchronised_stream;
mod ended_behind_proxy;
mod ended_together;
mod extended_connect_not_offered;
mod extended_connect_refused;
mod extended_connect_unanswered;
mod fin_without_close;
mod first_message_late;
mod flow_control_stall;
mod fragmented_control_frame;
mod goaway;
mod going_away;
mod handler_failed;
mod handshake_invalid;
mod handshake_refused;
mod handshake_unanswered;
mod http_after_upgrade;
mod idle_timeout;
mod interleaved_message;
mod invalid_close_code;
mod invalid_close_reason;
mod invalid_utf8;
mod lifetime_limit;
mod masked_server_frame;
mod message_too_big;
mod misleading_code;
mod nonminimal_length;
mod oversized_control_frame;
mod peer_explained;
mod peer_vanished;
mod ping_unanswered;
mod proxy_cut;
mod rate_limit;
mod receiver_stalled;
mod reconnect_storm;
mod reserved_bits;
mod reserved_opcode;
mod reset_by_middlebox;
mod reset_without_close;
mod server_restart;
mod session_superseded;
mod slow_consumer;
mod still_open;
mod stream_ended;
mod stream_reset;
mod tls_failed;
mod truncated_close_code;
mod undecodable_deflate;
mod unexpected_continuation;
mod unexplained;
mod unmasked_client_frame;
mod wrong_message_type;
mod wrong_scheme;

use super::Rule;

/// The last rule, which always fits.
pub static FALLBACK: &Rule = &unexplained::RULE;

/// Every rule; the last one always fits.
pub static RULES: [&Rule; 61] = [
    // Opening.
    &wrong_scheme::RULE,
    &tls_failed::RULE,
    &extended_connect_not_offered::RULE,
    &extended_connect_refused::RULE,
    &extended_connect_unanswered::RULE,
    &handshake_refused::RULE,
    &handshake_invalid::RULE,
    &handshake_unanswered::RULE,
    // Frames.
    &http_after_upgrade::RULE,
    &desynchronised_stream::RULE,
    &invalid_utf8::RULE,
    &unmasked_client_frame::RULE,
    &masked_server_frame::RULE,
    &reserved_bits::RULE,
    &reserved_opcode::RULE,
    &unexpected_continuation::RULE,
    &interleaved_message::RULE,
    &fragmented_control_frame::RULE,
    &oversized_control_frame::RULE,
    &invalid_close_code::RULE,
    &truncated_close_code::RULE,
    &invalid_close_reason::RULE,
    // The Close frame itself was read, so the endpoint reports its code.
    &close_inside_message::RULE,
    &undecodable_deflate::RULE,
    &message_too_big::RULE,
    &wrong_message_type::RULE,
    &nonminimal_length::RULE,
    // Both legs of a proxy.
    &proxy_cut::RULE,
    // Time.
    &ping_unanswered::RULE,
    &idle_timeout::RULE,
    &lifetime_limit::RULE,
    &first_message_late::RULE,
    // Policy.
    &session_superseded::RULE,
    &rate_limit::RULE,
    &slow_consumer::RULE,
    &credentials_rejected::RULE,
    &credentials_expired::RULE,
    &goaway::RULE,
    &server_restart::RULE,
    &peer_explained::RULE,
    &handler_failed::RULE,
    // Ends.
    &reset_by_middlebox::RULE,
    &peer_vanished::RULE,
    &receiver_stalled::RULE,
    &flow_control_stall::RULE,
    &connection_forgotten::RULE,
    &ended_behind_proxy::RULE,
    &ended_together::RULE,
    &close_unanswered::RULE,
    &reset_without_close::RULE,
    &fin_without_close::RULE,
    &stream_reset::RULE,
    &stream_ended::RULE,
    &still_open::RULE,
    // Plain.
    &close_handshake::RULE,
    &closed_normally::RULE,
    &going_away::RULE,
    &closed_by_application::RULE,
    // Remarks beside the answer.
    &reconnect_storm::RULE,
    &misleading_code::RULE,
    // The last rule always fits.
    FALLBACK,
];
