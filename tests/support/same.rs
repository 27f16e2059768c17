//! Compares facts down to the last field.

use whyclosed::facts::Facts;

/// Returns facts as text, without the positions of previews, which depend on what other connections have sent.
pub fn told(facts: &[Box<Facts>]) -> Vec<String> {
    let without_positions = |text: String| {
        let text = text.replace(", ", ",\n");
        let mut parts = text.split("preview: Preview(");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(')').map_or(part, |(_, rest)| rest))
    };
    facts.iter().map(|facts| without_positions(format!("{facts:?}"))).collect()
}

/// Returns the first lines that differ.
pub fn difference(fast: &[String], general: &[String]) -> Option<String> {
    if fast.len() != general.len() {
        return Some(format!("{} connections became {}", general.len(), fast.len()));
    }
    fast.iter().zip(general).find(|(fast, general)| fast != general).map(|(fast, general)| {
        let lines = fast.lines().zip(general.lines()).filter(|(one, other)| one != other).take(5);
        lines.map(|(one, other)| format!("{other} became {one}\n")).collect()
    })
}
