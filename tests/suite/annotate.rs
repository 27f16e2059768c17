//! Annotated captures: the packets of the source, with the verdicts of its report as comments, and a profile for Wireshark.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::captured::{Captured, packets_of};
use crate::support::{PROGRAM, fixture, fixtures, tools};

fn run(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(PROGRAM).args(arguments).args(paths).output().unwrap()
}

fn annotate(capture: &Path, to: &Path, options: &[&str]) -> String {
    let output = run(&[&["annotate", "-o", to.to_str().unwrap()], options].concat(), &[capture]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{capture:?}: {said}");
    said
}

/// Returns the comments that a report in JSON asks for: each with the number of its packet, in order.
fn comments_of(report: &[u8]) -> Vec<(u64, String)> {
    let report: Value = serde_json::from_slice(report).unwrap();
    let mut comments = Vec::new();
    for (key, name) in [("connections", "Connection"), ("encrypted", "Encrypted connection")] {
        for connection in report[key].as_array().into_iter().flatten() {
            let verdict = &connection["verdict"];
            let text = |key: &str| verdict[key].as_str().unwrap();
            let comment =
                format!("{name} {}: {}. [{}, {}]", connection["id"], text("summary"), text("rule"), text("confidence"));
            // A quotation may have its own end.
            let comment = ['.', '!', '?']
                .iter()
                .fold(comment, |comment, end| comment.replace(&format!("{end}”. ["), &format!("{end}” [")));
            let packets = verdict["packets"].as_array().unwrap();
            comments.extend(packets.iter().map(|packet| (packet.as_u64().unwrap(), comment.clone())));
        }
    }
    comments.sort();
    comments
}

const fn place(packet: &Captured) -> (i64, u32) {
    (packet.time.as_nanos(), packet.length)
}

/// Every packet keeps its number, time, link type and bytes, and tshark finds every comment at its packet. It reads all
/// fixtures as the sections of one file, because starting it takes longer than reading.
#[test]
fn tshark_finds_every_comment_at_its_packet() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (one, all) = (folder.path().join("one.pcapng"), folder.path().join("all.pcapng"));
    let (mut sections, mut comments, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (name, capture) in fixtures() {
        let keys = capture.with_file_name("keys.log");
        let options = [&*format!("--keylog={}", keys.display())];
        annotate(&capture, &one, if keys.exists() { &options } else { &[] });
        let (before, after) = (packets_of(&capture), packets_of(&one));
        assert_eq!(before.len(), after.len(), "{name}");
        for (before, after) in before.iter().zip(&after) {
            assert!(place(before) == place(after) && before.data == after.data, "{name}");
            assert_eq!(before.link_type, after.link_type, "{name}");
        }
        let of_this = comments_of(&fs::read(capture.with_file_name("expected.json")).unwrap());
        comments.extend(of_this.into_iter().map(|(packet, text)| (places.len() as u64 + packet, text)));
        places.extend(before.iter().map(|packet| (packet.time.as_nanos(), packet.length, packet.data.len())));
        sections.extend(fs::read(&one).unwrap());
    }
    assert!(comments.len() > 400, "only {}", comments.len());
    fs::write(&all, sections).unwrap();

    let fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment"];
    let mut tshark = Command::new("tshark");
    tshark.args(["--disable-protocol", "tcp", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"]);
    let output = tshark.args(fields.map(|field| ["-e", field]).concat()).arg("-r").arg(&all).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut read, mut found) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(String::from_utf8(output.stdout).unwrap().lines()) {
        let [time, length, captured, texts] = line.splitn(4, '\t').collect::<Vec<_>>().try_into().unwrap();
        let (seconds, nanos) = time.split_once('.').unwrap();
        let nanos = seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap();
        read.push((nanos, length.parse().unwrap(), captured.parse().unwrap()));
        let texts = texts.split('|').filter(|text| text.starts_with("Connection ") || text.starts_with("Encrypted "));
        found.extend(texts.map(|text| (number, text.replace("\\\"", "\""))));
    }
    assert!(read == places, "{} packets, by tshark {}", places.len(), read.len());
    let missing: Vec<_> = comments.iter().filter(|comment| !found.contains(comment)).collect();
    assert!(missing.is_empty() && found.len() == comments.len(), "{} of {}: {missing:#?}", found.len(), comments.len());
}

/// tshark reports on standard error what it cannot parse of a profile.
#[test]
fn wireshark_accepts_the_profile() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (capture, to) = (fixture("many"), folder.path().join("many.pcapng"));
    let profile = folder.path().join("profiles/whyclosed");
    let tshark = |profile: &str| {
        let mut tshark = Command::new("tshark");
        tshark.env("WIRESHARK_CONFIG_DIR", folder.path()).args(["-C", profile, "--color", "-Y", "frame.comment", "-r"]);
        let output = tshark.arg(&to).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let said: Vec<_> = said.lines().filter(|line| !line.starts_with("Running as user")).collect();
        assert!(output.status.success(), "{said:?}");
        (String::from_utf8(output.stdout).unwrap(), said.join("\n"))
    };
    for language in ["en", "th"] {
        annotate(&capture, &to, &["--lang", language, "--profile", profile.to_str().unwrap()]);
        let (packets, said) = tshark("whyclosed");
        assert_eq!(said, "", "{language}");
        assert!(packets.contains("[invalid_utf8, certain]"), "{packets}");
    }
    let files = ["preferences", "colorfilters", "dfilter_buttons"];
    let rules = |file: &str| fs::read_to_string(profile.join(file)).unwrap();
    for (file, breaks) in files.into_iter().zip(["\"%", "contains", "TRUE"]) {
        let (sound, broken) = (rules(file), folder.path().join("profiles/broken"));
        fs::create_dir_all(&broken).unwrap();
        fs::write(broken.join(file), sound.replacen(breaks, "", 1)).unwrap();
        assert_ne!(tshark("broken").1, "", "{file}");
        fs::remove_dir_all(&broken).unwrap();
    }
    let buttons = rules("dfilter_buttons");
    assert!(buttons.contains("\"handler_failed\"") && !buttons.contains("\"rate_limit\""), "{buttons}");
}

#[test]
fn the_profile_of_another_program_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, to) = (folder.path().join("mine"), folder.path().join("out.pcapng"));
    fs::create_dir(&profile).unwrap();
    fs::write(profile.join("preferences"), "gui.column.format: \"No.\", \"%m\"\n").unwrap();
    let arguments = ["annotate", "-o", to.to_str().unwrap(), "--profile", profile.to_str().unwrap()];
    let output = run(&arguments, &[&fixture("many")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("preferences: not written by whyclosed"), "{said}");
    assert!(!to.exists());
    assert_eq!(fs::read_dir(&profile).unwrap().count(), 1);
}

