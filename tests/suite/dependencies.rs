//! Checks the requirements of `deny.toml` without cargo-deny: sources, licences, and one version of each dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use toml::Table;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn parsed(name: &str) -> Table {
    fs::read_to_string(path(name)).unwrap().parse().unwrap()
}

/// Returns the packages in a lock file: name, version and source.
fn locked(file: &str) -> Vec<(String, String, Option<String>)> {
    let lock = parsed(file);
    let field = |package: &toml::Value, name: &str| package.get(name).map(|value| value.as_str().unwrap().to_owned());
    let packages = lock["package"].as_array().unwrap().iter();
    packages.map(|one| (field(one, "name").unwrap(), field(one, "version").unwrap(), field(one, "source"))).collect()
}

#[test]
fn all_come_from_the_registry() {
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let packages = locked(file);
        assert!(packages.len() > 50);
        for (name, _, source) in packages {
            let own = name.starts_with("whyclosed");
            let registry = "registry+https://github.com/rust-lang/crates.io-index";
            assert_eq!(source.as_deref(), (!own).then_some(registry), "{file}: {name}");
        }
    }
}

#[test]
fn there_is_one_version_of_each_but_for_known_ones() {
    let bans = &parsed("deny.toml")["bans"];
    let skipped = bans["skip"].as_array().unwrap().iter().map(|one| one["crate"].as_str().unwrap().to_owned());
    let mut skipped: BTreeSet<String> = skipped.collect();
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for (name, version, _) in locked("Cargo.lock") {
        if !skipped.remove(&format!("{name}@{version}")) {
            versions.entry(name).or_default().push(version);
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert_eq!(versions, BTreeMap::new());
    assert_eq!(skipped, BTreeSet::new(), "no longer there");
}

#[test]
fn licences_are_allowed() {
    let deny = parsed("deny.toml");
    let allowed: BTreeSet<_> =
        deny["licenses"]["allow"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Only packages that this machine has built, so that nothing is downloaded.
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .args(if cfg!(feature = "arrow") { &["--features", "arrow"][..] } else { &[] })
        .current_dir(path(""))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{metadata:?}");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    let is_excepted = |name: &str, licence: &str| {
        let mut exceptions = exceptions.iter().filter(|one| one["crate"].as_str() == Some(name));
        exceptions.any(|one| one["allow"].as_array().unwrap().iter().any(|allowed| allowed.as_str() == Some(licence)))
    };
    let refused: Vec<_> = packages
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), package["license"].as_str().unwrap_or_default()))
        .filter(|(name, licence)| !is_allowed(licence, &allowed) && !is_excepted(name, licence))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

/// Returns whether a licence expression (SPDX, annex D; `/` in old manifests means OR) can be satisfied with these
/// licences.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
    let met = either(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'w> = Peekable<std::vec::IntoIter<&'w str>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = either(words, allowed);
        return met & (words.next() == Some(")"));
    }
    let met = words.next().is_some_and(|licence| allowed.contains(licence));
    // An exception only adds permissions.
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    met
}

#[test]
fn expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0"]);
    let is = |expression| is_allowed(expression, &allowed);
    assert!(
        is("MIT") && is("MIT/GPL-3.0") && is("GPL-3.0 OR MIT AND Apache-2.0") && is("Apache-2.0 WITH LLVM-exception")
    );
    assert!(is("MIT AND (GPL-3.0 OR Apache-2.0)"));
    assert!(!is("") && !is("GPL-3.0") && !is("MIT AND GPL-3.0") && !is("MIT AND (GPL-3.0 OR BSL-1.0)"));
}
