//! What a reader met in a capture that whoever reads a report of it must know.

use super::compressed::Damage;

/// Something that limits what a capture shows. A report says it by the words of its [`name`](Self::name).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The file ends before its last packet does.
    CutOff {
        /// Bytes that it has.
        at: u64,
        /// What is incomplete there.
        inside: Option<Inside>,
    },
    /// A decompressor gave up.
    Damaged {
        /// Why.
        damage: Damage,
        /// Bytes of the uncompressed capture that it gave.
        at: u64,
        /// What is incomplete there.
        inside: Option<Inside>,
    },
    /// Reading ended before the file did.
    Unreadable {
        /// The byte where.
        at: u64,
        /// Why.
        fault: Fault,
    },
    /// Blocks were passed over that make no sense.
    Skipped {
        /// How many.
        count: u64,
        /// The byte where the first begins.
        at: u64,
        /// What is wrong with that one.
        fault: Fault,
    },
    /// Packets were dropped while capturing.
    Dropped {
        /// How many.
        count: u64,
        /// By which interface, or for it. Its name is as hostile as the capture.
        interface: String,
    },
    /// Connections of a live capture were let go of, so that the last ones could be kept.
    LetGo {
        /// How many.
        count: u64,
        /// The last ones.
        kept: u64,
    },
    /// Further notes, after [`limits::NOTES`](crate::limits::NOTES).
    LeftOut {
        /// How many.
        count: u64,
    },
}

/// What a file's end cuts in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    /// What it is.
    pub unit: Unit,
    /// The byte where it begins.
    pub begins: u64,
}

/// What a capture file consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A packet record of a pcap file.
    Record,
    /// A block of a pcapng file.
    Block,
}

/// What is wrong with a record or a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The header of a packet record contradicts itself.
    Record,
    /// A block's length cannot be true.
    BlockLength,
    /// A section header is damaged, or of a version that is not known.
    SectionHeader,
    /// The two lengths of a block differ.
    LengthsDiffer,
    /// A block ends before what it must hold.
    TooShort,
    /// A section describes more than [`limits::INTERFACES`](crate::limits::INTERFACES).
    TooManyInterfaces,
    /// A block names an interface that its section does not describe.
    UnknownInterface,
    /// A block cannot hold as many bytes as it says its packet has.
    PacketLength,
}

impl Note {
    /// Its name in the word files.
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
    /// The name of the words for "in the middle of it".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "file_inside_record",
            Self::Block => "file_inside_block",
        }
    }
}

impl Fault {
    /// Its name in the word files.
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
