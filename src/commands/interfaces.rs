//! `whyclosed interfaces`: what can be captured on.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use whyclosed::capture::live::{Device, Openable, devices};
use whyclosed::error::Error;
use whyclosed::render::terminal;
use whyclosed::report::document::{Block, Row, Table, Tone};

use crate::output;
use crate::reporting::ColorChoice;

/// List the network interfaces, and which of them this user can open.
#[derive(Debug, Args)]
pub struct Interfaces {
    /// Colour the list.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    color: ColorChoice,
}

const HEADER: [&str; 5] = ["Interface", "State", "Addresses", "Link type", "Can be opened"];

impl Interfaces {
    /// Prints the list.
    pub fn run(&self) -> Result<ExitCode, Error> {
        let devices = devices()?;
        let table = Table {
            groups: vec![1; HEADER.len()],
            header: HEADER.map(str::to_owned).to_vec(),
            rows: devices.iter().map(row).collect(),
        };
        let blocks = [Block::Table(table)];
        let look = output::look(self.color, io::stdout().is_terminal());
        output::to_stdout(|out| terminal::render(&blocks, look, out))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(device: &Device) -> Row {
    let addresses: Vec<_> = device.addresses.iter().map(ToString::to_string).collect();
    let name = match &device.description {
        Some(description) => format!("{} ({description})", device.name),
        None => device.name.clone(),
    };
    let state = [
        (device.is_up, "up"),
        (!device.is_up, "down"),
        (device.is_loopback, "loopback"),
        (device.is_wireless, "wireless"),
    ];
    let state: Vec<_> = state.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    let (tone, link_type, openable) = match &device.openable {
        Openable::Yes(link_type) => (Tone::Good, link_type.as_str(), "yes".to_owned()),
        Openable::Forbidden => (Tone::Bad, "", "no: this user lacks the right".to_owned()),
        Openable::No(message) => (Tone::Neutral, "", format!("no: {message}")),
    };
    Row { tone, cells: vec![name, state.join(", "), addresses.join(", "), link_type.to_owned(), openable] }
}
