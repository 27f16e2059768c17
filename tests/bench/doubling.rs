//! Checks that twice the input takes at most about twice the time, for inputs that an attacker would choose.
//!
//! ```text
//! cargo bench --bench doubling                  all cases
//! cargo bench --bench doubling -- resets tuple  some cases
//! cargo bench --bench doubling -- --program P   with another build
//! ```
//!
//! Each case is an input of one size and one of twice the size, generated in a temporary folder. They are read in turn, so
//! that a change of the machine's speed affects both. The benchmark prints the median ratio of their times, and exits with
//! 1 if one is above 2.2. Linear behaviour gives a ratio a little below 2, since starting the program takes the same time
//! for both.

// The generator reads no untrusted input, so a wrong index is a bug in it; and a benchmark prints.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

mod attacks;
#[allow(dead_code, reason = "only the throughput benchmark has captures with HTTP/2")]
mod http2;
#[allow(dead_code, reason = "only the throughput benchmark has captures with HTTP/2")]
#[path = "../support/http2_frame.rs"]
mod http2_frame;
#[allow(dead_code, reason = "the throughput benchmark also reads reports")]
mod measure;
#[allow(dead_code, reason = "the throughput benchmark also uses weighted choices")]
#[path = "../support/random.rs"]
mod random;
#[allow(dead_code, reason = "the throughput benchmark also uses actors")]
mod schedule;
#[allow(dead_code, reason = "the throughput benchmark also uses bad links")]
mod tcp;
#[allow(dead_code, reason = "only the throughput benchmark has captures with TLS")]
mod tls;
#[allow(dead_code, reason = "only the throughput benchmark checks reports")]
mod truth;
#[allow(dead_code, reason = "the throughput benchmark also sends other frames")]
mod websocket;
#[allow(dead_code, reason = "the throughput benchmark also sends datagrams")]
#[path = "../support/wire.rs"]
mod wire;

use attacks::{CASES, Case};
use measure::{Memory, Program, RUNS};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

/// The maximal ratio of the times.
const MOST: f64 = 2.2;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test --benches` runs this file too, without the flag; there is nothing to test.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    arguments.retain(|argument| argument != "--bench");
    let mut path = PathBuf::from(env!("CARGO_BIN_EXE_whyclosed"));
    if let Some(at) = arguments.iter().position(|argument| argument == "--program")
        && at + 1 < arguments.len()
    {
        path = arguments.drain(at..at + 2).nth(1).unwrap_or_default().into();
    }
    if let Some(wrong) = arguments.iter().find(|name| !CASES.iter().any(|case| case.name == **name)) {
        let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
        eprintln!("{wrong}: not known; usage: [--program FILE] [{}]", names.join("] ["));
        return ExitCode::from(2);
    }
    let program = Program { path: &path, memory: Memory::available() };
    println!("seconds: of {RUNS} pairs of runs, that with the median ratio; peak: {}", program.memory.name());
    println!("{:<14}{:>10}{:>10}{:>10}{:>8}{:>12}", "case", "size", "seconds", "doubled", "ratio", "peak MiB");
    let mut failed = false;
    for case in CASES.iter().filter(|case| arguments.is_empty() || arguments.iter().any(|name| case.name == name)) {
        match measured(case, &program) {
            Ok(ratio) => failed |= ratio > MOST,
            Err(error) => {
                eprintln!("{}: {error}", case.name);
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

/// Measures a case, prints its row, and returns its ratio.
fn measured(case: &Case, program: &Program<'_>) -> io::Result<f64> {
    let folder = env::temp_dir().join(format!("whyclosed-doubling-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let row = row(case, program, &folder);
    fs::remove_dir_all(&folder)?;
    row
}

fn row(case: &Case, program: &Program<'_>, folder: &Path) -> io::Result<f64> {
    let [single, double] = [command(case, case.size, program, folder)?, command(case, 2 * case.size, program, folder)?];
    let [single, double] = [arguments(&single), arguments(&double)];
    let peak = program.peak(&double)?;
    let mut pairs = [(0.0, 0.0); RUNS];
    for pair in &mut pairs {
        *pair = (program.time(&single)?.as_secs_f64(), program.time(&double)?.as_secs_f64());
    }
    // The least time of each size would not be fair: a short run fits into a fast moment of the machine more often.
    pairs.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    let (once, twice) = pairs[RUNS / 2];
    let ratio = twice / once;
    let peak = peak.map_or("-".to_owned(), |peak| format!("{:.0}", peak as f64 / f64::from(1 << 20)));
    println!("{:<14}{:>10}{once:>10.3}{twice:>10.3}{ratio:>8.2}{peak:>12}", case.name, case.size);
    Ok(ratio)
}

/// Writes the input of a case in one size, and runs what the case needs before. Returns the arguments to be measured.
fn command(case: &Case, size: usize, program: &Program<'_>, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let [input, output] = ["in.pcap", "out"].map(|name| folder.join(format!("{size}-{name}")));
    let given = |arguments: &[&'static str]| -> Vec<PathBuf> {
        let files = |argument: &&'static str| match *argument {
            "IN" => input.clone(),
            "OUT" => output.clone(),
            other => other.into(),
        };
        arguments.iter().map(files).collect()
    };
    case.write(&input, size)?;
    if let Some(before) = case.before.map(given) {
        program.run(&arguments(&before))?;
    }
    Ok(given(case.arguments))
}

fn arguments(command: &[PathBuf]) -> Vec<&OsStr> {
    command.iter().map(|argument| argument.as_os_str()).collect()
}
