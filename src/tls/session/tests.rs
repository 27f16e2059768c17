//! Whole connections.

mod gaps;
mod keys;
mod suites;

use super::rfc8448;
use super::testing::*;
use super::{Obstacle, Summary};
use crate::limits;
use crate::side::Side::{self, Client, Server};
use crate::tls::hello::HELLO_RETRY_REQUEST;
use crate::tls::keys::Origin;
use crate::tls::record::{Alert, Version};
use crate::tls::suite::{SUITES, Suite, SuiteId};

const AES_128_GCM: SuiteId = SuiteId::TLS_AES_128_GCM_SHA256;
const AES_256_GCM: SuiteId = SuiteId::TLS_AES_256_GCM_SHA384;
const CHACHA20: SuiteId = SuiteId::TLS_CHACHA20_POLY1305_SHA256;
const GCM12: SuiteId = SuiteId(0xC02F);
const CHACHA12: SuiteId = SuiteId(0xCCA8);
const CBC_SHA: SuiteId = SuiteId(0xC013);

/// TLS 1.3 with each cipher that the search treats differently, and the older versions.
const SHAPES: [(SuiteId, Version); 8] = [
    (AES_128_GCM, Version::TLS13),
    (AES_256_GCM, Version::TLS13),
    (CHACHA20, Version::TLS13),
    (GCM12, Version::TLS12),
    (CHACHA12, Version::TLS12),
    (CBC_SHA, Version::TLS12),
    (CBC_SHA, Version::TLS11),
    (CBC_SHA, Version::TLS10),
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The handshake of a version, its key log, and both sides behind it.
fn handshake(id: SuiteId, version: Version, is_mac_outside: bool) -> (Records, [Writer; 2], String) {
    let suite = id.suite().unwrap();
    if version == Version::TLS13 {
        let (records, writers) = handshake13(suite, CLIENT_RANDOM, 1);
        (records, writers, log13(suite, CLIENT_RANDOM, 1))
    } else {
        let (records, writers) = handshake12(suite, version, is_mac_outside);
        (records, writers, log12(CLIENT_RANDOM))
    }
}

/// Messages of both sides: texts of all lengths, some of which end in zeros.
fn chat([client, server]: &mut [Writer; 2], messages: usize) -> Vec<(Side, Vec<u8>, Vec<u8>)> {
    let mut sent = Vec::new();
    for number in 0..messages {
        let mut text = format!("message {number} ").repeat(1 + number * number % 40).into_bytes();
        text.resize(text.len() + number % 3, 0);
        sent.push((Client, client.seal(DATA, &text), text.clone()));
        text.push(b'!');
        sent.push((Server, server.seal(DATA, &text), text));
    }
    sent
}

fn contents(sent: &[(Side, Vec<u8>, Vec<u8>)], of: Side) -> Vec<u8> {
    sent.iter().filter(|(side, ..)| *side == of).flat_map(|(.., text)| text.clone()).collect()
}

fn rfc(trace: &[rfc8448::Sent], keys: &str) -> Bench {
    let mut bench = Bench::new(keys);
    for (side, record) in trace {
        bench.push(if *side == 'c' { Client } else { Server }, &octets(record));
    }
    bench
}

const GOODBYES: [Shown; 2] = [Shown::Alert(Client, Alert(0)), Shown::Alert(Server, Alert(0))];
