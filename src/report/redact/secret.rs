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

/// Secrets in the order of the text. Where two overlap they become one, of the kind found first.
pub fn disjoint(secrets: Vec<Secret>) -> Vec<Secret> {
    let mut disjoint: Vec<Secret> = Vec::with_capacity(secrets.len());
    for mut secret in secrets {
        let touches = |other: &mut Secret| {
            let both = other.range.start < secret.range.end && secret.range.start < other.range.end;
            if both {
                let start = other.range.start.min(secret.range.start);
                secret = Secret { range: start..other.range.end.max(secret.range.end), kind: other.kind };
            }
            both
        };
        disjoint.extract_if(.., touches).for_each(drop);
        disjoint.push(secret);
    }
    disjoint.sort_by_key(|secret| secret.range.start);
    disjoint
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
