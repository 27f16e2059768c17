//! Bundles made to harm the program that verifies them, and the contents of ordinary ones.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use flate2::{Compress, Compression, Crc, FlushCompress};
use serde_json::Value;

use crate::support::scripted::grown::Grown;
#[cfg(target_os = "linux")]
use crate::support::tools;
use crate::support::{PROGRAM, fixture};

mod numbers;

const MIB: usize = 1024 * 1024;

/// An entry of a ZIP file, already deflated.
struct Entry {
    name: String,
    deflated: Vec<u8>,
    checksum: u32,
    /// The length claimed by the file.
    length: u32,
}

/// Builds an entry of zeros; a MiB of them takes about a KiB.
fn zeros(mebibytes: usize) -> Entry {
    let plain = vec![0; MIB];
    let (mut one, mut last) = (Vec::with_capacity(MIB), Vec::with_capacity(64));
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(&plain, &mut one, FlushCompress::Full).unwrap();
    compress.compress_vec(&[], &mut last, FlushCompress::Finish).unwrap();
    let mut deflated = one.repeat(mebibytes);
    deflated.extend(last);
    let (mut checksum, mut of_one) = (Crc::new(), Crc::new());
    of_one.update(&plain);
    (0..mebibytes).for_each(|_| checksum.combine(&of_one));
    let length = u32::try_from(mebibytes * MIB).unwrap();
    Entry { name: "report.md".to_owned(), deflated, checksum: checksum.sum(), length }
}

/// Builds a ZIP file (APPNOTE.TXT §4.3).
fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
        common.extend(entry.checksum.to_le_bytes());
        common.extend(u32::try_from(entry.deflated.len()).unwrap().to_le_bytes());
        common.extend(entry.length.to_le_bytes());
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        directory.extend(entry.name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(entry.name.as_bytes());
        bytes.extend(&entry.deflated);
    }
    let at = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// Verifies a ZIP file, and asserts that no temporary files remain.
fn verify(folder: &Path, entries: &[Entry]) -> Output {
    let (zip, temporary) = (folder.join("ticket.zip"), folder.join("temporary"));
    fs::write(&zip, archive(entries)).unwrap();
    let _ = fs::create_dir(&temporary);
    let mut command = Command::new(PROGRAM);
    command.arg("verify-redaction").arg(&zip).arg("--against").arg(fixture("invalid_utf8"));
    let output = command.env("TMPDIR", &temporary).output().unwrap();
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    output
}

#[track_caller]
fn is_refused(output: &Output) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b""[..]), "{err}");
    assert!(err.contains("ticket.zip: ") && err.lines().count() == 1, "{err}");
}

#[test]
fn a_bundle_that_unpacks_to_gigabytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut large = [zeros(1500)];
    assert!(large[0].deflated.len() < 2 * MIB);
    is_refused(&verify(folder.path(), &large));
    // One that claims a small length, and one in small pieces.
    large[0].length = 100;
    is_refused(&verify(folder.path(), &large));
    let Entry { deflated, checksum, length, .. } = zeros(30);
    let piece = |number: usize| Entry { name: number.to_string(), deflated: deflated.clone(), checksum, length };
    let pieces: Vec<_> = (0..50).map(piece).collect();
    is_refused(&verify(folder.path(), &pieces));
}

#[test]
fn a_bundle_that_unpacks_to_many_times_its_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    is_refused(&verify(folder.path(), &[zeros(33)]));
    is_refused(&verify(folder.path(), &[Entry { length: 100, ..zeros(33) }]));
    // The slice of a long TLS connection is mostly zeros.
    let output = verify(folder.path(), &[zeros(20)]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_bundle_of_many_entries_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = |name: String| Entry { name, deflated: vec![3, 0], checksum: 0, length: 0 };
    for (count, width) in [(257, 8), (60_000, 8), (100, 60_000)] {
        let entries: Vec<_> = (0..count).map(|number| empty(format!("{number:0width$}"))).collect();
        is_refused(&verify(folder.path(), &entries));
    }
    let entries: Vec<_> = (0..100).map(|number| empty(number.to_string())).collect();
    assert_eq!(verify(folder.path(), &entries).status.code(), Some(0));
}

