//! A frame or message that its sender began and had not completed when its stream ended.

/// What a side had begun and not completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The frame under way; `None` between the fragments of a message.
    pub frame: Option<CutFrame>,
    /// Whether a message is open.
    pub message: bool,
}

/// A frame of which only the beginning came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutFrame {
    /// Payload bytes that its header declares.
    pub length: u64,
    /// Payload bytes that came.
    pub received: u64,
}

impl Unfinished {
    /// Payload bytes that were declared and never came.
    pub fn outstanding(&self) -> u64 {
        self.frame.map_or(0, |frame| frame.length.saturating_sub(frame.received))
    }
}
