//! `whyclosed compare CODE CODE…`: codes side by side.

use clap::Args;
use whyclosed::error::Error;
use whyclosed::reference::{Comparison, document};

use super::reference::{Presenting, explained, registry};
use crate::exit;

/// Compare close codes: side by side, what sets them apart, when to use which.
#[derive(Debug, Args)]
pub struct Compare {
    /// Two or more codes, ranges or names: 1007 1008.
    #[arg(id = "wanted", required = true, num_args = 2.., value_name = "CODE")]
    codes: Vec<String>,

    /// Use the definitions of this registry where it has them; `whyclosed codes` lists the registries.
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,

    #[command(flatten)]
    presenting: Presenting,
}

impl Compare {
    /// Prints the comparison.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let registries = self.presenting.texts.registries(self.registry.as_deref())?;
        let language = self.presenting.texts.language();
        let asked = registry(self.registry.as_deref(), &registries)?;
        let mut codes = Vec::new();
        for text in &self.codes {
            let one = std::slice::from_ref(text);
            // 1008 next to an application's 4401: each as its own registry defines it.
            let in_asked = explained(one, asked, &registries, language);
            codes.extend(in_asked.or_else(|_| explained(one, None, &registries, language))?);
        }
        self.presenting.write(Comparison::new(codes, language), document::comparison)?;
        Ok(exit::SUCCESS)
    }
}