/// Data without a directory entry can still be read by someone who searches the file.
#[test]
fn a_bundle_that_hides_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let renamed = |name: &str| Entry { name: name.to_owned(), ..zeros(1) };
    is_refused(&verify(folder.path(), &[renamed("report.md"), renamed("report.md")]));
    assert_eq!(verify(folder.path(), &[renamed("report.md"), renamed("report.html")]).status.code(), Some(0));
}

/// Other users must not be able to read the unpacked files.
#[cfg(target_os = "linux")]
#[test]
fn unpacked_files_are_private() {
    if tools::missing(&["strace"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (zip, calls) = (folder.path().join("ticket.zip"), folder.path().join("calls"));
    let bundled = Command::new(PROGRAM).arg("--bundle").args([&zip, &fixture("invalid_utf8")]).output().unwrap();
    assert!(bundled.status.success());
    let mut command = Command::new("strace");
    command.args(["-f", "-e", "trace=openat,open,mkdir,mkdirat", "-o"]).arg(&calls).arg(PROGRAM);
    command
        .arg("verify-redaction")
        .arg(&zip)
        .arg("--against")
        .arg(fixture("invalid_utf8"))
        .env("TMPDIR", folder.path());
    assert!(command.status().unwrap().success());
    let calls = fs::read_to_string(&calls).unwrap();
    let created: Vec<_> = calls.lines().filter(|line| line.contains("O_CREAT") || line.contains("mkdir")).collect();
    assert_eq!(created.len(), 4, "{calls}");
    assert!(created.iter().all(|line| line.contains("O_EXCL") && line.contains(", 0600)")), "{created:#?}");
}

/// A bundle is written without keeping all of each connection. Its entries must equal the reports that keep them, except for
/// the numbers of packets and streams ([`numbers`]).
#[test]
fn a_bundle_tells_what_reports_tell() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, zip) = (folder.path().join("capture.pcap"), folder.path().join("ticket.zip"));
    fs::write(&capture, ends_of_all_kinds(620)).unwrap();
    let ran = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).arg(&capture).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for selection in [&["--all"][..], &[], &["--code", "1011"]] {
        let of = |arguments: &[&str]| ran(&[selection, arguments].concat());
        for format in ["terminal", "json", "csv"] {
            let asked = ["--verbose", "--format", format, "--fail-on", "1011"];
            let bundled = of(&[&asked[..], &["--bundle", zip.to_str().unwrap()]].concat());
            assert!(bundled == of(&asked), "{selection:?}: {format}");
        }
        let mut zip = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
        let mut entry = |name: &str| {
            let mut text = String::new();
            zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        // With all connections, nothing of the capture is left out of the slice.
        let is_whole = selection == ["--all"];
        for (name, format) in [("report.html", "html"), ("report.md", "markdown")] {
            let [bundled, plain] = [entry(name), of(&["--format", format]).1].map(|text| in_both(&text, is_whole));
            assert!(bundled == plain, "{selection:?}: {name}");
        }
        let [mut bundled, mut plain] = [entry("report.json"), ran(&["--format", "json"]).1]
            .map(|text| serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!(bundled.as_object_mut().unwrap().remove("numbers_of"), Some("slice.pcapng".into()));
        let [mut included, connections] = [&mut bundled, &mut plain].map(|report| report["connections"].take());
        assert_eq!(bundled, plain);
        let included = included.as_array_mut().unwrap();
        included.iter_mut().for_each(|one| assert!(one.as_object_mut().unwrap().remove("original").is_some()));
        assert!(!is_whole || included == connections.as_array().unwrap());
        assert!(is_whole || !included.is_empty() && included.len() < connections.as_array().unwrap().len());
    }
}

/// Returns the lines of a report that are both in a bundle and elsewhere: without the command line, the remark on numbers,
/// and the filters for the capture; and unless `with_numbers`, without digits. The data of a page are left out, since they
/// number its texts.
fn in_both(text: &str, with_numbers: bool) -> String {
    let data = text
        .split_once(" id=\"data\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map_or("", |(data, _)| data);
    let text = if data.is_empty() { text.to_owned() } else { text.replace(data, "") };
    let text = text.replace("<d", "\n<d").replace("<p", "\n<p").replace("</p>", "</p>\n").replace("</dd>", "</dd>\n");
    let (mut lines, mut is_original) = (Vec::new(), false);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let is_filter = is_original && line.starts_with("<dd");
        is_original = line.contains(">In capture.pcap<") || line.contains("**In capture.pcap**");
        if !is_filter && !is_original && !line.contains("`whyclosed ") && !line.contains("have the numbers of") {
            lines.push(line);
        }
    }
    let text = lines.join("\n");
    text.chars().filter(|character| with_numbers || !character.is_ascii_digit()).collect()
}

/// Writes more connections than a table has rows. They end in many ways, some of them only far after the first ones.
fn ends_of_all_kinds(count: u32) -> Vec<u8> {
    const CLOSES: [&[u8]; 6] = [
        b"\x88\x02\x03\xe8",
        b"\x88\x02\x03\xe9",
        b"\x88\x12\x03\xf3internal error!!",
        b"\x88\x06\x0f\xa0gone",
        b"\x88\x00",
        b"\x81\x04text\x88\x02\x03\xf0",
    ];
    let mut grown = Grown::new();
    for number in 0..count {
        let lines = if number % 7 == 0 { "Sec-WebSocket-Protocol: graphql-transport-ws\r\n" } else { "" };
        let mut talk = grown.open(number, lines);
        match number % 11 {
            0 => continue,
            1 => talk.say(true, b"\x81\x04text"),
            2 if number > 540 => talk.say(true, b"\x81\x82abcd\xff\xff"),
            _ => {}
        }
        let close = if number < 510 { number % 2 } else { number % CLOSES.len() as u32 };
        talk.say(false, CLOSES[close as usize]);
        talk.say(true, b"\x88\x80abcd");
    }
    grown.bytes
}

/// Streams have other numbers if a filter drops packets: their frames must not be mixed up.
#[cfg(feature = "live")]
/// A bundle analyses its capture twice, but a key log can be read once, if it is a pipe.
#[test]
fn keys_from_a_pipe_are_for_the_report_in_a_bundle_too() {
    let capture = fixture("wss_closed_by_application");
    let keys = fs::read(capture.with_file_name("keys.log")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ticket.zip");
    let mut command = assert_cmd::Command::new(PROGRAM);
    command.args(["--format", "json", "--keylog", "/dev/stdin", "--bundle"]).args([&bundle, &capture]);
    let printed = command.write_stdin(keys).output().unwrap().stdout;
    let mut inside = Vec::new();
    let mut archive = zip::ZipArchive::new(fs::File::open(&bundle).unwrap()).unwrap();
    archive.by_name("report.json").unwrap().read_to_end(&mut inside).unwrap();
    for report in [&printed, &inside] {
        let report: Value = serde_json::from_slice(report).unwrap();
        assert_eq!(report["connections"][0]["closes"][0]["code"], 4401);
    }
}

#[test]
fn secrets_of_filtered_packets_are_hidden() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [capture, zip] = ["capture.pcap", "ticket.zip"].map(|name| folder.path().join(name));
    let secret = br#"{"password":"zorvak-moon-1"} and so on"#;
    let frame = |payload: &[u8], key: [u8; 4]| {
        let masked = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
        [&[0x81, 0x80 | payload.len() as u8][..], &key].concat().into_iter().chain(masked).collect::<Vec<_>>()
    };
    let mut grown = Grown::new();
    grown.open(0, "").say(true, &frame(&secret.map(|_| b'-'), [0; 4]));
    let masked = frame(secret, *b"abcd");
    grown.open(1, "").say(true, &masked);
    fs::write(&capture, grown.bytes).unwrap();
    let arguments = ["--all", "--filter", "port 10001", "--bundle"];
    let bundled = Command::new(PROGRAM).args(arguments).args([&zip, &capture]).output().unwrap();
    assert!(bundled.status.success(), "{}", String::from_utf8_lossy(&bundled.stderr));
    let mut slice = Vec::new();
    let mut zip = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
    zip.by_name("slice.pcapng").unwrap().read_to_end(&mut slice).unwrap();
    let holds = |part: &[u8]| memchr::memmem::find(&slice, part).is_some();
    assert!(holds(&masked[..6]) && !holds(&masked[19..33]));
}
