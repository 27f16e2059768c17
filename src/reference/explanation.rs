//! The documentation of one code.

use serde::Serialize;

use crate::catalog::close_codes::{Retry, Sender};
use crate::catalog::{Codes, Language, Localized, Registries, Registry, Row, compared_with, comparison, iana};

/// Everything that is documented about one code, in a language.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: u16,
    /// First and last code of the range that describes the code, if no registry has a row for the code itself.
    pub range: Option<(u16, u16)>,
    /// The name of the code, or of its range.
    pub name: String,
    /// The id of the registry that defines the code; `None` if no registry does.
    pub registry: Option<String>,
    /// The title of that registry, or of the registry with the range.
    pub registry_name: String,
    /// The meaning.
    pub meaning: String,
    /// The circumstances in which it is seen.
    pub cause: String,
    /// The documented fix.
    pub fix: String,
    /// Whether it may occur in a Close frame.
    pub wire: bool,
    /// The side that is meant to send it.
    pub sender: Sender,
    /// The recommended reaction of a client.
    pub retry: Retry,
    /// The practice of implementations.
    pub practice: String,
    /// Advice on when to choose it.
    pub choose: String,
    /// Codes that it is confused with.
    pub confused: Vec<Confused>,
    /// Meanings of the same number in other registries.
    pub elsewhere: Vec<Elsewhere>,
    /// References for further reading: a section of a standard, or an address.
    pub references: Vec<String>,
}

/// A code that another is confused with.
#[derive(Clone, Debug, Serialize)]
pub struct Confused {
    /// The other code.
    pub code: u16,
    /// Its name.
    pub name: String,
    /// The difference between the two; empty if there is no text about it.
    pub difference: String,
}

/// The meaning of the same number in a registry of an application.
#[derive(Clone, Debug, Serialize)]
pub struct Elsewhere {
    /// The id of the registry.
    pub registry: String,
    /// The title of the registry.
    pub registry_name: String,
    /// The name of the code there.
    pub name: String,
    /// The meaning of the code there.
    pub meaning: String,
}

impl Explanation {
    /// Explains a code by a registry, or by IANA's if `asked` is `None`. Returns `None` if that registry has no row for
    /// it.
    pub fn new(code: u16, asked: Option<&Registry>, registries: &Registries, language: Language) -> Option<Self> {
        let registry = asked.unwrap_or_else(|| iana());
        Some(Self::of_row(registry.row(code)?, code, registry, registries, language))
    }

    /// Explains a code by this row of a registry.
    pub(super) fn of_row(
        row: &Row,
        code: u16,
        registry: &Registry,
        registries: &Registries,
        language: Language,
    ) -> Self {
        let text =
            |text: &Option<Localized>| text.as_ref().map_or_else(String::new, |text| text.get(language).to_owned());
        let is_standard = std::ptr::eq(registry, iana());
        Self {
            code,
            range: (!row.code.is_one()).then_some((row.code.first, row.code.last)),
            name: row.name.get(language).to_owned(),
            registry: (row.code.is_one() || !is_standard).then(|| registry.id.clone()),
            registry_name: registry.name.clone(),
            meaning: row.meaning.get(language).to_owned(),
            cause: row.cause(language).to_owned(),
            fix: row.fix(language).to_owned(),
            wire: row.wire,
            sender: row.sender,
            retry: row.retry(),
            practice: text(&row.practice),
            choose: text(&row.choose),
            confused: if is_standard { confused(code, row, language) } else { Vec::new() },
            elsewhere: elsewhere(code, registry, registries, language),
            references: references(registry, row),
        }
    }

    /// Explains every code in a range that the registry defines; if there is none, the first code by its range.
    pub fn all(codes: Codes, asked: Option<&Registry>, registries: &Registries, language: Language) -> Vec<Self> {
        let registry = asked.unwrap_or_else(|| iana());
        let defined = registry.rows.iter().filter(|row| row.code.is_one() && codes.contains(row.code.first));
        let mut numbers: Vec<_> = defined.map(|row| row.code.first).collect();
        if numbers.is_empty() {
            numbers.push(codes.first);
        }
        numbers.into_iter().filter_map(|code| Self::new(code, asked, registries, language)).collect()
    }
}

fn confused(code: u16, row: &Row, language: Language) -> Vec<Confused> {
    let mut others = row.confused.clone();
    others.extend(compared_with(code).filter(|other| !row.confused.contains(other)));
    let of = |other| {
        Some(Confused {
            code: other,
            name: iana().row(other)?.name.get(language).to_owned(),
            difference: comparison(code, other)
                .map_or_else(String::new, |pair| pair.difference.get(language).to_owned()),
        })
    };
    others.into_iter().filter_map(of).collect()
}

fn elsewhere(code: u16, registry: &Registry, registries: &Registries, language: Language) -> Vec<Elsewhere> {
    let others = registries.defining(code).filter(|other| other.id != registry.id);
    let of = |other: &Registry| {
        let row = other.row(code)?;
        Some(Elsewhere {
            registry: other.id.clone(),
            registry_name: other.name.clone(),
            name: row.name.get(language).to_owned(),
            meaning: row.meaning.get(language).to_owned(),
        })
    };
    others.filter_map(of).collect()
}

/// Returns the row's own reference with its address, then the registry's.
fn references(registry: &Registry, row: &Row) -> Vec<String> {
    let own = registry.reference(row);
    let mut references = vec![match address(own) {
        Some(address) => format!("{own}: {address}"),
        None => own.to_owned(),
    }];
    if own != registry.source && !registry.source.is_empty() {
        references.push(format!("{}: {}", registry.name, registry.source));
    }
    references.retain(|reference| !reference.is_empty());
    references
}

/// Returns the address of a section of an RFC, such as `RFC 6455 §7.4.1`; `None` for any other reference.
fn address(reference: &str) -> Option<String> {
    let (number, rest) = reference.strip_prefix("RFC ")?.split_once(" §")?;
    let section = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.trim_end_matches('.');
    Some(format!("https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_addresses() {
        let expected = "https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1";
        assert_eq!(address("RFC 6455 §7.4.1, erratum 3227").as_deref(), Some(expected));
        assert_eq!(address("IANA registry"), None);
    }
}
