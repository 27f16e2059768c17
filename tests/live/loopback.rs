//! Tests `whyclosed live` on the loopback interface, with real endpoints. Needs root; the tests are skipped without it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{PROGRAM, tools};
use crate::watching::{
    ENDS, Live, NET_RAW, PATIENCE, Peer, Tls, Told, are_right, folder, missing, report_of, script, server, text, visit,
    without_files,
};
use serde_json::Value;

/// The maximal latency of a line, generous for busy machines; the measured latency is printed.
const AT_ONCE: Duration = Duration::from_secs(5);

fn are_at_once(ends: &[Told], of: &str) {
    let mut latencies: Vec<_> = ends.iter().map(|told| told.latency).collect();
    latencies.sort();
    let longest = *latencies.last().unwrap();
    println!("{of}: told {:.1?} after the packet (median), {longest:.1?} at most", latencies[latencies.len() / 2]);
    assert!(longest < AT_ONCE, "{longest:?}");
}

/// Returns the rules of objects or of a report's connections, by target.
fn rules<'v>(objects: impl Iterator<Item = &'v Value>) -> BTreeMap<String, String> {
    let rule = |object: &Value| object["rule"].as_str().or(object["verdict"]["rule"].as_str()).unwrap().to_owned();
    let target =
        |object: &Value| object["target"].as_str().or(object["handshake"]["target"].as_str()).unwrap().to_owned();
    objects.map(|object| (target(object), rule(object))).collect()
}

/// The rules of the ends that both libraries cause in the same way.
const RULES: [(&str, &str); 8] = [
    ("/1000", "closed_normally"),
    ("/1001", "going_away"),
    ("/1007", "invalid_utf8"),
    ("/1009", "message_too_big"),
    ("/4401", "closed_by_application"),
    ("/rst", "reset_without_close"),
    ("/fin", "fin_without_close"),
    ("/403", "handshake_refused"),
];

/// Checks that every end of real endpoints is reported at once and correctly, and that the final report and that of the
/// file agree.
fn watches(name: &str) {
    let (_server, port) = server(name);
    let folder = folder();
    let file = folder.path().join("trace.pcapng");
    let live = Live::start(&["-i", "lo", "-p", &port, "--write", text(&file)], None);
    visit(name, &port);
    let ends = live.ends(ENDS.len());
    are_right(&ends);
    are_at_once(&ends, name);
    let told = rules(ends.iter().map(|told| &told.object));
    for (target, rule) in RULES {
        assert_eq!(told[target], rule, "{target}");
    }

    let report = live.report();
    assert_eq!(
        rules(report["connections"].as_array().unwrap().iter()),
        told,
        "the report agrees with the lines before it"
    );
    reads_back(&report, &file);
}

/// Returns connections without their files, and without what the end of the capture decides of those that are still open: a
/// live one ends by the clock, its file with the last packet.
fn until_the_last_packet(connections: &Value) -> Value {
    let mut connections = without_files(connections);
    let open = connections.as_array_mut().unwrap().iter_mut().filter(|connection| connection["ending"] == "open");
    for connection in open {
        connection["lifetime"].take();
        connection["verdict"]["summary"].take();
        connection["verdict"]["evidence"]["silent"].take();
    }
    connections
}

/// Checks that the file gives the same report, including packet numbers, and that libpcap and tshark read as many
/// packets.
fn reads_back(report: &Value, file: &std::path::Path) {
    let again = report_of(file);
    assert_eq!(until_the_last_packet(&report["connections"]), until_the_last_packet(&again["connections"]));
    for part in ["codes", "notes"] {
        assert_eq!(report[part], again[part], "{part}");
    }
    let (live, read) = (&report["captures"][0], &again["captures"][0]);
    for part in ["packets", "first", "last", "notes"] {
        assert_eq!(live[part], read[part], "{part}");
    }
    let packets = live["packets"].as_u64().unwrap();
    let mut libpcap = pcap::Capture::from_file(file).unwrap();
    let count = std::iter::from_fn(|| libpcap.next_packet().ok().map(drop)).count();
    assert_eq!(count as u64, packets);
    if !tools::missing(&["tshark"]) {
        let mut tshark = Command::new("tshark");
        let output = tshark.args(["-n", "-T", "fields", "-e", "frame.number", "-r"]).arg(file).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count() as u64, packets);
    }
}

#[test]
fn python_endpoints() {
    if !missing(NET_RAW, &["websockets"]) {
        watches("peers.py");
    }
}

#[test]
fn node_endpoints() {
    if !missing(NET_RAW, &["ws"]) {
        watches("peers.js");
    }
}

