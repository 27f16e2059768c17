//! A server's answer to an offer of permessage-deflate (RFC 7692 §7.1).

use super::extension::Extension;

/// Window sizes, as exponents of two.
const WINDOW_BITS: std::ops::RangeInclusive<u8> = 8..=15;

/// Returns the first parameter of an answer that the client must refuse (RFC 7692 §7.1): one that is unknown, occurs
/// twice, has a value that is not allowed, or lets the server use a larger window than the client asked for. `offers`
/// are the elements that the client offered.
pub fn refused_parameter<'a>(answer: &Extension<'a>, offers: &[Extension<'_>]) -> Option<String> {
    let mut seen = Vec::new();
    answer.parameters().find_map(|(name, value)| {
        let key = name.to_ascii_lowercase();
        let is_valid = match &*key {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "client_max_window_bits" => value.and_then(window_bits).is_some(),
            "server_max_window_bits" => value.and_then(window_bits).is_some_and(|bits| bits <= allowed(offers)),
            _ => false,
        };
        let is_repeated = seen.contains(&key);
        seen.push(key);
        let text = value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}"));
        (!is_valid || is_repeated).then(|| format!("{}; {text}", answer.name))
    })
}

/// Parses a decimal number of the allowed range without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok().filter(|bits| WINDOW_BITS.contains(bits))?;
    (!value.starts_with(['0', '+'])).then_some(bits)
}

/// Returns the largest window that an offer allows the server.
fn allowed(offers: &[Extension<'_>]) -> u8 {
    let asked = |offer: &Extension<'_>| offer.parameter("server_max_window_bits").and_then(window_bits);
    let all = offers.iter().map(|offer| asked(offer).unwrap_or(*WINDOW_BITS.end()));
    all.max().unwrap_or(*WINDOW_BITS.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::extension::extensions;

    fn refused(offer: &str, answer: &str) -> Option<String> {
        let offers: Vec<_> = extensions(Some(offer)).collect();
        let answer = extensions(Some(answer)).next().unwrap();
        refused_parameter(&answer, &offers)
    }

    #[test]
    fn only_what_rfc_7692_allows_is_taken() {
        let offer = "permessage-deflate; client_max_window_bits";
        for answer in [
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=15; client_max_window_bits=\"8\"",
        ] {
            assert_eq!(refused(offer, answer), None, "{answer}");
        }
        for bad in [
            "foo=1",
            "server_max_window_bits=99",
            "server_max_window_bits=7",
            "server_max_window_bits=010",
            "server_max_window_bits",
            "client_max_window_bits",
            "client_no_context_takeover=1",
        ] {
            let answer = format!("permessage-deflate; {bad}");
            assert_eq!(refused(offer, &answer), Some(answer));
        }
        let twice = "permessage-deflate; server_no_context_takeover; server_no_context_takeover";
        assert!(refused(offer, twice).is_some());
        let small = "permessage-deflate; server_max_window_bits=10";
        assert_eq!(refused(small, small), None);
        assert!(refused(small, "permessage-deflate; server_max_window_bits=11").is_some());
        assert!(
            refused(
                "permessage-deflate, permessage-deflate; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=15"
            )
            .is_none()
        );
    }
}
