//! The captures of the benchmark, written once and kept.

use crate::background::{Download, Shell, Tls};
use crate::bulk::Bulk;
use crate::chat::{Chat, Http2Chats, Idler, ShortChat};
use crate::datagrams::{Dns, Quic};
use crate::random::Random;
use crate::schedule::{self, Actor, Caller, Capture, START, Talk};
use crate::tls::{Security, Suite};
use crate::truth::Truth;
use crate::wire::Wire;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The version of the generator. It is raised with every change of the output, so that older files are regenerated.
const GENERATOR: u32 = 2;

/// The approximate size of most captures in bytes: connections that are open when it is reached are closed in an orderly
/// way.
const SIZE: u64 = 256 << 20;
const SECOND: u64 = 1_000_000;

/// A capture to generate.
pub struct Plan {
    pub name: &'static str,
    /// Adds the actors, each with its start in microseconds from the beginning.
    actors: fn(&mut Cast),
    /// The size of the file from which on connections end.
    ending_at: u64,
    /// The suite of all connections, if they have TLS.
    tls: Option<Suite>,
    bad_link: bool,
    may_miss_percent: u64,
    /// Whether the capture is so large that it is generated only if it is named.
    pub on_demand: bool,
}

/// All captures.
pub const PLANS: [Plan; 14] = [
    chat("chat", None),
    short("short", SIZE),
    bulk("bulk", None),
    // One byte in twenty belongs to a WebSocket.
    Plan {
        name: "mixed",
        actors: |cast| {
            cast.callers::<Chat>(1_000, 500, 5 * SECOND);
            cast.callers::<Tls>(60, 4_500_000 / 60, SECOND);
            cast.callers::<Download>(20, 2_500_000 / 20, SECOND);
            cast.callers::<Shell>(50, 700_000 / 50, SECOND);
            cast.actors(40, SECOND, || Box::new(Quic::new(1_500_000 / 40)));
            cast.actors(40, SECOND, || Box::new(Dns { rate: 300_000 / 40 }));
        },
        ending_at: SIZE - (20 << 20),
        ..PLAIN
    },
    // 100,000 connections that stay open.
    Plan { name: "open", actors: |cast| cast.callers::<Idler>(100_000, 200, 60 * SECOND), ..PLAIN },
    // Small and large messages over a bad link, in a capture that misses some of the packets.
    Plan {
        name: "lossy",
        actors: |cast| {
            cast.callers::<Chat>(2_000, 500, 10 * SECOND);
            cast.callers::<Bulk>(32, 1_000_000 / 32, SECOND);
        },
        ending_at: SIZE - (25 << 20),
        bad_link: true,
        may_miss_percent: 5,
        ..PLAIN
    },
    // The same small messages in streams of 1,000 connections of HTTP/2 with prior knowledge.
    Plan {
        name: "h2c-chat",
        actors: |cast| cast.callers::<Http2Chats>(1_000, 800, 120 * SECOND),
        ending_at: SIZE - (4 << 20),
        ..PLAIN
    },
    chat("tls-chat", Some(Suite::Aes128Gcm)),
    bulk("tls-bulk", Some(Suite::Aes128Gcm)),
    chat("tls-chat-chacha", Some(Suite::ChaCha20Poly1305)),
    bulk("tls-bulk-chacha", Some(Suite::ChaCha20Poly1305)),
    Plan { on_demand: true, ..short("short-1g", 1 << 30) },
    Plan { on_demand: true, ..short("short-4g", 4 << 30) },
    // 1,000,000 connections that stay open, as many new ones per second as in `open`.
    Plan {
        name: "open-1m",
        actors: |cast| cast.callers::<Idler>(1_000_000, 200, 600 * SECOND),
        on_demand: true,
        ..PLAIN
    },
];

/// A plan without actors, from which the others differ.
const PLAIN: Plan = Plan {
    name: "",
    actors: |_| {},
    ending_at: u64::MAX,
    tls: None,
    bad_link: false,
    may_miss_percent: 0,
    on_demand: false,
};

