//! Measures the speed of `whyclosed` on captures, and its memory.
//!
//! ```text
//! cargo bench --bench throughput                       all captures but those on demand
//! cargo bench --bench throughput -- chat lossy         some captures
//! cargo bench --bench throughput -- short-4g           one on demand: short-1g, short-4g, open-1m
//! cargo bench --bench throughput -- --generate-only    only generates them
//! ```
//!
//! The captures are generated under `target/bench`, about 2.9 GB, and reused; `--directory=DIRECTORY` names another
//! place. Those on demand take up to 4.3 GB: for a measurement, they are generated in a temporary folder (`TMPDIR`) and
//! removed after it. Before a capture is timed, its report is compared with the generator's truth: being fast and wrong
//! does not count.

// The generator reads no untrusted input, so a wrong index is a bug in it; and a benchmark prints.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

mod background;
mod bulk;
mod captures;
mod chat;
mod datagrams;
mod http2;
#[path = "../support/http2_frame.rs"]
mod http2_frame;
mod measure;
#[path = "../support/random.rs"]
mod random;
mod schedule;
mod tcp;
mod tls;
mod truth;
mod websocket;
#[path = "../support/wire.rs"]
mod wire;
mod words;

use captures::{PLANS, Plan};
use measure::{Memory, Program};
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use tempfile::TempDir;
use truth::Truth;

const HEADINGS: [&str; 8] = ["capture", "MiB", "packets", "seconds", "GB/s", "packets/s", "peak MiB", "B/connection"];

fn main() -> ExitCode {
    // `cargo test --benches` runs this file too, without the flag; there is nothing to test.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let (mut generate_only, mut names) = (false, Vec::new());
    for argument in &arguments {
        match argument.split_once('=').unwrap_or((argument, "")) {
            ("--generate-only", "") => generate_only = true,
            ("--directory", path) if !path.is_empty() => directory = path.into(),
            (name, "") if PLANS.iter().any(|plan| plan.name == name) => names.push(name),
            _ => {
                let names = PLANS.map(|plan| plan.name).join("] [");
                eprintln!("{argument}: not known; usage: [--generate-only] [--directory=DIRECTORY] [{names}]");
                return ExitCode::from(2);
            }
        }
    }
    let memory = Memory::available();
    let program = Program { path: Path::new(env!("CARGO_BIN_EXE_whyclosed")), memory };
    if !generate_only {
        println!("seconds: median of 5 runs; peak: {}", memory.name());
        row(&HEADINGS.map(str::to_owned));
    }
    let mut failed = false;
    let wanted = |plan: &&Plan| if names.is_empty() { !plan.on_demand } else { names.contains(&plan.name) };
    for plan in PLANS.iter().filter(wanted) {
        let done = if generate_only { generated(plan, &directory) } else { measured(plan, &directory, &program) };
        if let Err(error) = done {
            eprintln!("{}: {error}", plan.name);
            failed = true;
        }
    }
    ExitCode::from(u8::from(failed))
}

fn generated(plan: &Plan, directory: &Path) -> Result<(), String> {
    let (files, truth) = plan.capture(directory).map_err(|error| error.to_string())?;
    let Truth { bytes, packets, connections, close_frames, .. } = truth;
    println!(
        "{}: {bytes} bytes, {packets} packets, {connections} WebSocket connections, {close_frames} Close frames",
        files.capture.display()
    );
    Ok(())
}

fn measured(plan: &Plan, directory: &Path, program: &Program) -> Result<(), String> {
    // A capture on demand lives only as long as this folder.
    let passing = plan.on_demand.then(tempfile::tempdir).transpose().map_err(|error| error.to_string())?;
    let directory = passing.as_ref().map_or(directory, TempDir::path);
    let (files, truth) = plan.capture(directory).map_err(|error| error.to_string())?;
    let mut arguments = vec![OsStr::new("--format"), OsStr::new("json"), files.capture.as_os_str()];
    if let Some(keys) = &files.keys {
        arguments.extend([OsStr::new("--keylog"), keys.as_os_str()]);
    }
    program.report(&arguments, |report| truth.check(report)).map_err(|error| error.to_string())??;
    let peak = program.peak(&arguments).map_err(|error| error.to_string())?;
    let times = program.times(&arguments).map_err(|error| error.to_string())?;
    let seconds = times[times.len() / 2].as_secs_f64();
    let of_peak = |unit: u64| peak.map_or("-".to_owned(), |peak| format!("{:.1}", peak as f64 / unit as f64));
    row(&[
        plan.name.to_owned(),
        format!("{:.1}", truth.bytes as f64 / f64::from(1 << 20)),
        truth.packets.to_string(),
        format!("{seconds:.3}"),
        format!("{:.2}", truth.bytes as f64 / 1e9 / seconds),
        format!("{:.0}", truth.packets as f64 / seconds),
        of_peak(1 << 20),
        // The quotient makes sense only if all connections are open at once.
        if truth.close_frames == 0 { of_peak(truth.connections) } else { String::new() },
    ]);
    Ok(())
}

fn row(cells: &[String; 8]) {
    let [name, rest @ ..] = cells;
    println!("{name:<16}{}", rest.each_ref().map(|cell| format!("{cell:>13}")).concat());
}
