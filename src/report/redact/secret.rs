//! A secret in a text: where, and of which kind.

use std::ops::Range;

/// What a secret is, as far as its place or its form tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// User and password of a URL (RFC 3986 §3.2.1).
    Userinfo,
    /// The credentials of an Authorization header, or what follows `Bearer`.
    Authorization,
    /// A Cookie or Set-Cookie header.
    Cookie,
    /// A value of a query.
    Query,
    /// What is passed for a subprotocol.
    Subprotocol,
    /// What is assigned to a name such as `password`.
    Value,
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A key in the form of one who issues keys, or in PEM.
    Key,
    /// An e-mail address.
    Email,
    /// The number of a payment card (ISO/IEC 7812-1).
    Card,
    /// A long string without sense.
    Random,
}

impl Kind {
    /// Its name, in what stands for a secret.
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
    /// Its bytes, which begin and end at characters.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Secrets in the order of the text. Where some overlap they become one, of the kind found first.
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
