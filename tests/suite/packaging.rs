//! Checks the Debian package's metadata without building the package, which `.ci/package` does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use crate::support::PROGRAM;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Returns `[package.metadata.deb]`.
fn deb() -> Table {
    let manifest: Table = fs::read_to_string(path("Cargo.toml")).unwrap().parse().unwrap();
    manifest["package"]["metadata"]["deb"].as_table().unwrap().clone()
}

/// Returns the source, destination and mode of each asset.
fn assets() -> Vec<[String; 3]> {
    deb()["assets"].as_array().unwrap().iter().map(|asset| asset.clone().try_into().unwrap()).collect()
}

#[test]
fn every_asset_is_there_or_written_by_the_script() {
    let script = fs::read_to_string(path(".ci/package")).unwrap();
    let is_written =
        |name: &str| script.contains(&format!(">$out/{name}\n")) || script.contains(&format!(">$out/{name} "));
    let changelog = deb()["changelog"].as_str().unwrap().to_owned();
    for asset in assets().into_iter().map(|[asset, ..]| asset).chain([changelog]) {
        let is_there = match asset.strip_prefix("target/package/") {
            Some("man/*.1") => script.contains("\"$program\" man --dir $out/man\n"),
            Some(written) => is_written(written),
            None => asset == "target/release/whyclosed" || path(&asset).is_file(),
        };
        assert!(is_there, "{asset}");
    }
}

#[test]
fn every_file_goes_where_debian_looks_for_it() {
    let mut places: Vec<_> = assets()
        .into_iter()
        .map(|[from, to, mode]| {
            let name = from.rsplit('/').next().unwrap();
            (if to.ends_with('/') { to + name } else { to }, mode)
        })
        .collect();
    places.sort();
    let plain = |to: &str| (to.to_owned(), "644".to_owned());
    let expected = [
        ("usr/bin/whyclosed".to_owned(), "755".to_owned()),
        plain("usr/share/bash-completion/completions/whyclosed"),
        plain("usr/share/doc/whyclosed/README.md"),
        plain("usr/share/doc/whyclosed/copyright"),
        plain("usr/share/doc/whyclosed/crates.txt"),
        plain("usr/share/fish/vendor_completions.d/whyclosed.fish"),
        plain("usr/share/man/man1/*.1"),
        plain("usr/share/zsh/vendor-completions/_whyclosed"),
    ];
    assert_eq!(places, expected);
}

/// libpcap is loaded at run time, and the error for a missing one names the same package.
#[test]
fn libpcap_is_suggested_and_not_depended_on() {
    let deb = deb();
    let text = |field: &str| deb.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(text("suggests"), "libpcap0.8");
    for field in ["depends", "pre-depends", "recommends"] {
        assert!(!text(field).contains("libpcap"), "{field}");
    }
    let error = fs::read_to_string(path("src/error.rs")).unwrap();
    assert!(error.contains("`apt install libpcap0.8`"));
}

/// Completions register themselves with their shell, and so does the page of the manual.
#[test]
fn the_program_prints_what_is_packaged() {
    let printed = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(printed(&["man"]).starts_with(".TH whyclosed 1 "));
    for (shell, registers) in
        [("bash", "-F _whyclosed whyclosed"), ("zsh", "#compdef whyclosed"), ("fish", "complete --command whyclosed")]
    {
        assert!(printed(&["completions", shell]).contains(registers), "{shell}");
    }
}
