//! The candidates for values of options and arguments that the parser takes as any text.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use whyclosed::catalog::{Language, Registry, iana};
use whyclosed::diagnose::{RULES, Rule};

use crate::locale::TextArgs;

/// The mark of the candidate that stands for files.
const FILES: &str = "files";

/// Returns whether a candidate stands for files.
pub fn is_files(candidate: &CompletionCandidate) -> bool {
    candidate.get_tag().is_some_and(|tag| tag.to_string() == FILES)
}

/// Returns a command line whose arguments know the candidates for their values.
pub fn with_candidates(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_subcommands(with_candidates).mut_args(|argument| match values(&name, argument.get_id().as_str()) {
        Some(values) => argument.add(ArgValueCompleter::new(move |current: &OsStr| {
            let current = current.to_string_lossy();
            let fitting = values(&current).into_iter().filter(|(value, _)| value.starts_with(&*current));
            fitting.map(|(value, help)| CompletionCandidate::new(value).help(Some(help.into()))).collect::<Vec<_>>()
        })),
        None if takes_files(&argument) => {
            argument.add(ArgValueCompleter::new(|_: &OsStr| vec![CompletionCandidate::new("").tag(Some(FILES.into()))]))
        }
        None => argument,
    })
}

fn takes_files(argument: &Arg) -> bool {
    matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::DirPath)
}

/// A function that returns values and their descriptions. It may leave out those that do not begin with the given text.
type Values = fn(&str) -> Vec<(String, String)>;

/// Returns the values of an argument of a command.
fn values(command: &str, argument: &str) -> Option<Values> {
    Some(match (command, argument) {
        (_, "rule") | ("rules", "name") => |_| rules(),
        (_, "registry") => |_| registries(),
        (_, "code" | "reported_code") | ("live", "until") | ("compare", "wanted") => codes,
        ("explain", "wanted") => topics,
        (_, "fail_on") => failures,
        #[cfg(all(feature = "live", unix))]
        (_, "interface" | "interfaces") => |_| interfaces(),
        _ => return None,
    })
}

fn rules() -> Vec<(String, String)> {
    let title = |rule: &Rule| rule.words().get("title", Language::English).to_owned();
    RULES.iter().map(|rule| (rule.name.to_owned(), title(rule))).collect()
}

fn registries() -> Vec<(String, String)> {
    let all = TextArgs::default().registries(None).unwrap_or_default();
    [iana()].into_iter().chain(all.iter()).map(|registry| (registry.id.clone(), registry.name.clone())).collect()
}

/// Returns the codes of IANA's registry and, once they are asked for by their first digit, those of applications. Each code has
/// the name that the first registry gives it.
fn codes(begun: &str) -> Vec<(String, String)> {
    let own = TextArgs::default().registries(None).unwrap_or_default();
    let of_applications = own.iter().filter(|_| begun.starts_with(['3', '4']));
    let mut seen = BTreeSet::new();
    let rows = [iana()].into_iter().chain(of_applications).flat_map(rows);
    rows.filter(|(code, _)| seen.insert(code.clone())).collect()
}

/// Returns the codes of a registry, without its ranges.
fn rows(registry: &Registry) -> impl Iterator<Item = (String, String)> {
    let rows = registry.rows.iter().filter(|row| row.code.is_one());
    rows.map(|row| (row.code.to_string(), row.name.get(Language::English).to_owned()))
}

fn topics(begun: &str) -> Vec<(String, String)> {
    with(codes(begun), [("keys", "How to get TLS keys")])
}

fn failures(begun: &str) -> Vec<(String, String)> {
    let words = [
        ("abnormal", "A connection ended abnormally"),
        ("nothing", "There is no WebSocket"),
        ("unread", "Part of the capture could not be read"),
    ];
    with(codes(begun), words)
}

/// Returns candidates behind some words.
fn with<const N: usize>(candidates: Vec<(String, String)>, words: [(&str, &str); N]) -> Vec<(String, String)> {
    let words = words.map(|(word, help)| (word.to_owned(), help.to_owned()));
    words.into_iter().chain(candidates).collect()
}

/// Returns the interfaces of this machine; none if libpcap cannot list them.
#[cfg(all(feature = "live", unix))]
fn interfaces() -> Vec<(String, String)> {
    let all = whyclosed::capture::live::names().unwrap_or_default();
    all.into_iter().map(|(name, description)| (name, description.unwrap_or_default())).collect()
}
