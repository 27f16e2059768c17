//! `whyclosed interfaces`: the interfaces that can be captured on.

use std::io::{self, IsTerminal};

use clap::Args;
use whyclosed::capture::live::{Device, Openable, devices};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::render::terminal;
use whyclosed::report::document::{Block, Row, Table, Tone};
use whyclosed::report::phrase::word;

use crate::exit;
use crate::locale::LocaleArgs;
use crate::output;
use crate::reporting::ColorChoice;

/// List the network interfaces, and which of them this user can open.
#[derive(Debug, Args)]
pub struct Interfaces {
    /// Colour the list.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    color: ColorChoice,

    #[command(flatten)]
    locale: LocaleArgs,
}

/// The columns, by the names of their catalogue texts.
const COLUMNS: [&str; 5] =
    ["interfaces_name", "interfaces_state", "interfaces_addresses", "interfaces_link_type", "interfaces_openable"];

impl Interfaces {
    /// Prints the list.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let (devices, language) = (devices()?, self.locale.language());
        let table = Table {
            groups: vec![1; COLUMNS.len()],
            header: COLUMNS.map(|column| word(column, &[], language)).to_vec(),
            rows: devices.iter().map(|device| row(device, language)).collect(),
        };
        let blocks = [Block::Table(table)];
        let look = output::look(self.color, io::stdout().is_terminal());
        output::to_stdout(|out| terminal::render(&blocks, look, out))?;
        Ok(exit::SUCCESS)
    }
}

fn row(device: &Device, language: Language) -> Row {
    let addresses: Vec<_> = device.addresses.iter().map(ToString::to_string).collect();
    let name = match &device.description {
        Some(description) => format!("{} ({description})", device.name),
        None => device.name.clone(),
    };
    let state = [
        (device.is_up, "interface_up"),
        (!device.is_up, "interface_down"),
        (device.is_loopback, "interface_loopback"),
        (device.is_wireless, "interface_wireless"),
    ];
    let state: Vec<_> = state.iter().filter(|(is, _)| *is).map(|(_, name)| word(name, &[], language)).collect();
    let (tone, link_type, openable) = match &device.openable {
        Openable::Yes(link_type) => (Tone::Good, link_type.as_str(), word("interface_openable", &[], language)),
        Openable::Forbidden => (Tone::Bad, "", word("interface_forbidden", &[], language)),
        Openable::No(message) => (Tone::Neutral, "", word("interface_fails", &[("message", message)], language)),
    };
    Row { tone, cells: vec![name, state.join(", "), addresses.join(", "), link_type.to_owned(), openable] }
}
