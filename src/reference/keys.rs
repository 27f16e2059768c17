//! The ways to get the keys of TLS sessions, so that `wss:` can be read.

use serde::Serialize;

use crate::catalog::keys::key_logs;
use crate::catalog::{Language, reference_words};
use crate::report::document::{Block, Item, ItemKind};

/// The ways to get keys, in one language.
#[derive(Clone, Debug, Serialize)]
pub struct Keys {
    /// Advice that holds for all programs.
    pub advice: Vec<&'static str>,
    /// How to get a key log, by program; the last one says how to use it.
    pub recipes: Vec<Recipe>,
}

/// A way to get a key log.
#[derive(Clone, Debug, Serialize)]
pub struct Recipe {
    /// The programs.
    pub program: &'static str,
    /// The command, or the line of source code.
    pub command: &'static str,
    /// What else to know.
    pub note: &'static str,
}

impl Keys {
    /// Returns all ways.
    pub fn all(language: Language) -> Self {
        let recipe = |recipe: &'static crate::catalog::keys::Recipe| Recipe {
            program: &recipe.program,
            command: &recipe.command,
            note: recipe.note.get(language),
        };
        Self {
            advice: key_logs().advice.iter().map(|advice| advice.get(language)).collect(),
            recipes: key_logs().recipes.iter().map(recipe).collect(),
        }
    }

    /// Returns them as a document for people.
    pub fn document(&self, language: Language) -> Vec<Block> {
        let item = |kind, text: &str| Item { label: String::new(), text: text.to_owned(), kind };
        let heading = reference_words().get("keys", language).to_owned();
        let advice = self.advice.iter().map(|advice| item(ItemKind::Advice, advice)).collect();
        let recipe = |recipe: &Recipe| {
            let items = vec![item(ItemKind::Code, recipe.command), item(ItemKind::Fact, recipe.note)];
            Block::Section(recipe.program.to_owned(), items)
        };
        std::iter::once(Block::Section(heading, advice)).chain(self.recipes.iter().map(recipe)).collect()
    }
}
