//! A secret in a text: its range and kind.

use std::ops::Range;

/// The kind of a secret, as far as its place or form shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// User and password of a URL (RFC 3986 §3.2.1).
    Userinfo,
    /// The credentials of an Authorization header, or the text after `Bearer`.
    Authorization,
    /// A Cookie or Set-Cookie header.
    Cookie,
    /// A value of a query.
    Query,
    /// A credential passed in place of a subprotocol.
    Subprotocol,
    /// A value assigned to a name such as `password`.
    Value,
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A key in the format of an issuer of keys, or in PEM.
    Key,
    /// An e-mail address.
    Email,
    /// The number of a payment card (ISO/IEC 7812-1).
    Card,
    /// A long string that looks random.
    Random,
}

impl Kind {
    /// Returns the name used in the placeholder of a secret.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Userinfo => "userinfo",
            Self::Authorization => "authorization",
            Self::Cookie => "cookie",
            Self::Query => "query",
            Self::Subprotocol => "subprotocol",
            Self::Value => "value",
            Self::Jwt => "jwt",
            Self::Key => "key",
            Self::Email => "email",
            Self::Card => "card",
            Self::Random => "random",
        }
    }
}

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The range of its bytes. It begins and ends at characters.
    pub range: Range<usize>,
    /// Its kind.
    pub kind: Kind,
}

/// Returns secrets in the order of the text. Secrets that overlap become one, with the kind of the one found first.
pub fn disjoint(secrets: Vec<Secret>) -> Vec<Secret> {
    let mut ordered: Vec<_> = secrets.into_iter().filter(|secret| !secret.range.is_empty()).enumerate().collect();
    ordered.sort_by_key(|(found, secret)| (secret.range.start, *found));
    let mut disjoint: Vec<(usize, Secret)> = Vec::with_capacity(ordered.len());
    for (found, secret) in ordered {
        match disjoint.last_mut().filter(|(_, last)| secret.range.start < last.range.end) {
            Some((first, last)) => {
                last.range.end = last.range.end.max(secret.range.end);
                if found < *first {
                    (*first, last.kind) = (found, secret.kind);
                }
            }
            None => disjoint.push((found, secret)),
        }
    }
    disjoint.into_iter().map(|(_, secret)| secret).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_becomes_one() {
        let secret = |range, kind| Secret { range, kind };
        let found = vec![
            secret(10..20, Kind::Key),
            secret(0..4, Kind::Email),
            secret(18..25, Kind::Random),
            secret(11..12, Kind::Card),
        ];
        assert_eq!(disjoint(found), [secret(0..4, Kind::Email), secret(10..25, Kind::Key)]);
    }
}
