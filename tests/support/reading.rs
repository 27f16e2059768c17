//! Reads a capture file, with the key log beside it, into the material of a report, as the program does.

use std::path::Path;

use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture;
use whyclosed::error::Error;
use whyclosed::report::Material;

/// Reads a whole capture; fails only if it cannot be opened.
pub fn material(path: &Path) -> Result<Material, Error> {
    let mut source = capture::open(&[path.to_owned()])?;
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    if let Ok(log) = std::fs::read(path.with_file_name("keys.log")) {
        analyzer.push_keys(&mut KeyLog::default(), &[&log[..], b"\n"].concat(), &mut facts);
    }
    let path = path.to_owned();
    analyzer.ask_for_keys(move |give| {
        _ = capture::key_log_lines(&[path], |line| {
            give(line.as_bytes());
            give(b"\n");
        });
    });
    analyzer.read(&mut *source, &mut facts, |_| {}).unwrap();
    let skipped = analyzer.decoder().skipped().collect();
    Ok(Material { captures: source.summaries(), facts, counts: analyzer.counts(), skipped, ..Material::default() })
}
