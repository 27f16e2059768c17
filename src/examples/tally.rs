//! Counts how connections ended, for each server, without keeping any connection: a [`Sink`] of one's own.
//!
//! ```sh
//! cargo run --example tally -- fixtures/many/capture.pcapng
//! ```

#![allow(clippy::print_stdout, reason = "it is what the example is for")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::ending::{Ending, Kind};
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::sink::Sink;

/// How many connections to each server ended in which way.
#[derive(Default)]
struct Tally(BTreeMap<SocketAddr, BTreeMap<&'static str, u64>>);

impl Sink for Tally {
    fn connection(&mut self, facts: Box<Facts>) {
        let how = match Ending::of(&facts).kind {
            Kind::CloseHandshake => "closing handshake",
            Kind::CloseUnanswered => "Close frame without an answer",
            Kind::Fin => "FIN without a Close frame",
            Kind::EndStream => "END_STREAM without a Close frame",
            Kind::StreamReset => "RST_STREAM without a Close frame",
            Kind::Reset => "RST without a Close frame",
            Kind::Open => "still open",
            Kind::Refused | Kind::NoAnswer => "never established",
        };
        *self.0.entry(facts.addresses().server).or_default().entry(how).or_default() += 1;
    }
}

fn main() -> Result<(), Error> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut source = capture::open(&paths)?;
    let (mut analyzer, mut tally) = (Analyzer::default(), Tally::default());
    analyzer.read(&mut *source, &mut tally, |_| {})?;
    for (server, ways) in tally.0 {
        for (how, count) in ways {
            println!("{server}  {count:>6}  {how}");
        }
    }
    Ok(())
}
