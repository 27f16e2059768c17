//! Runs the fuzz targets without the fuzzer: each over its corpus, and over damaged copies of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "support/random.rs"]
mod random;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use random::Random;
use whyclosed_fuzz::{Body, TARGETS};

/// The number of damaged inputs for each target. The fuzzer tries more.
const DAMAGED: usize = 300;

/// The number for targets that read each input twice or more often.
const DAMAGED_SLOW: usize = 60;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let path = folder().join("corpus").join(target);
    let files = fs::read_dir(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut inputs: Vec<_> = files
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 2, "{target} has no corpus");
    inputs
}

/// Runs the targets in one thread each, and reports those that panicked.
fn each(run: impl Fn(&str, Body) + Sync) {
    let run = &run;
    thread::scope(|scope| {
        let threads = TARGETS.map(|(target, body)| {
            let named = thread::Builder::new().name(target.to_owned());
            (target, named.spawn_scoped(scope, move || run(target, body)).unwrap())
        });
        let failed: Vec<_> =
            threads.into_iter().filter_map(|(target, thread)| thread.join().err().map(|_| target)).collect();
        assert!(failed.is_empty(), "{failed:?}");
    });
}

/// Saves the input and prints its name if the body panics.
struct Named<'n>(&'n str, &'n str, &'n [u8]);

impl Drop for Named<'_> {
    #[expect(clippy::print_stderr, reason = "what failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            let path = std::env::temp_dir().join(format!("whyclosed-fuzzing-{}", self.0));
            let written = fs::write(&path, self.2);
            eprintln!("{}: {} is in {} ({written:?})", self.0, self.1, path.display());
        }
    }
}

#[test]
fn every_target_has_its_program_and_its_corpus() {
    let named: BTreeSet<_> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
    let names = |path: &str, extension: Option<&str>| -> BTreeSet<String> {
        let files = fs::read_dir(folder().join(path)).unwrap().map(|file| file.unwrap().path());
        let of_kind = files.filter(|path| path.extension() == extension.map(OsStr::new));
        of_kind.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("fuzz_targets", Some("rs")), named);
    assert_eq!(names("corpus", None), named);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    named.iter().for_each(|target| assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}"));
}

#[test]
fn corpora() {
    each(|target, body| {
        for (name, input) in corpus(target) {
            let _named = Named(target, &name, &input);
            body(&input);
        }
        body(b"");
    });
}

#[test]
fn damaged_corpora() {
    each(|target, body| {
        let inputs = corpus(target);
        let mut random = Random::new(6455);
        let rounds = if matches!(target, "conversation" | "redact" | "slice") { DAMAGED_SLOW } else { DAMAGED };
        for round in 0..rounds {
            let (name, input) = random.pick(&inputs);
            let mut input = input.clone();
            for _ in 0..random.between(1, 5) {
                damage(&mut input, &mut random);
            }
            let _named = Named(target, &format!("{name}, damaged in round {round},"), &input);
            body(&input);
        }
    });
}

fn damage(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.between(0, input.len() as u64 + 1) as usize;
    let end = (at + random.between(1, 9) as usize).min(input.len());
    match random.between(0, 6) {
        0..3 if at < input.len() => input[at] ^= 1 << random.between(0, 8),
        3 => drop(input.drain(at..end)),
        4 => {
            let new = random.bytes(end - at + 1);
            input.splice(at..at, new);
        }
        _ => {
            let copy = input[at..end].to_vec();
            let to = random.between(0, input.len() as u64 + 1) as usize;
            input.splice(to..to, copy);
        }
    }
}
