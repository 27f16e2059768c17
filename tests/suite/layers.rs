//! Checks the rules of the architecture: see the table in `src/lib.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules by floor, lowest first. A module imports only from lower floors.
const FLOORS: &[&[&str]] = &[
    // Floor 1 of the table is split in two: a chunk has a place in the capture and a side.
    &["seen", "side", "limits", "error", "prefetch", "shortcuts", "target"],
    &["chunk"],
    &["capture", "tcp", "tls", "http", "http2", "ws"],
    &["packet", "event", "catalog"],
    &["facts"],
    &["ending"],
    &["diagnose", "sink"],
    &["connection", "report"],
    &["analyzer", "reference", "render"],
    &["live", "slice", "archive", "view"],
    // The program, `src/cli/`.
    &["exit", "inputs", "keys", "nearest", "progress", "privileges", "signals", "sandbox"],
    &["sandboxing", "selecting", "sorting", "tables", "owning", "config", "warning"],
    &["locale", "timing"],
    &["reporting"],
    &["output"],
    &["commands"],
    &["arguments"],
    &["main"],
];

/// The protocol modules, which must not import each other.
const PROTOCOLS: [&str; 5] = ["tcp", "tls", "http", "http2", "ws"];

/// Lines of code: half of the files stay below the first number, nine in ten below the second; none exceeds the third.
const MEDIAN: usize = 150;
const NINE_IN_TEN: usize = 350;
const MOST: usize = 500;

/// A source file without the code for tests.
struct Source {
    /// The path below `src/`.
    path: PathBuf,
    /// The crate's module that it belongs to.
    module: String,
    /// The lines of code, without blank lines and comments.
    code: Vec<String>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let below = path.strip_prefix(root).unwrap();
        // The program's modules have a folder of their own.
        let inside = below.strip_prefix("cli").unwrap_or(below);
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let code = without_tests(&std::fs::read_to_string(path).unwrap());
        Self { path: below.to_owned(), module: module.trim_end_matches(".rs").to_owned(), code }
    }

    fn has(&self, what: &str) -> bool {
        self.code.iter().any(|line| line.contains(what))
    }

    /// Returns the crate's modules named in paths: `crate::tcp::Flags`, `use crate::{tcp, ws::Event};`.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code.join("\n");
        // The program names the library's modules by the crate's name.
        let paths = ["crate::", "whyclosed::"].into_iter().flat_map(|root| code.split(root).skip(1));
        paths
            .flat_map(|path| match path.strip_prefix('{') {
                Some(group) => firsts(group),
                None => vec![name(path)],
            })
            .filter(|name| name.starts_with(char::is_lowercase))
            .collect()
    }
}

/// Returns the first names of the paths in a group, up to its closing brace.
fn firsts(group: &str) -> Vec<String> {
    let (mut depth, mut firsts, mut at_start) = (0, Vec::new(), true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if at_start && !character.is_whitespace() => {
                firsts.push(name(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    firsts
}

fn name(path: &str) -> String {
    path.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

/// Returns the lines of code outside `#[cfg(test)]` items, as laid out by rustfmt.
fn without_tests(text: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            let ends = [format!("{indent}}}"), format!("{indent}}};")];
            let mut item = lines.by_ref().skip_while(|line| line.trim().starts_with("#["));
            if item.next().is_some_and(|first| !first.ends_with([';', '}'])) {
                item.find(|line| ends.iter().any(|end| line == end));
            }
        } else if !line.trim().is_empty() && !line.trim().starts_with("//") {
            code.push(line.to_owned());
        }
    }
    code
}

/// Returns the files below `folder`, except those only for tests and those of nested crates.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .flat_map(|path| match path.file_name().unwrap().to_str().unwrap() {
            "testing" | "testing.rs" | "tests" | "tests.rs" => Vec::new(),
            "examples" => Vec::new(),
            _ if path.join("Cargo.toml").exists() => Vec::new(),
            _ if path.is_dir() => files(&path),
            name if name.ends_with(".rs") => vec![path],
            _ => Vec::new(),
        })
        .collect();
    files.sort();
    files
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources: Vec<_> = files(&root).iter().map(|path| Source::read(&root, path)).collect();
    assert!(sources.len() > 50, "only {} files", sources.len());
    sources
}

