//! Parses the codes that a user asks for: `1007`, `1000-1003`, `"policy violation"`.

use crate::catalog::{Codes, Language, Registries, Registry, iana};

/// Returns the codes that a text names by a number, a range or a name. If no name is equal, all names that begin with
/// the text count. Names are looked up in the registry asked for, else in IANA's, else in all. Returns `None` if the
/// text does not name a code.
pub fn codes(text: &str, asked: Option<&Registry>, registries: &Registries) -> Option<Vec<Codes>> {
    if let Some(codes) = Codes::parse(text) {
        return Some(vec![codes]);
    }
    let wanted = plain(text);
    if wanted.is_empty() {
        return None;
    }
    match asked {
        Some(registry) => named(&wanted, [registry].into_iter()),
        None => named(&wanted, [iana()].into_iter()).or_else(|| named(&wanted, registries.iter())),
    }
}

/// Returns the codes with that name, else those with names that begin so; `None` if there are none.
fn named<'r>(wanted: &str, registries: impl Iterator<Item = &'r Registry>) -> Option<Vec<Codes>> {
    let rows = registries.flat_map(|registry| registry.rows.iter());
    let names: Vec<_> = rows.map(|row| (plain(row.name.get(Language::English)), row.code)).collect();
    let of = |fits: &dyn Fn(&str) -> bool| {
        let mut codes: Vec<_> = names.iter().filter(|(name, _)| fits(name)).map(|(_, codes)| *codes).collect();
        codes.sort();
        codes.dedup();
        codes
    };
    let exact = of(&|name| name == wanted);
    let found = if exact.is_empty() { of(&|name| name.starts_with(wanted)) } else { exact };
    (!found.is_empty()).then_some(found)
}

/// Returns letters and digits in lower case, words separated by one space: equal for `POLICY_VIOLATION`,
/// `policy-violation`, `Policy Violation`.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ranges_and_names() {
        let registries = Registries::default();
        let of = |text: &str| {
            let found = codes(text, None, &registries)?;
            Some(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        for (text, expected) in [
            ("1007", Some("1007")),
            ("1000-1003", Some("1000–1003")),
            ("policy violation", Some("1008")),
            ("POLICY_VIOLATION", Some("1008")),
            ("policy", Some("1008")),
            ("mandatory ext.", Some("1010")),
            ("going-away", Some("1001")),
            ("disallowed intent(s)", Some("4014")),
            ("nonsense", None),
            ("-", None),
            ("70000", None),
        ] {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
        let discord = registries.named("discord-gateway");
        assert_eq!(codes("rate limited", discord, &registries), Some(vec![Codes::one(4008)]));
    }
}
