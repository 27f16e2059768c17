//! What a rule found: how sure it is, where to look, and the values its sentences name.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use crate::http::Problem;
use crate::side::Side;
use crate::ws::violation::Context;

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A rule of the protocol was broken and the closer had received the proof; or the bytes say it themselves.
    Certain,
    /// One known cause for this shape.
    High,
    /// The usual cause; there are others.
    Medium,
    /// A hint.
    Low,
}

/// Whose doing it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The client's.
    Client,
    /// The server's.
    Server,
    /// Something between them.
    Network,
}

impl From<Side> for Blame {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

/// A value that a sentence names, typed so that each language writes it its own way.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A count, a position.
    Number(u64),
    /// Bytes of a size.
    Bytes(u64),
    /// A span of time.
    Time(Duration),
    /// One end.
    Side(Side),
    /// An address and a port.
    Endpoint(SocketAddr),
    /// Text from the wire, not yet escaped.
    Wire(String),
    /// Bytes of a payload, in hexadecimal; secrets in them are still to be hidden.
    Window(Context),
    /// The same, `None` for a byte that is not to be shown.
    Hex(Vec<Option<u8>>),
    /// A piece of a payload as text, not yet escaped; secrets in it are still to be hidden.
    Excerpt(Context),
    /// A byte, written 0xE9.
    Byte(u8),
    /// A token of a registry or a protocol, the same in all languages.
    Token(String),
    /// What is wrong with an opening handshake.
    Problem(Problem),
}

/// A named value.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The placeholder's name in the words, and the key in the JSON report.
    pub name: &'static str,
    /// The value.
    pub value: Value,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How sure.
    pub confidence: Confidence,
    /// Whose doing; `None` where nobody is to blame, or nobody can be told.
    pub blame: Option<Blame>,
    /// The packets that prove it, in order.
    pub packets: Vec<u64>,
    /// What the sentences name.
    pub evidence: Vec<Evidence>,
    /// The name of the variant of the rule's texts that fits best; empty for those without a suffix.
    pub variant: &'static str,
    /// The text of the reports' words that goes around the summary, `{summary}` in it: what the closer said instead.
    pub aside: Option<&'static str>,
}

impl Finding {
    /// A finding without particulars.
    pub const fn new(confidence: Confidence) -> Self {
        Self { confidence, blame: None, packets: Vec::new(), evidence: Vec::new(), variant: "", aside: None }
    }

    /// Blames a side, or the network.
    pub fn blame(mut self, blame: impl Into<Blame>) -> Self {
        self.blame = Some(blame.into());
        self
    }

    /// Adds a packet that proves it.
    pub fn packet(mut self, packet: u64) -> Self {
        if let Err(at) = self.packets.binary_search(&packet) {
            self.packets.insert(at, packet);
        }
        self
    }

    /// Names a value.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.evidence.push(Evidence { name, value });
        self
    }

    /// Puts a text around the summary.
    pub const fn aside(mut self, name: &'static str) -> Self {
        self.aside = Some(name);
        self
    }

    /// Chooses a variant of the texts.
    pub const fn variant(mut self, variant: &'static str) -> Self {
        self.variant = variant;
        self
    }
}
