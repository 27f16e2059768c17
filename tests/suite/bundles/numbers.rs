//! The numbers in a bundle are those of its slice: tshark finds the right packets there with each filter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use serde_json::Value;
use whyclosed::capture::pcapng::{Description, Writer};
use whyclosed::capture::{self, LinkType, Packet};

use crate::support::captured::{Captured, packets_of};
use crate::support::{PROGRAM, fixture, fixtures, tools};

/// A bundle that was unpacked, and the report that was printed with it.
struct Bundle {
    slice: PathBuf,
    report: Value,
    texts: [String; 2],
    printed: Value,
}

/// Writes a fixture as pcapng, with the keys that it contains, and with a foreign packet before the first packet and behind
/// every third one: nearly each is of a TCP connection of its own.
fn with_noise(fixture: &Path, to: &Path) {
    let mut writer = Writer::new(File::create(to).unwrap()).unwrap();
    let keys = keys_in(fixture);
    if !keys.is_empty() {
        writer.key_log(&keys).unwrap();
    }
    let mut interfaces: BTreeMap<u16, u32> = BTreeMap::new();
    let mut number = 0;
    let mut write = |link_type: LinkType, captured: &Captured| {
        let interface = *interfaces.entry(link_type.0).or_insert_with(|| {
            let (name, filter) = (String::new(), String::new());
            writer.interface(&Description { link_type, snaplen: 0, name, filter }).unwrap()
        });
        number += 1;
        let Captured { time, data, length, .. } = captured;
        let packet = Packet { number, time: *time, link_type, data, length: *length, process: None };
        writer.packet(interface, &packet, 0, &[]).unwrap();
    };
    for (at, captured) in packets_of(fixture).iter().enumerate() {
        if at % 3 == 0 {
            let data = foreign(at);
            let length = u32::try_from(data.len()).unwrap();
            write(LinkType::RAW, &Captured { data, length, ..captured.clone() });
        }
        write(captured.link_type, captured);
    }
}

/// Returns the TLS key log in a capture.
fn keys_in(capture: &Path) -> String {
    let mut keys = String::new();
    capture::key_log_lines(&[capture.to_owned()], |line| keys.extend([line, "\n"])).unwrap();
    keys
}

