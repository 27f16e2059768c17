//! Everything that is documented of one code.

use serde::Serialize;

use crate::catalog::close_codes::{Retry, Sender};
use crate::catalog::{Codes, Language, Localized, Registries, Registry, Row, compared_with, comparison, iana};

/// Everything that is documented of one code, in a language.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: u16,
    /// First and last code of the range whose texts stand in, where no registry has a row for the code itself.
    pub range: Option<(u16, u16)>,
    /// Its name, or that of its range.
    pub name: String,
    /// The id of the registry that defines it; `None` for a code that none defines.
    pub registry: Option<String>,
    /// That registry's title, or that of the registry with the range.
    pub registry_name: String,
    /// What it says.
    pub meaning: String,
    /// When it is seen.
    pub cause: String,
    /// What helps.
    pub fix: String,
    /// Whether it may stand in a Close frame.
    pub wire: bool,
    /// Who is meant to send it.
    pub sender: Sender,
    /// What a client should do.
    pub retry: Retry,
    /// What implementations do with it.
    pub practice: String,
    /// When to choose it.
    pub choose: String,
    /// Codes that it is confused with.
    pub confused: Vec<Confused>,
    /// What else the number stands for.
    pub elsewhere: Vec<Elsewhere>,
    /// Where to read on: a standard's section, or an address.
    pub references: Vec<String>,
}

/// A code that another is confused with.
#[derive(Clone, Debug, Serialize)]
pub struct Confused {
    /// The code.
    pub code: u16,
    /// Its name.
    pub name: String,
    /// What sets the two apart; empty where nothing is written of it.
    pub difference: String,
}

/// What the same number stands for in a registry of an application.
#[derive(Clone, Debug, Serialize)]
pub struct Elsewhere {
    /// The registry's id.
    pub registry: String,
    /// Its title.
    pub registry_name: String,
    /// The code's name there.
    pub name: String,
    /// What it says there.
    pub meaning: String,
}

impl Explanation {
    /// Of a code as a registry has it; without one, as IANA's has it. `None` if the registry asked for says nothing of it.
    pub fn new(code: u16, asked: Option<&Registry>, registries: &Registries, language: Language) -> Option<Self> {
        let registry = asked.unwrap_or_else(|| iana());
        Some(Self::of_row(registry.row(code)?, code, registry, registries, language))
    }

    /// Of a code as this row of a registry has it.
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

    /// Of every code in a range that the registry defines; if there is none, of the first one's range.
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

/// The row's own reference with its address, then the registry's.
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

/// Where a section of an RFC can be read: of `RFC 6455 §7.4.1`.
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