/// Only the headers of packets are kept that belong to no WebSocket.
#[test]
fn with_redact_other_packets_lose_their_contents() {
    let folder = tempfile::tempdir().unwrap();
    let (web, sockets) = (fixture("no_websocket_http"), fixture("many"));
    let (merged, to) = (folder.path().join("merged.pcapng"), folder.path().join("out.pcapng"));
    let output = run(&["annotate", "-o", merged.to_str().unwrap()], &[&web, &sockets]);
    assert!(output.status.success(), "{output:?}");
    let said = annotate(&merged, &to, &["--redact"]);
    assert_eq!(said.lines().count(), 1, "{said}");
    let (before, after) = (packets_of(&merged), packets_of(&to));
    assert_eq!(before.len(), after.len());
    assert!(before.iter().map(place).eq(after.iter().map(place)));
    let count = |packets: &[Captured], needle: &[u8]| {
        packets.iter().filter(|packet| memchr::memmem::find(&packet.data, needle).is_some()).count()
    };
    let others = packets_of(&web).len();
    assert!(count(&before, b"HTTP/1.1 ") > others / 10);
    let upgrades = count(&packets_of(&sockets), b"HTTP/1.1 ");
    assert_eq!(count(&after, b"HTTP/1.1 "), upgrades);
    let verified = run(&["verify-redaction", to.to_str().unwrap(), "--against"], &[&merged]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let marked = |capture: &Path| {
        let comments = comments_of(&run(&["--format", "json"], &[capture]).stdout);
        comments.into_iter().map(|(packet, _)| packet).collect::<Vec<_>>()
    };
    assert_eq!(marked(&to), marked(&merged));
}