/// Returns a segment, as an IPv4 packet, from the middle of a connection that is not a WebSocket.
fn foreign(number: usize) -> Vec<u8> {
    let payload = b"nothing to see\r\n";
    let mut bytes = vec![0x45, 0, 0, 40 + payload.len() as u8, 0, 0, 0, 0, 64, 6, 0, 0];
    bytes.extend([198, 51, 100, 7, 203, 0, 113, 9]);
    bytes.extend((20_000 + number as u16).to_be_bytes());
    bytes.extend([0x23, 0x29, 0, 0, 1, 0, 0, 0, 1, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

impl Bundle {
    fn new(capture: &Path, keys: Option<&Path>, options: &[&str], folder: &Path) -> Self {
        let zip = folder.join("ticket.zip");
        let mut command = Command::new(PROGRAM);
        command.args(["--format", "json", "--bundle"]).arg(&zip).args(options).arg(capture);
        keys.iter().for_each(|keys| _ = command.arg("--keylog").arg(keys));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{capture:?}: {}", String::from_utf8_lossy(&output.stderr));
        let printed = serde_json::from_slice(&output.stdout).unwrap();
        let mut zip = zip::ZipArchive::new(File::open(&zip).unwrap()).unwrap();
        let mut entry = |name: &str| {
            let mut bytes = Vec::new();
            zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        let slice = folder.join("slice.pcapng");
        fs::write(&slice, entry("slice.pcapng")).unwrap();
        let report = serde_json::from_slice(&entry("report.json")).unwrap();
        let texts = ["report.md", "report.html"].map(|name| String::from_utf8(entry(name)).unwrap());
        Self { slice, report, texts, printed }
    }

    /// Returns the connections of the report, those seen from outside last, each with that of the printed report.
    fn connections(&self) -> Vec<(&Value, &Value)> {
        let of = |report: &'_ Value, list: &str| report[list].as_array().cloned().unwrap_or_default();
        let mut pairs = Vec::new();
        for list in ["connections", "encrypted"] {
            for (at, one) in of(&self.report, list).iter().enumerate() {
                let all = of(&self.printed, list);
                let place = all.iter().position(|other| other["id"] == one["id"]).unwrap();
                pairs.push((&self.report[list][at], &self.printed[list][place]));
            }
        }
        pairs
    }
}

/// The keys of values that are the number of a packet, except in `close_handshake`, where `answer` is one, too.
const PACKETS: [&str; 6] = ["packet", "packets", "request", "asked", "message", "other_packet"];

/// Asserts that a part of the report in the bundle is that of the printed report with its packets renumbered.
fn is_renumbered(own: &Value, printed: &Value, key: &str, numbers: &BTreeMap<u64, u64>) {
    let new = |number: u64| numbers.get(&number).copied();
    match (own, printed) {
        (Value::Object(own), Value::Object(printed)) => {
            let keys = |part: &serde_json::Map<String, Value>| {
                part.keys().filter(|key| *key != "original").cloned().collect::<Vec<_>>()
            };
            assert_eq!(keys(own), keys(printed), "{key}");
            keys(own).iter().for_each(|key| is_renumbered(&own[key], &printed[key], key, numbers));
        }
        (Value::Array(own), Value::Array(printed)) => {
            assert_eq!(own.len(), printed.len(), "{key}");
            own.iter().zip(printed).for_each(|(own, printed)| is_renumbered(own, printed, key, numbers));
        }
        (Value::Number(number), _) if key == "answer" && own != printed => {
            assert_eq!(number.as_u64(), new(printed.as_u64().unwrap()), "{key}");
        }
        (Value::Number(own), Value::Number(printed)) if PACKETS.contains(&key) => {
            assert_eq!(own.as_u64(), new(printed.as_u64().unwrap()), "{key} {printed}");
        }
        (Value::String(own), Value::String(printed)) if key == "summary" => {
            let (own, printed) = (numbered(own), numbered(printed));
            assert_eq!(own.0, printed.0);
            for (own, printed) in own.1.into_iter().zip(printed.1) {
                assert!(own == printed || new(printed) == Some(own), "{printed} became {own}");
            }
        }
        // Checked with tshark.
        _ if key == "filter" || key == "tcp_stream" => {}
        (own, printed) => assert_eq!(own, printed, "{key}"),
    }
}

/// Splits a text into its words and its numbers.
fn numbered(text: &str) -> (Vec<&str>, Vec<u64>) {
    let digits = text.split(|character: char| !character.is_ascii_digit());
    let words = text.split(|character: char| character.is_ascii_digit()).filter(|word| !word.is_empty());
    (words.collect(), digits.filter_map(|digits| digits.parse().ok()).collect())
}

/// Returns the packets that connections have in both numberings, and asserts that they are the same packets, with the same
/// bytes if the slice shows secrets.
fn numbers(connection: &Value, slice: &[Captured], capture: &[Captured], are_shown: bool) -> BTreeMap<u64, u64> {
    let both = connection["original"]["packets"].as_array().unwrap().iter();
    let both = both.map(|both| (both["original"].as_u64().unwrap(), both["packet"].as_u64().unwrap()));
    both.inspect(|(original, packet)| {
        let [captured, sliced] = [(capture, original), (slice, packet)].map(|(all, at)| &all[*at as usize - 1]);
        assert_eq!((captured.time, captured.length), (sliced.time, sliced.length), "{original} as {packet}");
        assert!(!are_shown || captured.data == sliced.data, "{original} as {packet}");
    })
    .collect()
}

/// Returns the packets that tshark finds with each filter.
fn found(slice: &Path, filters: &[&str], folder: &Path) -> Vec<BTreeSet<u64>> {
    let mut script = String::new();
    for (at, filter) in filters.iter().enumerate() {
        assert!(!filter.contains(['"', '\\']), "{filter}");
        // Not local, because a script may have only 200 local variables.
        writeln!(script, "tap{at} = Listener.new(\"frame\", \"{filter}\")").unwrap();
        writeln!(script, "function tap{at}.packet(pinfo) print(\"{at} \" .. pinfo.number) end").unwrap();
    }
    let path = folder.join("filters.lua");
    fs::write(&path, script).unwrap();
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-q", "-X"]).arg(format!("lua_script:{}", path.display())).arg("-r").arg(slice);
    let output = tshark.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = vec![BTreeSet::new(); filters.len()];
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (at, packet) = line.split_once(' ').unwrap();
        found[at.parse::<usize>().unwrap()].insert(packet.parse().unwrap());
    }
    found
}

/// Returns the findings of a connection, the verdict first.
fn findings(connection: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(&connection["verdict"]).chain(connection["findings"].as_array().unwrap())
}

/// Asserts that tshark finds in the slice, with each filter of the report, the packets that the finding names, and that the
/// texts have no other filters.
fn filters_fit(bundle: &Bundle, folder: &Path) -> usize {
    let connections = bundle.connections();
    let all: Vec<_> = connections.iter().flat_map(|(own, _)| findings(own).map(|finding| (*own, finding))).collect();
    let filters: Vec<_> = all.iter().map(|(_, finding)| finding["filter"].as_str().unwrap()).collect();
    for ((connection, finding), found) in all.iter().zip(found(&bundle.slice, &filters, folder)) {
        let packets: BTreeSet<_> = finding["packets"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let moments = connection["timeline"].as_array().into_iter().flatten();
        let own: BTreeSet<_> = moments.map(|moment| moment["packet"].as_u64().unwrap()).collect();
        // Without packets, the filter shows the connection.
        let is_right = if packets.is_empty() { !found.is_empty() && own.is_subset(&found) } else { found == packets };
        assert!(is_right, "{}: {found:?}", finding["filter"]);
    }
    let originals = connections.iter().map(|(own, _)| own["original"]["filter"].as_str().unwrap());
    let known: BTreeSet<_> = filters.iter().copied().chain(originals).collect();
    for text in &bundle.texts {
        let text = text.replace("&amp;", "&");
        for (at, begin) in text.match_indices("tcp.stream eq ") {
            let rest = &text[at + begin.len()..];
            // In Markdown, in markup and in the data of a page.
            let end = at + begin.len() + rest.find(['`', '<', '"']).unwrap();
            assert!(known.contains(&text[at..end]), "{}", &text[at..end]);
        }
    }
    filters.len()
}

/// Asserts that the comments in a slice are the sentences of a report on these packets. Returns their number.
fn comments_fit(slice: &Path, connections: &[&Value]) -> usize {
    let mut source = capture::open(&[slice.to_owned()]).unwrap();
    let mut comments = 0;
    while source.advance().unwrap() {
        let number = source.packet().number;
        for comment in source.marks().comments.iter().filter(|comment| comment.starts_with("Connection ")) {
            let is_said = |own: &&Value| {
                let verdict = &own["verdict"];
                let is_marked = verdict["packets"].as_array().unwrap().contains(&number.into());
                is_marked
                    && comment.starts_with(&format!("Connection {}: ", own["id"]))
                    && comment.contains(verdict["summary"].as_str().unwrap())
            };
            assert!(connections.iter().any(is_said), "packet {number}: {comment}");
            comments += 1;
        }
    }
    comments
}

/// Calls `check` with each fixture and an empty folder, on all cores.
fn each_fixture(check: impl Fn(&str, &Path, &Path) + Sync) {
    let (fixtures, next, failed) = (fixtures(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((name, capture)) = fixtures.get(next.fetch_add(1, Relaxed)) {
            let folder = tempfile::tempdir().unwrap();
            let checked =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(name, capture, folder.path())));
            if checked.is_err() {
                failed.lock().unwrap().push(name.clone());
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    assert_eq!(failed.into_inner().unwrap(), [""; 0]);
}

fn keys_of(fixture: &Path) -> Option<PathBuf> {
    Some(fixture.with_file_name("keys.log")).filter(|log| log.exists())
}

/// Asserts that the report in a bundle is the printed one with the numbers of the slice, and that tshark finds the packets
/// there. Returns the number of filters, and of connections with another number.
fn fits(bundle: &Bundle, capture: &Path, folder: &Path) -> (usize, usize) {
    let (slice, capture) = (packets_of(&bundle.slice), packets_of(capture));
    let mut moved = 0;
    for (own, printed) in bundle.connections() {
        let original = &own["original"];
        is_renumbered(own, printed, "", &numbers(own, &slice, &capture, false));
        assert_eq!(original["tcp_stream"], printed["tcp_stream"]);
        assert_eq!(original["filter"], printed["verdict"]["filter"]);
        moved += usize::from(own["tcp_stream"] != original["tcp_stream"]);
    }
    let own: Vec<_> = bundle.connections().into_iter().map(|(own, _)| own).collect();
    comments_fit(&bundle.slice, &own);
    (filters_fit(bundle, folder), moved)
}

/// Every fixture, among packets that are not in the slice: those of the report are found there.
#[test]
fn every_filter_finds_its_packets_in_the_slice() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let sums = Mutex::new((0, 0));
    each_fixture(|_, fixture, folder| {
        let noisy = folder.join("noisy.pcapng");
        with_noise(fixture, &noisy);
        let bundle = Bundle::new(&noisy, keys_of(fixture).as_deref(), &["--all"], folder);
        let (filters, moved) = fits(&bundle, &noisy, folder);
        let mut sums = sums.lock().unwrap();
        *sums = (sums.0 + filters, sums.1 + moved);
    });
    let (filters, moved) = sums.into_inner().unwrap();
    assert!(filters > 900 && moved > 600, "{filters} filters, {moved} connections with another number");
}

/// The same for a part of the connections: the other leg of each goes along, since verdicts name packets of it.
#[test]
fn filters_fit_a_slice_of_some_connections() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, options, included) in [
        ("many", &[][..], 16),
        ("proxy_cut", &["--connection", "2"], 2),
        ("reconnect_storm", &["--connection", "9", "--connection", "4"], 2),
    ] {
        let capture = fixture(name);
        // With options, the printed report is only of the connections that were asked for.
        let Bundle { printed, .. } = Bundle::new(&capture, None, &[], folder.path());
        let bundle = Bundle { printed, ..Bundle::new(&capture, None, options, folder.path()) };
        fits(&bundle, &capture, folder.path());
        assert_eq!(bundle.connections().len(), included, "{name}");
    }
}

/// Without a report beside it, a slice has its own numbers in comments, too.
#[test]
fn comments_in_a_slice_have_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let [noisy, slice] = ["noisy.pcapng", "slice.pcapng"].map(|name| folder.path().join(name));
    for name in ["invalid_utf8", "proxy_cut", "reconnect_storm"] {
        with_noise(&fixture(name), &noisy);
        let run = |arguments: &[&str], file: &Path| {
            let output = Command::new(PROGRAM).args(arguments).arg(file).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        run(&["slice", "--abnormal", "--redact", "-o", slice.to_str().unwrap()], &noisy);
        let report: Value = serde_json::from_slice(&run(&["--format", "json"], &slice)).unwrap();
        let connections: Vec<_> = report["connections"].as_array().unwrap().iter().collect();
        assert!(comments_fit(&slice, &connections) > 0, "{name}");
    }
}

/// With secrets, the packets of a slice are those of the capture, and reading it gives the report that came with it.
#[test]
fn the_report_of_a_slice_is_that_in_its_bundle() {
    each_fixture(|_, fixture, folder| {
        let noisy = folder.join("noisy.pcapng");
        with_noise(fixture, &noisy);
        let keys = keys_of(fixture);
        let shown = Bundle::new(&noisy, keys.as_deref(), &["--all", "--show-secrets"], folder);
        let (slice, capture) = (packets_of(&shown.slice), packets_of(&noisy));
        for (own, printed) in shown.connections() {
            is_renumbered(own, printed, "", &numbers(own, &slice, &capture, true));
        }
        if !keys_in(fixture).is_empty() {
            // The slice in a bundle has no keys.
            return;
        }
        let mut command = Command::new(PROGRAM);
        command.args(["--format", "json", "--show-secrets"]).arg(&shown.slice);
        keys.iter().for_each(|keys| _ = command.arg("--keylog").arg(keys));
        let again: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        // In the bundle, each connection names the capture, too.
        let [own, again] = [&shown.report, &again].map(|report| {
            let mut connections = report["connections"].clone();
            for connection in connections.as_array_mut().unwrap().iter_mut().map(|one| one.as_object_mut().unwrap()) {
                connection.retain(|field, _| field != "original" && field != "files");
            }
            connections
        });
        assert_eq!(again, own);
    });
}
