//! Reads a capture file into the material of a report, as the program does.

use std::path::Path;

use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::error::Error;
use whyclosed::report::Material;

/// Reads a whole capture; fails only if it cannot be opened.
pub fn material(path: &Path) -> Result<Material, Error> {
    let mut source = capture::open(&[path.to_owned()])?;
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    analyzer.read(&mut *source, &mut facts, |_| {}).unwrap();
    let skipped = analyzer.decoder().skipped().collect();
    Ok(Material { captures: source.summaries(), facts, counts: analyzer.counts(), skipped, ..Material::default() })
}
