//! The redaction of JSON Web Tokens (RFC 7519). Of a token in a query, only the expiry time is kept, because a verdict
//! may rest on it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::limits;

/// Returns a token of the same length that contains only the expiry time of `token`; `None` if it is not a token, or
/// has no expiry time.
pub fn redacted(token: &[u8]) -> Option<Vec<u8>> {
    // Longer text is not a token, and could take many times its size as JSON.
    let token = Some(token).filter(|token| token.len() <= limits::HEAD)?;
    let [header, claims, signature] = token.split(|byte| *byte == b'.').collect::<Vec<_>>().try_into().ok()?;
    let plain = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let expiry = serde_json::from_slice::<Value>(&plain).ok()?.get("exp")?.as_i64()?;
    let kept = format!("{{\"exp\":{expiry}}}");
    let spaces = plain.len().checked_sub(kept.len())?;
    let claims = URL_SAFE_NO_PAD.encode(kept + &" ".repeat(spaces));
    let blot = |part: &[u8]| "x".repeat(part.len());
    Some(format!("{}.{claims}.{}", blot(header), blot(signature)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_stays() {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"sub":"ana","exp":1700000000}"#));
        let redacted = redacted(token.as_bytes()).unwrap();
        assert_eq!(redacted.len(), token.len());
        let claims = redacted.split(|byte| *byte == b'.').nth(1).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(claims).unwrap().trim_ascii(), br#"{"exp":1700000000}"#);
        assert_eq!(super::redacted(b"a.b.c"), None);
    }
}
