//! Target for files of a team's own close codes.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use whyclosed::catalog::close_codes::Codes;
use whyclosed::catalog::{Language, Registries, Registry};
use whyclosed::report::{Material, Report};

use crate::conversation::{Conversation, End};
use crate::segments::{Change, packets};
use crate::{reports, way};

/// A connection that ends with a code of the application's range.
static PACKETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let end = End::Close {
        by: whyclosed::side::Side::Server,
        code: Some(4242),
        reason: "token expired".to_owned(),
        answered: true,
    };
    packets(&[Conversation { deflate: false, padding: 0, acts: Vec::new(), end }], Change::default())
});

/// Parses a user's own catalogue, and renders a report with codes named by it.
pub fn catalog(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    text.lines().for_each(|line| _ = Codes::parse(line));
    let registry = match Registry::parse(&text, "own") {
        Ok(registry) => registry,
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            return;
        }
    };
    let choice = Unstructured::new(data).arbitrary().unwrap_or_default();
    let registries = Registries::new(vec![registry]);
    let _ = registries.may_name(4242);
    let material = Material { facts: way::facts(&PACKETS).into(), registries, ..Material::default() };
    reports::render(&Report::new(material, Language::English), Language::English, choice);
}
