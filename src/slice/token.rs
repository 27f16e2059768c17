//! JSON Web Tokens (RFC 7519): of a token in a query only the time stays at which it runs out, for a verdict may rest on it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::limits;

/// A token of the same length that says when `token` runs out, and nothing else; `None` where it is none, or does not say.
pub fn redacted(token: &[u8]) -> Option<Vec<u8>> {
    // A longer one is none, and could be of many times its size as JSON.
    let token = Some(token).filter(|token| token.len() <= limits::HEAD)?;
    let [header, claims, signature] = token.split(|byte| *byte == b'.').collect::<Vec<_>>().try_into().ok()?;
    let plain = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let expiry = serde_json::from_slice::<Value>(&plain).ok()?.get("exp")?.as_i64()?;
    let told = format!("{{\"exp\":{expiry}}}");
    let spaces = plain.len().checked_sub(told.len())?;
    let claims = URL_SAFE_NO_PAD.encode(told + &" ".repeat(spaces));
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
