//! Parts of the page that are in it as markup, or as data from which the script builds the same elements. The script sets
//! names, classes and texts only, so that no text becomes markup.

use std::fmt::Write as _;

use maud::Render;
use serde_json::Value;

use super::sanitized;
use super::texts::Texts;

/// Up to this many bytes, a text is not numbered: times and packets occur once.
const ALONE: usize = 14;

/// An element, or a text in it.
#[derive(Debug)]
pub(super) enum Node {
    /// A text.
    Text(String),
    /// An element.
    Element {
        /// Its name, followed by its classes: `dd.fact`.
        name: &'static str,
        /// Its content.
        children: Vec<Self>,
    },
}

/// Returns an element with elements in it.
pub(super) fn element(name: &'static str, children: impl IntoIterator<Item = Node>) -> Node {
    Node::Element { name, children: children.into_iter().collect() }
}

/// Returns an element with a text in it.
pub(super) fn labelled(name: &'static str, text: &str) -> Node {
    element(name, [Node::text(text)])
}

impl Node {
    /// Returns a text without characters that affect others.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(sanitized(text))
    }

    /// Returns the data: a text as in [`Texts`], an element as an array of its name and its content.
    pub(super) fn data(&self, texts: &mut Texts) -> Value {
        match self {
            Self::Text(text) if text.len() <= ALONE => text.as_str().into(),
            Self::Text(text) => texts.reference(text),
            Self::Element { name, children } => {
                let content = children.iter().map(|child| child.data(texts));
                [Value::from(*name)].into_iter().chain(content).collect()
            }
        }
    }
}

impl Render for Node {
    fn render_to(&self, out: &mut String) {
        match self {
            Self::Text(text) => text.as_str().render_to(out),
            Self::Element { name, children } => {
                let (tag, classes) = name.split_once('.').unwrap_or((name, ""));
                // Writing to a String never fails.
                let _ = match classes {
                    "" => write!(out, "<{tag}>"),
                    classes => write!(out, "<{tag} class=\"{}\">", classes.replace('.', " ")),
                };
                children.iter().for_each(|child| child.render_to(out));
                let _ = write!(out, "</{tag}>");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_data_are_the_same_tree() {
        let node = element("p.a.b", [Node::text("<i>\u{202e}"), labelled("b", "&a rather long text"), Node::text("é")]);
        let markup = r#"<p class="a b">&lt;i&gt;\u{202e}<b>&amp;a rather long text</b>é</p>"#;
        assert_eq!(node.render().into_string(), markup);
        let mut texts = Texts::default();
        assert_eq!(node.data(&mut texts).to_string(), r#"["p.a.b","<i>\\u{202e}",["b",0],"é"]"#);
        assert_eq!(texts.into_list(), ["&a rather long text".into()]);
    }
}