#[test]
fn connections_that_were_open_before_are_found_and_nothing_else() {
    if missing(NET_RAW, &["websockets", "openssl"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    let mut hold = script("peers.py", None);
    hold.args(["hold", "127.0.0.1", &port]);
    let (mut held, mut others) = (
        Peer::start(hold),
        Peer::start({
            let mut others = script("others.py", None);
            others.arg("127.0.0.1");
            others
        }),
    );
    assert_eq!(held.line(), "open");
    let ports = others.line();
    let ports: Vec<_> = ports.split(' ').skip(1).chain([&*port]).flat_map(|port| ["-p", port]).collect();
    let live = Live::start(&[&["-i", "lo"], &*ports].concat(), None);
    others.go();
    held.go();
    let mut ends = live.ends(ENDS.len() - 1);
    held.finish();
    assert_eq!(others.line(), "done");
    let report = live.report();

    are_at_once(&ends, "joined in the middle");
    let expected = ENDS.iter().filter(|(path, ..)| *path != "/403");
    let mut expected: Vec<_> = expected.map(|(_, kind, code, side)| (*kind, *code, *side)).collect();
    let mut told: Vec<_> = ends
        .iter()
        .map(|Told { object, .. }| {
            (object["type"].as_str().unwrap(), object["code"].as_u64(), object["closed_by"].as_str().unwrap())
        })
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let connections = report["connections"].as_array().unwrap();
    assert_eq!(connections.len(), expected.len(), "{connections:#?}");
    for connection in connections {
        let limits = connection["visibility"].as_array().unwrap();
        assert!(limits.iter().any(|limit| limit == "late_start"), "{limits:?}");
        assert_eq!(connection["server"], format!("127.0.0.1:{port}"));
    }
    ends.clear();
}

/// The keys are written to a file that comes into being after all packets have come.
#[test]
fn keys_may_come_later_than_packets() {
    if missing(NET_RAW, &["websockets", "openssl"]) {
        return;
    }
    let tls = Tls::new();
    let mut server = tls.peer(&["serve", "127.0.0.1"], None);
    let port = server.line();
    let live = Live::start(&["-i", "lo", "-p", &port, "--keylog", text(&tls.path("keys.log"))], None);
    tls.peer(&["visit", "127.0.0.1", &port], None).finish();
    std::fs::copy(tls.path("hidden.log"), tls.path("keys.log")).unwrap();
    are_right(&live.ends(ENDS.len()));
    let report = live.report();
    let connections = report["connections"].as_array().unwrap();
    assert_eq!(connections.len(), ENDS.len());
    assert!(connections.iter().all(|connection| connection["tls"]["keys_from"] == "key_log"), "{connections:#?}");
}

#[test]
fn after_the_start_no_right_is_left() {
    if missing(NET_RAW, &[]) {
        return;
    }
    let status = |live: &Live| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", live.id())).unwrap();
        let field = move |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}"));
            line.split_once(':').unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        ["Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"].map(field)
    };
    let live = Live::start(&["-i", "lo", "-p", "1"], None);
    let [uid, gid, caps @ .., no_new] = status(&live);
    println!("Uid {uid}, Gid {gid}, capabilities {caps:?}, NoNewPrivs {no_new}");
    let nobody = nix::unistd::User::from_name("nobody").unwrap().expect("nobody");
    assert_eq!(uid, [nobody.uid.to_string().as_str(); 4].join(" "));
    assert_eq!(gid, [nobody.gid.to_string().as_str(); 4].join(" "));
    assert!(caps.iter().all(|set| set.bytes().all(|digit| digit == b'0')), "{caps:?}");
    assert_eq!(no_new, "1");
    live.report();

    let kept = Live::start(&["-i", "lo", "-p", "1", "--keep-privileges"], None);
    assert_eq!(status(&kept)[0], "0 0 0 0");
    kept.report();
}

