//! Findings of rules: confidence, packets, and the values that the sentences name.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use crate::http::Problem;
use crate::side::Side;
use crate::ws::violation::Context;

/// The confidence in a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A rule of the protocol was broken and the closer had received the proof, or the bytes state the cause.
    Certain,
    /// Only one cause is known for what was seen.
    High,
    /// The usual cause of what was seen; there are others.
    Medium,
    /// A hint.
    Low,
}

impl Confidence {
    /// Returns its name in JSON, which is also the key of its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// The party that caused the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The client.
    Client,
    /// The server.
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

/// A value that a sentence names, typed so that each language can format it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A count or a position.
    Number(u64),
    /// The number of a packet.
    Packet(u64),
    /// A size in bytes.
    Bytes(u64),
    /// A span of time.
    Time(Duration),
    /// One side.
    Side(Side),
    /// An address and a port.
    Endpoint(SocketAddr),
    /// Text from the wire, not yet escaped.
    Wire(String),
    /// Bytes of a payload, shown in hexadecimal; secrets are not yet redacted.
    Window(Context),
    /// Bytes of a payload, shown in hexadecimal.
    Hex {
        /// The bytes; `None` for a redacted one.
        bytes: Vec<Option<u8>>,
        /// The position among them of the one at fault.
        fault: Option<usize>,
    },
    /// A piece of a payload as text, not yet escaped; secrets are not yet redacted.
    Excerpt(Context),
    /// A byte, formatted as 0xE9.
    Byte(u8),
    /// A token of a registry or a protocol, the same in all languages.
    Token(String),
    /// A violation of the opening handshake.
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

/// The finding of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The confidence.
    pub confidence: Confidence,
    /// The party to blame; `None` if nobody is, or if it cannot be determined.
    pub blame: Option<Blame>,
    /// The packets that prove it, in order.
    pub packets: Vec<u64>,
    /// The values that the sentences name.
    pub evidence: Vec<Evidence>,
    /// The name of the variant of the rule's texts that fits best; empty for those without a suffix.
    pub variant: &'static str,
    /// The name of a text in the words of the reports that surrounds the summary (`{summary}`): it says what the closer
    /// said instead.
    pub aside: Option<&'static str>,
}

impl Finding {
    /// Returns a finding with a confidence and nothing else.
    pub const fn new(confidence: Confidence) -> Self {
        Self { confidence, blame: None, packets: Vec::new(), evidence: Vec::new(), variant: "", aside: None }
    }

    /// Blames a side, or the network.
    pub fn blame(mut self, blame: impl Into<Blame>) -> Self {
        self.blame = Some(blame.into());
        self
    }

    /// Adds a packet that proves it, in order and once.
    pub fn packet(mut self, packet: u64) -> Self {
        if let Err(at) = self.packets.binary_search(&packet) {
            self.packets.insert(at, packet);
        }
        self
    }

    /// Adds a value.
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
