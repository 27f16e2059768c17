//! Prints one line for each WebSocket connection in a capture: who closed it, with which code, and why.
//!
//! ```sh
//! cargo run --example ends -- fixtures/many/capture.pcapng
//! ```

#![allow(clippy::print_stdout, reason = "it is what the example is for")]

use std::path::PathBuf;

use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::report::{Collection, Material, Report};
use whyclosed::side::Side;

fn main() -> Result<(), Error> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut source = capture::open(&paths)?;
    let (mut analyzer, mut collection) = (Analyzer::default(), Collection::default());
    analyzer.read(&mut *source, &mut collection, |_| {})?;

    let material = Material { captures: source.summaries(), facts: collection.finish().facts, ..Material::default() };
    for connection in Report::new(material, Language::English).connections {
        let by = connection.closed_by.map_or("nobody", |side| if side == Side::Client { "client" } else { "server" });
        let code = connection.code().map_or("-".to_owned(), |code| code.to_string());
        println!("{}  {}  by {by}  {code}  {}", connection.id, connection.client, connection.verdict.title);
    }
    Ok(())
}
