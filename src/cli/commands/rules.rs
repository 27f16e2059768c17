//! `whyclosed rules [NAME]`: the rules that explain ends.

use clap::Args;
use whyclosed::diagnose::RULES;
use whyclosed::error::Error;
use whyclosed::reference::{Rules as Table, rules};

use super::reference::Presenting;
use crate::exit;
use crate::nearest::nearest;

/// List the rules that explain why connections end: what proves each, and what refutes it.
#[derive(Debug, Args)]
pub struct Rules {
    /// Show this rule in full.
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    presenting: Presenting,
}

impl Rules {
    /// Prints the table, or the rule.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let language = self.presenting.texts.language();
        let table = match &self.name {
            Some(name) => Table::named(name, language).ok_or_else(|| unknown(name))?,
            None => Table::all(language),
        };
        self.presenting.write(table, rules::document)?;
        Ok(exit::SUCCESS)
    }
}

fn unknown(given: &str) -> Error {
    let similar = nearest(given, RULES.iter().map(|rule| rule.name)).map(str::to_owned);
    Error::UnknownRule { given: given.to_owned(), similar }
}
