//! Runs the program on a file, and measures its time and memory.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The number of timed runs.
pub const RUNS: usize = 5;
/// GNU time, which reports the kernel's statistics of a finished child.
const GNU_TIME: &str = "/usr/bin/time";

/// The way the memory peak is measured.
#[derive(Clone, Copy)]
pub enum Memory {
    /// `/usr/bin/time -f %M`.
    GnuTime,
    /// `VmHWM` in `/proc/PID/status`, read every millisecond until the program ends.
    Proc,
    Unknown,
}

impl Memory {
    /// Returns the best way available on this machine.
    pub fn available() -> Self {
        let gnu_time = Command::new(GNU_TIME).args(["-f", "%M", "true"]).stderr(Stdio::null()).status();
        if gnu_time.is_ok_and(|status| status.success()) {
            Self::GnuTime
        } else if Path::new("/proc/self/status").exists() {
            Self::Proc
        } else {
            Self::Unknown
        }
    }

    /// Returns the name for the heading of the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::GnuTime => "/usr/bin/time -f %M",
            Self::Proc => "VmHWM, read every millisecond",
            Self::Unknown => "not known on this system",
        }
    }
}

/// The program under test.
pub struct Program<'a> {
    pub path: &'a Path,
    pub memory: Memory,
}

impl Program<'_> {
    /// Runs once with these arguments, untimed.
    pub fn run(&self, arguments: &[&OsStr]) -> io::Result<()> {
        succeeded(self.command(arguments).spawn()?)
    }

    /// Runs once, and passes the report to `reader`.
    pub fn report<T>(&self, arguments: &[&OsStr], reader: impl FnOnce(ChildStdout) -> T) -> io::Result<T> {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn()?;
        let answer = child.stdout.take().map(reader).ok_or(io::ErrorKind::BrokenPipe)?;
        succeeded(child)?;
        Ok(answer)
    }

    /// Runs once untimed, as the warm-up; returns the peak of its memory in bytes, if it can be measured.
    pub fn peak(&self, arguments: &[&OsStr]) -> io::Result<Option<u64>> {
        match self.memory {
            Memory::GnuTime => {
                let mut command = Command::new(GNU_TIME);
                command.args(["-q", "-f", "%M"]).arg(self.path).args(arguments);
                let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
                let mut words = String::new();
                child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut words)).transpose()?;
                succeeded(child)?;
                Ok(words.lines().last().and_then(|line| line.parse::<u64>().ok()).map(|kib| kib << 10))
            }
            Memory::Proc => {
                let mut child = self.command(arguments).spawn()?;
                let status = format!("/proc/{}/status", child.id());
                let mut peak = None;
                while child.try_wait()?.is_none() {
                    peak = high_water_mark(&status).or(peak);
                    std::thread::sleep(Duration::from_millis(1));
                }
                succeeded(child)?;
                Ok(peak)
            }
            Memory::Unknown => {
                succeeded(self.command(arguments).spawn()?)?;
                Ok(None)
            }
        }
    }

    /// Returns the times of the runs, shortest first.
    pub fn times(&self, arguments: &[&OsStr]) -> io::Result<[Duration; RUNS]> {
        let mut times = [Duration::ZERO; RUNS];
        for time in &mut times {
            *time = self.time(arguments)?;
        }
        times.sort();
        Ok(times)
    }

    /// Returns the time of one run.
    pub fn time(&self, arguments: &[&OsStr]) -> io::Result<Duration> {
        let start = Instant::now();
        self.run(arguments)?;
        Ok(start.elapsed())
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new(self.path);
        command.args(arguments).stdout(Stdio::null());
        command
    }
}

fn succeeded(mut child: Child) -> io::Result<()> {
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("the program ended with {status}"))) }
}

fn high_water_mark(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kib.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
