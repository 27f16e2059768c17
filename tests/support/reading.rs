//! Reads a capture file, with the key log beside it, into the material of a report, as the program does.

use std::path::Path;

use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture;
use whyclosed::error::Error;
use whyclosed::report::{Collected, Collection, Material};

/// Reads a whole capture without any keys, with the servers of encrypted WebSockets as `--wss` names them; fails only if it
/// cannot be opened.
pub fn material_without_keys(path: &Path, wss: &[&str]) -> Result<Material, Error> {
    let mut analyzer = Analyzer::default();
    analyzer.name(wss.iter().map(|server| server.parse().unwrap()).collect());
    read(path, analyzer, Collection::default())
}

/// Reads a whole capture; fails only if it cannot be opened.
pub fn material(path: &Path) -> Result<Material, Error> {
    let (mut analyzer, mut collection) = (Analyzer::default(), Collection::default());
    if let Ok(log) = std::fs::read(path.with_file_name("keys.log")) {
        analyzer.push_keys(&mut KeyLog::default(), &[&log[..], b"\n"].concat(), &mut collection);
    }
    let owned = path.to_owned();
    analyzer.ask_for_keys(move |give| {
        _ = capture::key_log_lines(std::slice::from_ref(&owned), |line| {
            give(line.as_bytes());
            give(b"\n");
        });
    });
    read(path, analyzer, collection)
}

fn read(path: &Path, mut analyzer: Analyzer, mut collection: Collection) -> Result<Material, Error> {
    let mut source = capture::open(&[path.to_owned()])?;
    analyzer.read(&mut *source, &mut collection, |_| {}).unwrap();
    let Collected { facts, secrets, outside, unanswered } = collection.finish();
    let secrets = Some(secrets);
    let (captures, counts) = (source.summaries(), analyzer.counts());
    let skipped = analyzer.decoder().skipped().collect();
    Ok(Material { captures, facts, secrets, outside, counts, unanswered, skipped, ..Material::default() })
}
