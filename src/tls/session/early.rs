//! Data that a client sends with its ClientHello (0-RTT, RFC 8446 §2.3). It is part of the stream only if the server
//! accepts it, so it waits for the server's word.

use super::waiting::HeldRecord;
use crate::limits;
use crate::side::Side;
use crate::tls::reader::Framed;

/// The early data of a connection.
#[derive(Debug, Default)]
pub struct Early {
    fate: Fate,
    held: Vec<HeldRecord>,
    bytes: usize,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// None was announced, or the server's word has been carried out.
    #[default]
    Settled,
    /// The server has said nothing yet.
    Open,
    /// The server has accepted it, or not.
    Decided(bool),
}

impl Early {
    /// Notes that the client announces early data.
    pub const fn announce(&mut self) {
        self.fate = Fate::Open;
    }

    /// Notes whether the server accepts the data.
    pub fn decide(&mut self, is_accepted: bool) {
        if self.fate == Fate::Open {
            self.fate = Fate::Decided(is_accepted);
        }
    }

    /// Returns whether the client's protected records may be early data that the server has said nothing of.
    pub fn is_open(&self) -> bool {
        self.fate == Fate::Open
    }

    /// Returns whether nothing is left to be decided or carried out.
    pub fn is_settled(&self) -> bool {
        self.fate == Fate::Settled
    }

    /// Returns the number of bytes held.
    pub const fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps a record of the client. Returns `false` if there is no room for it.
    pub fn keep(&mut self, framed: &Framed<'_>) -> bool {
        let record = HeldRecord::new(Side::Client, framed);
        let has_room = self.bytes + record.size() <= limits::TLS_EARLY;
        if has_room {
            self.bytes += record.size();
            self.held.push(record);
        }
        has_room
    }

    /// Drops the data as if the server had refused it.
    pub fn let_go(&mut self) {
        self.decide(false);
        self.held = Vec::new();
        self.bytes = 0;
    }

    /// Returns the server's word, once, and the records that have waited for it.
    pub fn settle(&mut self) -> Option<(bool, Vec<HeldRecord>)> {
        let Fate::Decided(is_accepted) = self.fate else { return None };
        self.fate = Fate::Settled;
        self.bytes = 0;
        Some((is_accepted, std::mem::take(&mut self.held)))
    }
}
