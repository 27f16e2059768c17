//! Notes on a capture: flaws that limit what its report can show.

use super::compressed::Damage;

/// A flaw that limits what a capture shows. Reports print it with the words of its [`name`](Self::name).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The file ends in the middle of a record or block.
    CutOff {
        /// The file's length in bytes, uncompressed.
        at: u64,
        /// The incomplete unit.
        inside: Option<Inside>,
    },
    /// A decompressor failed.
    Damaged {
        /// The reason.
        damage: Damage,
        /// Bytes of the uncompressed capture before the failure.
        at: u64,
        /// The incomplete unit, if any.
        inside: Option<Inside>,
    },
    /// Reading ended before the end of the file.
    Unreadable {
        /// The offset in bytes.
        at: u64,
        /// The reason.
        fault: Fault,
    },
    /// Invalid blocks were skipped.
    Skipped {
        /// The number of blocks.
        count: u64,
        /// The offset of the first, in bytes.
        at: u64,
        /// The fault of the first.
        fault: Fault,
    },
    /// Packets were dropped while capturing.
    Dropped {
        /// The number of packets.
        count: u64,
        /// The interface that dropped them, or on which they were dropped. The name comes from the capture and is
        /// untrusted.
        interface: String,
    },
    /// Connections of a live capture were dropped, so that the latest ones could be kept.
    LetGo {
        /// The number of connections.
        count: u64,
        /// The number of latest connections that are kept.
        kept: u64,
    },
    /// Further notes were left out, after [`limits::NOTES`](crate::limits::NOTES).
    LeftOut {
        /// The number of notes.
        count: u64,
    },
}

/// The unit that the end of a file cuts in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Its kind.
    pub unit: Unit,
    /// The offset of its first byte.
    pub begins: u64,
}

/// A unit of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A packet record of a pcap file.
    Record,
    /// A block of a pcapng file.
    Block,
}

/// A fault of a record or a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The captured length of a packet record is greater than its original length or than
    /// [`limits::PACKET`](crate::limits::PACKET).
    Record,
    /// A block's length is impossible.
    BlockLength,
    /// A section header is damaged, or of an unknown version.
    SectionHeader,
    /// The two lengths of a block differ.
    LengthsDiffer,
    /// A block is too short for its mandatory fields.
    TooShort,
    /// A section describes more than [`limits::INTERFACES`](crate::limits::INTERFACES) interfaces.
    TooManyInterfaces,
    /// A block names an interface that its section does not describe.
    UnknownInterface,
    /// The captured length of a packet does not fit its block, or is greater than its original length or than
    /// [`limits::PACKET`](crate::limits::PACKET).
    PacketLength,
}

impl Note {
    /// Returns the note's name in the word files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CutOff { .. } => "file_cut_off",
            Self::Damaged { damage: Damage { words: None, .. }, .. } => "file_data_cut_off",
            Self::Damaged { .. } => "file_data_corrupt",
            Self::Unreadable { .. } => "file_unreadable",
            Self::Skipped { .. } => "file_skipped",
            Self::Dropped { .. } => "file_dropped",
            Self::LetGo { .. } => "file_let_go",
            Self::LeftOut { .. } => "file_left_out",
        }
    }
}

impl Unit {
    /// Returns the name of the words for "in the middle of it".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "file_inside_record",
            Self::Block => "file_inside_block",
        }
    }
}

impl Fault {
    /// Returns the fault's name in the word files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "fault_record",
            Self::BlockLength => "fault_block_length",
            Self::SectionHeader => "fault_section_header",
            Self::LengthsDiffer => "fault_lengths_differ",
            Self::TooShort => "fault_too_short",
            Self::TooManyInterfaces => "fault_too_many_interfaces",
            Self::UnknownInterface => "fault_unknown_interface",
            Self::PacketLength => "fault_packet_length",
        }
    }
}
