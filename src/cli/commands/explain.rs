//! `whyclosed explain CODE…`: everything that is documented about a code; `explain keys`: how to get TLS keys.

use clap::Args;
use serde::Serialize;
use whyclosed::error::Error;
use whyclosed::reference::{Explanation, Keys, document};

use super::reference::{Presenting, explained, registry};
use crate::exit;

/// Explain close codes: what they mean, when you see them, how to fix them. `explain keys`: how to get TLS keys.
#[derive(Debug, Args)]
pub struct Explain {
    /// Codes, ranges or names: 1007, 1000-1003, "policy violation"; or `keys`.
    #[arg(id = "wanted", required = true, value_name = "CODE")]
    codes: Vec<String>,

    /// Explain them as this registry defines them; `whyclosed codes` lists the registries.
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,

    #[command(flatten)]
    presenting: Presenting,
}

/// The topic that is no code.
const KEYS: &str = "keys";

/// The JSON form.
#[derive(Serialize)]
struct Explained {
    codes: Vec<Explanation>,
}

impl Explain {
    /// Prints the explanations.
    pub fn run(&self) -> Result<exit::Code, Error> {
        if matches!(&*self.codes, [topic] if topic.eq_ignore_ascii_case(KEYS)) {
            self.presenting.write(Keys::all(self.presenting.texts.language()), Keys::document)?;
            return Ok(exit::SUCCESS);
        }
        let registries = self.presenting.texts.registries(self.registry.as_deref())?;
        let asked = registry(self.registry.as_deref(), &registries)?;
        let codes = explained(&self.codes, asked, &registries, self.presenting.texts.language())?;
        let document = |content: &Explained, language| document::explanations(&content.codes, language);
        self.presenting.write(Explained { codes }, document)?;
        Ok(exit::SUCCESS)
    }
}
