//! Options and output of the commands that look up the reference.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use serde::Serialize;
use whyclosed::catalog::{Language, Registries, Registry};
use whyclosed::error::Error;
use whyclosed::reference::{Explanation, Reference, codes};
use whyclosed::render::{json, markdown, terminal};
use whyclosed::report::document::Block;

use crate::locale::TextArgs;
use crate::nearest::nearest;
use crate::output;
use crate::reporting::ColorChoice;

/// The output options of these commands.
#[derive(Debug, Args)]
pub struct Presenting {
    /// Format of the output.
    #[arg(long, value_enum, default_value_t = Format::Terminal, value_name = "FORMAT")]
    format: Format,

    /// Colour the text.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    color: ColorChoice,

    #[command(flatten)]
    pub texts: TextArgs,
}

/// A format of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Terminal,
    /// For tickets and wikis.
    Markdown,
    /// For programs.
    Json,
}

impl Presenting {
    /// Writes a document made of `content`, or as JSON `content` itself.
    pub fn write<T: Serialize>(
        &self,
        content: T,
        document: impl FnOnce(&T, Language) -> Vec<Block>,
    ) -> Result<(), Error> {
        let language = self.texts.language();
        output::to_stdout(|out| match self.format {
            Format::Json => json::render(&Reference::new(content, language), out),
            Format::Markdown => markdown::render(&document(&content, language), out),
            Format::Terminal => {
                let look = output::look(self.color, io::stdout().is_terminal());
                terminal::render(&document(&content, language), look, out)
            }
        })
    }
}

/// Returns the registry with this name, or `None` if no name was given. An unknown name is an error.
pub fn registry<'r>(name: Option<&str>, registries: &'r Registries) -> Result<Option<&'r Registry>, Error> {
    let unknown = |given: &str| {
        let similar = nearest(given, registries.iter().map(|registry| registry.id.as_str())).map(str::to_owned);
        Error::UnknownRegistry { given: given.to_owned(), similar }
    };
    let find = |name: &str| registries.named(name).ok_or_else(|| unknown(name));
    name.map(find).transpose()
}

/// Returns the explanations of the codes that these texts name. A text without any is an error.
pub fn explained(
    texts: &[String],
    asked: Option<&Registry>,
    registries: &Registries,
    language: Language,
) -> Result<Vec<Explanation>, Error> {
    let mut explained: Vec<Explanation> = Vec::new();
    for text in texts {
        let found = codes(text, asked, registries).unwrap_or_default();
        let more = found.into_iter().flat_map(|codes| Explanation::all(codes, asked, registries, language));
        let before = explained.len();
        explained.extend(more);
        if explained.len() == before {
            return Err(Error::UnknownCode { given: text.clone() });
        }
    }
    Ok(explained)
}