#[test]
fn sudo_gives_the_file_to_its_caller() {
    if missing(NET_RAW, &[]) {
        return;
    }
    use std::os::unix::fs::MetadataExt;
    let folder = folder();
    let file = folder.path().join("trace.pcapng");
    let output = Command::new(PROGRAM)
        .args(["live", "-i", "lo", "-p", "1", "--duration", "0s", "--write", text(&file)])
        .envs([("SUDO_UID", "1234"), ("SUDO_GID", "2345")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = std::fs::metadata(&file).unwrap();
    assert_eq!((written.uid(), written.gid()), (1234, 2345));
}

#[test]
fn it_ends_by_itself_where_that_is_asked_for() {
    if missing(NET_RAW, &["websockets"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    let run = |arguments: &[&str]| {
        let live = Live::start(&[&["-i", "lo", "-p", &*port], arguments].concat(), None);
        visit("peers.py", &port);
        let (objects, status, _) = live.finish();
        let report = objects.last().unwrap().clone();
        assert_eq!(report["type"], "report");
        let ends = objects.iter().filter(|object| matches!(object["type"].as_str(), Some("closed" | "refused")));
        (ends.cloned().collect::<Vec<_>>(), status.code())
    };
    assert_eq!(run(&["--count", "1"]).0[0]["code"], 1000);
    let (ends, code) = run(&["--until", "1009", "--fail-on", "1009"]);
    assert!(ends.iter().any(|end| end["code"] == 1009));
    assert_eq!(code, Some(1));
    let begun = Instant::now();
    assert_eq!(run(&["--duration", "1s", "--fail-on", "4242"]).1, Some(0));
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn only_what_ended_abnormally_is_written() {
    if missing(NET_RAW, &["websockets"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    let folder = folder();
    let file = folder.path().join("trace.pcapng");
    let live = Live::start(&["-i", "lo", "-p", &port, "--write", text(&file), "--write-only", "abnormal"], None);
    visit("peers.py", &port);
    live.ends(ENDS.len());
    let report = live.report();
    let targets = |report: &Value, keeps: fn(&Value) -> bool| {
        let connections = report["connections"].as_array().unwrap().iter().filter(|connection| keeps(connection));
        let mut targets: Vec<_> =
            connections.map(|connection| connection["handshake"]["target"].as_str().unwrap().to_owned()).collect();
        targets.sort();
        targets
    };
    let expected = targets(&report, |connection| {
        !matches!(connection["verdict"]["rule"].as_str(), Some("closed_normally" | "going_away"))
    });
    assert_eq!(expected.len(), ENDS.len() - 2);
    let written = report_of(&file);
    assert_eq!(targets(&written, |_| true), expected);
    assert_eq!(rules(written["connections"].as_array().unwrap().iter()).len(), expected.len());
}

#[test]
fn text_for_people_has_a_line_an_event_and_the_report() {
    if missing(NET_RAW, &["websockets"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    let mut live = Command::new(PROGRAM);
    live.args(["live", "-i", "lo", "-p", &port, "--count", "10"]);
    let mut live = live.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut errors = std::io::BufReader::new(live.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut errors, &mut first).unwrap();
    assert!(first.starts_with("Capturing on lo"), "{first}");
    visit("peers.py", &port);
    let output = live.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for what in [
        "  opened   tcp.stream 0  127.0.0.1:",
        "  /1007  server: 1007 Invalid frame payload data “",
        "”: Text is not UTF-8  packet ",
        "  /4401  server: 4401 Application code: “asked for 4401”  packet ",
        "  refused  tcp.stream 9  127.0.0.1:",
        "of 10 WebSocket connections and attempts did not end normally",
    ] {
        assert!(text.contains(what), "{what}\n{text}");
    }
}

#[test]
fn what_the_system_drops_is_told_and_lowers_what_it_could_have_hidden() {
    if missing(NET_RAW, &["websockets"]) {
        return;
    }
    let sink = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (_server, port) = server("peers.py");
    let folder = folder();
    let file = folder.path().join("trace.pcapng");
    let filter = format!("tcp port {port} or udp port {}", sink.local_addr().unwrap().port());
    let live = Live::start(&["-i", "lo", "--buffer", "16", "--write", text(&file), &filter], None);
    // Open while packets are dropped, and still open at the end.
    let mut hold = script("peers.py", None);
    hold.args(["hold", "127.0.0.1", &port]);
    let mut held = Peer::start(hold);
    assert_eq!(held.line(), "open");
    let stop = |signal: &str| {
        assert!(Command::new("kill").args([signal, &live.id().to_string()]).status().unwrap().success());
    };
    std::thread::sleep(Duration::from_millis(300));
    stop("-STOP");
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    // More than the buffer holds. The buffer is large, so that even a busy machine drops no later packets.
    for _ in 0..1000 {
        sender.send_to(&[0; 60_000], sink.local_addr().unwrap()).unwrap();
    }
    stop("-CONT");
    let notice = std::iter::repeat_with(|| live.told().object).find(|object| object["about"] == "drops").unwrap();
    println!("{}", notice["text"].as_str().unwrap());
    // These connections begin after the drops.
    std::thread::sleep(Duration::from_millis(1200));
    visit("peers.py", &port);
    let ends = live.ends(ENDS.len());
    are_right(&ends);

    let report = live.report();
    let notes = report["captures"][0]["notes"].to_string();
    assert!(notes.contains("dropped while capturing on interface lo"), "{notes}");
    for connection in report["connections"].as_array().unwrap() {
        let dropped = connection["visibility"].as_array().unwrap().iter().any(|limit| limit == "kernel_drops");
        let is_open = connection["ending"] == "open";
        assert_eq!(dropped, is_open, "{connection:#}");
        if is_open {
            assert_eq!(connection["verdict"]["confidence"], "medium", "its end may have been dropped");
        }
    }
    reads_back(&report, &file);
}