/// Small messages on 4,000 connections.
const fn chat(name: &'static str, tls: Option<Suite>) -> Plan {
    Plan {
        name,
        actors: |cast| cast.callers::<Chat>(4_000, 200, 120 * SECOND),
        ending_at: SIZE - (6 << 20),
        tls,
        ..PLAIN
    }
}

/// Many short connections, 1,000 at a time: one for every 23 kB of the file, each with a closing handshake.
const fn short(name: &'static str, size: u64) -> Plan {
    Plan {
        name,
        actors: |cast| cast.callers::<ShortChat>(1_000, 800, 30 * SECOND),
        ending_at: size - (2 << 20),
        ..PLAIN
    }
}

/// Large messages on 64 connections.
const fn bulk(name: &'static str, tls: Option<Suite>) -> Plan {
    Plan { name, actors: |cast| cast.callers::<Bulk>(64, 400_000, SECOND), ending_at: SIZE - (38 << 20), tls, ..PLAIN }
}

/// A capture, and the log of its TLS keys.
pub struct Files {
    pub capture: PathBuf,
    pub keys: Option<PathBuf>,
}

/// The actors of a capture.
pub struct Cast {
    random: Random,
    actors: Vec<(u64, Box<dyn Actor>)>,
}

impl Cast {
    /// Adds `count` actors that start at random times `within` some microseconds.
    fn actors(&mut self, count: u64, within: u64, actor: impl Fn() -> Box<dyn Actor>) {
        for _ in 0..count {
            self.actors.push((START + self.random.between(0, within), actor()));
        }
    }

    /// Adds `count` callers, each at `rate` bytes per second.
    fn callers<T: Talk + 'static>(&mut self, count: u64, rate: u64, within: u64) {
        self.actors(count, within, || Box::new(Caller::<T>::new(rate)));
    }
}

impl Plan {
    /// Returns the files of the capture in `directory` and its expected contents. The capture is generated if it does
    /// not exist.
    pub fn capture(&self, directory: &Path) -> io::Result<(Files, Truth)> {
        let capture = directory.join(self.name).with_extension("pcap");
        let keys = self.tls.map(|_| capture.with_extension("keys"));
        let beside = capture.with_extension("json");
        let files = Files { capture, keys };
        if let Some(truth) = kept(&files, &beside) {
            return Ok((files, truth));
        }
        fs::create_dir_all(directory)?;
        let truth = self.write(&files)?;
        fs::write(&beside, serde_json::to_string_pretty(&truth)?)?;
        Ok((files, truth))
    }

    fn write(&self, files: &Files) -> io::Result<Truth> {
        let seed = self.name.bytes().fold(0, |seed, byte| seed << 8 | u64::from(byte));
        let mut cast = Cast { random: Random::new(seed), actors: Vec::new() };
        (self.actors)(&mut cast);
        let mut capture = Capture {
            wire: Wire::create(&files.capture)?,
            random: cast.random,
            truth: Truth::default(),
            tls: self.tls.map(Security::new),
            bad_link: self.bad_link,
            ending: false,
            clients: 0,
        };
        schedule::run(cast.actors, self.ending_at, &mut capture)?;
        if let (Some(path), Some(tls)) = (&files.keys, &capture.tls) {
            fs::write(path, &tls.log)?;
        }
        Ok(Truth {
            generator: GENERATOR,
            bytes: capture.wire.bytes,
            packets: capture.wire.packets,
            may_miss_percent: self.may_miss_percent,
            ..capture.truth
        })
    }
}

/// Returns the truth stored beside a capture, if the capture is complete and of this generator's version.
fn kept(files: &Files, beside: &Path) -> Option<Truth> {
    let truth: Truth = serde_json::from_slice(&fs::read(beside).ok()?).ok()?;
    let is_complete = truth.bytes == fs::metadata(&files.capture).ok()?.len();
    let has_keys = files.keys.as_ref().is_none_or(|keys| keys.exists());
    (truth.generator == GENERATOR && is_complete && has_keys).then_some(truth)
}