fn floor(module: &str) -> usize {
    FLOORS.iter().position(|floor| floor.contains(&module)).unwrap_or_else(|| panic!("`{module}` has no floor"))
}

#[test]
fn a_module_imports_only_from_lower_floors() {
    let mut breaches = Vec::new();
    let (mut checked, mut seen) = (0, BTreeSet::new());
    // `lib.rs` declares the modules, and is not on any floor.
    for source in sources().iter().filter(|source| source.module != "lib") {
        seen.insert(source.module.clone());
        for import in source.imports().iter().filter(|import| **import != source.module) {
            checked += 1;
            if floor(import) >= floor(&source.module) {
                breaches.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(checked > 100, "only {checked} imports");
    assert_eq!(seen.len(), FLOORS.iter().map(|floor| floor.len()).sum::<usize>(), "{seen:?}");
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn the_root_is_named_crate() {
    // `super::` in a floor's own file, or `super::super::` below it, would escape the check above.
    let sources = sources();
    let roundabout = sources.iter().filter(|source| {
        let program = source.path.starts_with("cli");
        let depth =
            source.path.components().count() - usize::from(source.path.ends_with("mod.rs")) - usize::from(program);
        source.has(&"super::".repeat(depth))
    });
    let roundabout: Vec<_> = roundabout.map(|source| &source.path).collect();
    assert!(roundabout.is_empty(), "{roundabout:?}");
}

#[test]
fn protocols_never_import_each_other() {
    let sources = sources();
    let protocols: Vec<_> = sources.iter().filter(|source| PROTOCOLS.contains(&&*source.module)).collect();
    for protocol in PROTOCOLS {
        assert!(protocols.iter().any(|source| source.module == protocol), "no file belongs to `{protocol}`");
    }
    let breaches: Vec<_> = protocols
        .iter()
        .filter(|source| {
            source.imports().iter().any(|import| *import != source.module && PROTOCOLS.contains(&&**import))
        })
        .map(|source| &source.path)
        .collect();
    assert!(breaches.is_empty(), "{breaches:?}");
}

#[test]
fn what_parses_bytes_keeps_no_state() {
    let sources = sources();
    let parsers: Vec<_> = sources.iter().filter(|source| source.has("nom::")).collect();
    assert!(parsers.len() > 5, "only {} files use nom", parsers.len());
    let breaches: Vec<_> = parsers.iter().filter(|source| source.has("&mut self")).map(|source| &source.path).collect();
    assert!(breaches.is_empty(), "{breaches:?}");
}

#[test]
fn files_stay_small() {
    let mut sizes: Vec<_> = sources().into_iter().map(|source| (source.code.len(), source.path)).collect();
    sizes.sort();
    sizes.reverse();
    let count = |least: usize| sizes.iter().filter(|(size, _)| *size >= least).count();
    let longest = &sizes[..10];
    assert!(count(MEDIAN) * 2 < sizes.len(), "half of the files have {MEDIAN} lines of code: {longest:?}");
    assert!(count(NINE_IN_TEN) * 10 < sizes.len(), "one in ten has {NINE_IN_TEN}: {longest:?}");
    assert_eq!(count(MOST + 1), 0, "{longest:?}");
}

#[test]
fn code_is_told_from_tests() {
    let text = "use a::b;\n\n// note\n#[cfg(test)]\nmod testing;\nfn f() {\n    g();\n}\n\n#[cfg(test)]\nmod tests {\n    use c;\n}\nfn h() {}\n";
    assert_eq!(without_tests(text), ["use a::b;", "fn f() {", "    g();", "}", "fn h() {}"]);
    assert_eq!(firsts("tcp, http::{Head, head::x}, ws::Event};\nuse z, y"), ["tcp", "http", "ws"]);
}
