//! `whyclosed codes`: the tables of the registries.

use clap::Args;
use whyclosed::catalog::{Registry, iana};
use whyclosed::error::Error;
use whyclosed::reference::{Listing, document};

use super::reference::{Presenting, registry};
use crate::exit;
use crate::output;

/// List close codes: those of IANA's registry, of one application, or of all.
#[derive(Debug, Args)]
pub struct Codes {
    /// List the codes of this registry.
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,

    /// List the codes of all registries.
    #[arg(long, conflicts_with = "registry")]
    all: bool,

    /// Print a commented example of a file for --codes.
    #[arg(long, conflicts_with_all = ["registry", "all"])]
    template: bool,

    #[command(flatten)]
    presenting: Presenting,
}

/// An example of a user's own registry; a test parses it.
const TEMPLATE: &str = include_str!("codes_template.toml");

impl Codes {
    /// Prints the tables.
    pub fn run(&self) -> Result<exit::Code, Error> {
        if self.template {
            output::to_stdout(|out| out.write_all(TEMPLATE.as_bytes()))?;
            return Ok(exit::SUCCESS);
        }
        let registries = self.presenting.texts.registries(self.registry.as_deref())?;
        let asked: Vec<&Registry> = match registry(self.registry.as_deref(), &registries)? {
            Some(asked) => vec![asked],
            None if self.all => [iana()].into_iter().chain(registries.iter()).collect(),
            None => vec![iana()],
        };
        let listing = Listing::new(&asked, &registries, self.presenting.texts.language());
        self.presenting.write(listing, document::listing)?;
        Ok(exit::SUCCESS)
    }
}
