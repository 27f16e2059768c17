//! Processes, containers and pods that a capture names, in the forms of ptcpdump, rustnet and macOS. The forms are those of
//! the programs' sources; a small recorder writes them around the packets of a fixture.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::captured::{Captured, packets_of};
use crate::support::{PROGRAM, fixture, tools};

/// A capture in which every packet is a block with options.
struct Recorder {
    bytes: Vec<u8>,
}

/// The direction of a packet, as in its flags.
const IN: u8 = 1;
const OUT: u8 = 2;

const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
/// The option of macOS that refers to a process block.
const PROCESS: u16 = 0x8001;

impl Recorder {
    fn new(link_type: u16, interface: &str) -> Self {
        let mut recorder = Self { bytes: Vec::new() };
        recorder.block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
        let options = options(&[(2, interface.as_bytes().to_vec()), (9, vec![9])]);
        recorder.block(1, &[&link_type.to_le_bytes()[..], &[0; 6], &options].concat());
        recorder
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = (body.len() as u32).next_multiple_of(4) + 12;
        self.bytes.extend([kind.to_le_bytes(), length.to_le_bytes()].concat());
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(length.to_le_bytes());
    }

    fn packet(&mut self, packet: &Captured, front: &[u8], all: &[(u16, Vec<u8>)]) {
        let nanos = packet.time.as_nanos() as u64;
        let data = [front, &packet.data].concat();
        let fields = [0, (nanos >> 32) as u32, nanos as u32, data.len() as u32, data.len() as u32];
        let mut body: Vec<_> = fields.into_iter().flat_map(u32::to_le_bytes).collect();
        body.extend(&data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options(all));
        self.block(6, &body);
    }
}

fn options(all: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, value) in all {
        bytes.extend([code.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes.extend([0; 4]);
    bytes
}

/// The fixture whose client sends a text that is not UTF-8, and whether each packet is from the client.
fn packets() -> Vec<(Captured, bool)> {
    let packets = packets_of(&fixture("invalid_utf8"));
    let port = |packet: &Captured| [packet.data[34], packet.data[35]];
    let client = port(&packets[0]);
    packets.into_iter().map(|packet| (packet.clone(), port(&packet) == client)).collect()
}

/// Records the fixture with the options that `of` gives each packet.
fn record(interface: &str, to: &Path, mut of: impl FnMut(usize, bool) -> Vec<(u16, Vec<u8>)>) {
    let mut recorder = Recorder::new(1, interface);
    for (at, (packet, is_from_client)) in packets().iter().enumerate() {
        recorder.packet(packet, &[], &of(at, *is_from_client));
    }
    std::fs::write(to, recorder.bytes).unwrap();
}

fn run(arguments: &[&str], capture: &Path) -> String {
    let output = Command::new(PROGRAM).args(arguments).arg(capture).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the processes of the only connection, and checks that the threads do not matter.
fn named(capture: &Path) -> Value {
    let [one, two] = ["1", "2"].map(|threads| run(&["--format", "json", "--threads", threads], capture));
    assert_eq!(one, two);
    let report: Value = serde_json::from_str(&one).unwrap();
    report["connections"][0]["processes"].clone()
}

fn flags(direction: u8) -> (u16, Vec<u8>) {
    (FLAGS, vec![direction, 0, 0, 0])
}

fn comment(text: &str) -> (u16, Vec<u8>) {
    (COMMENT, text.as_bytes().to_vec())
}

/// The comments of ptcpdump on a packet of a container.
fn of_container() -> Vec<(u16, Vec<u8>)> {
    vec![
        comment("PID: 812\nCmd: /usr/bin/curl\nArgs: curl -H 'X-Key: PID: 7'\nCmd: /no/such"),
        comment("ParentPID: 1\nParentCmd: /bin/sh\nParentArgs: sh -c\nPID: 3"),
        comment("ContainerName: web\nContainerId: 3c1f\nContainerImage: curl:8\nContainerLabels: {}"),
        comment("PodName: shop-7d9\nPodNamespace: prod\nPodUID: 1-2\nPodLabels: {}\nPodAnnotations: {}"),
    ]
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn ptcpdump_names_processes_containers_and_pods() {
    let place = Place::new();
    let capture = place.path("ptcpdump.pcapng");
    let curl = json!({"name": "curl", "pid": 812, "container": "web", "pod": "shop-7d9", "namespace": "prod"});
    let nobody = Value::Null;
    // On the way to other hosts, the container sends what goes out; on the host's side of its interface, what comes in.
    for (interface, from_client, client, unknown) in
        [("eth0", OUT, &curl, &nobody), ("veth12ab", IN, &curl, &nobody), ("tun7", OUT, &nobody, &curl)]
    {
        let of = |_, is_from_client| {
            let direction = if is_from_client { from_client } else { IN + OUT - from_client };
            [of_container(), vec![flags(direction)]].concat()
        };
        record(interface, &capture, of);
        let expected = json!({"client": client, "server": nobody, "unknown": unknown});
        assert_eq!(named(&capture), expected, "{interface}");
    }
    // Both ends are on this host. A packet without flags says nothing of sides.
    record("lo", &capture, |at, is_from_client| {
        let process =
            if is_from_client { "PID: 7\nCmd: node\nArgs: node" } else { "PID: 9\nCmd: /sbin/nginx\nArgs: x" };
        if at == 0 { Vec::new() } else { vec![comment(process), flags(OUT)] }
    });
    let (client, server) = (process("node", 7), process("nginx", 9));
    assert_eq!(named(&capture), json!({"client": client, "server": server, "unknown": null}));
}

fn process(name: &str, pid: u32) -> Value {
    json!({"name": name, "pid": pid, "container": null, "pod": null, "namespace": null})
}

#[test]
fn every_format_shows_the_names() {
    let place = Place::new();
    let capture = place.path("ptcpdump.pcapng");
    record("eth0", &capture, |_, is_from_client| {
        [of_container(), vec![flags(if is_from_client { OUT } else { IN })]].concat()
    });
    let sentence = "(packet 10) (client: curl, PID 812, container web, pod prod/shop-7d9)";
    for format in ["terminal", "markdown", "html", "json", "ndjson", "csv"] {
        let report = run(&["--format", format, "--all"], &capture);
        let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
        if format != "csv" {
            assert!(report.contains(sentence), "{format}: {report}");
        }
        // One connection has no table.
        if ["html", "json"].contains(&format) {
            assert!(report.contains("shop-7d9"), "{format}");
        }
    }
    let report = run(&["--format", "json", "--anonymize"], &capture);
    assert!(report.contains("curl") && !report.contains("shop-7d9") && !report.contains("prod"), "{report}");
    // Several connections have one.
    let several = place.path("several.pcapng");
    let output =
        Command::new(PROGRAM).arg("annotate").arg("-o").arg(&several).arg(&capture).arg(fixture("many")).output();
    assert!(output.unwrap().status.success());
    let table = run(&["--merge"], &several);
    assert!(table.contains("(shop-7d9) →"), "{table}");
}

#[test]
fn rustnet_says_which_side_opened_the_connection() {
    let place = Place::new();
    let capture = place.path("rustnet.pcapng");
    for (direction, side) in [("incoming", "server"), ("outgoing", "client"), ("", "unknown")] {
        record("eth0", &capture, |_, _| {
            let direction = if direction.is_empty() { String::new() } else { format!(" direction={direction}") };
            vec![comment(&format!("rustnet process=nginx pid=9 uid=0 pod=in-1 ns=edge{direction} app=HTTP sni=x"))]
        });
        let mut nginx = process("nginx", 9);
        (nginx["pod"], nginx["namespace"]) = ("in-1".into(), "edge".into());
        let mut expected = json!({"client": null, "server": null, "unknown": null});
        expected[side] = nginx;
        assert_eq!(named(&capture), expected);
    }
    // Comments of others name nobody.
    record("eth0", &capture, |_, _| vec![comment("the process=nginx pid=9 failed here"), flags(OUT)]);
    assert_eq!(named(&capture), Value::Null);
}

/// A slice and an annotated capture keep what names the processes.
#[test]
fn copies_keep_the_names() {
    let place = Place::new();
    let (capture, to) = (place.path("ptcpdump.pcapng"), place.path("copy.pcapng"));
    record("eth0", &capture, |_, is_from_client| {
        [of_container(), vec![flags(if is_from_client { OUT } else { IN })]].concat()
    });
    for options in [&["slice", "--connection", "1"][..], &["slice", "--redact", "--connection", "1"], &["annotate"]] {
        let mut command = Command::new(PROGRAM);
        let output = command.args(options).arg("-o").arg(&to).arg(&capture).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(named(&to), named(&capture), "{options:?}");
    }
}

/// Reads fields of every packet with tshark.
fn tshark(capture: &Path, how: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let mut tshark = Command::new("tshark");
    tshark.args(how).args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field])).arg("-r").arg(capture);
    let output = tshark.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn process_blocks_of_macos_are_read_as_by_tshark() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let place = Place::new();
    let capture = place.path("macos.pcapng");
    let mut recorder = Recorder::new(1, "lo0");
    for (pid, name) in [(7_u32, "node"), (9, "nginx")] {
        let name = options(&[(2, name.as_bytes().to_vec())]);
        recorder.block(0x8000_0001, &[&pid.to_le_bytes()[..], &name].concat());
    }
    for (packet, is_from_client) in packets() {
        let index = vec![u8::from(!is_from_client), 0, 0, 0];
        recorder.packet(&packet, &[], &[flags(OUT), (PROCESS, index)]);
    }
    std::fs::write(&capture, recorder.bytes).unwrap();
    assert_eq!(named(&capture), json!({"client": process("node", 7), "server": process("nginx", 9), "unknown": null}));
    // tshark reads the file itself as if it were a packet.
    let fields = ["process_id", "process_name"].map(|field| format!("pcapng.darwin.{field}"));
    let fields = [&*fields[0], &*fields[1], "pcapng.options.option.data.packet.darwin.dpeb_id"];
    let as_file = ["-X", "read_format:MIME Files Format"];
    let expected =
        packets().iter().map(|(_, is_from_client)| if *is_from_client { "0" } else { "1" }).collect::<Vec<_>>();
    assert_eq!(tshark(&capture, &as_file, &fields), [["7,9", "node,nginx", &*expected.join(",")]]);
}

#[test]
fn pktap_headers_are_read_as_by_tshark() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let place = Place::new();
    let header = |is_from_client: bool| {
        let (pid, name) = if is_from_client { (7_u32, "node") } else { (9, "nginx") };
        let mut header: Vec<_> = [108_u32, 1, 1].into_iter().flat_map(u32::to_le_bytes).collect();
        header.extend(*b"lo0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        // Out; the family of IPv4; the lengths of the link header and trailer.
        header.extend([2_u32, 2, 14, 0, pid].into_iter().flat_map(u32::to_le_bytes));
        header.extend(name.as_bytes());
        header.resize(108, 0);
        header
    };
    let (pcapng, pcap) = (place.path("pktap.pcapng"), place.path("pktap.pcap"));
    let mut recorder = Recorder::new(258, "");
    let mut plain: Vec<_> =
        [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 0x40000, 258].into_iter().flat_map(u32::to_le_bytes).collect();
    for (packet, is_from_client) in packets() {
        recorder.packet(&packet, &header(is_from_client), &[]);
        let (nanos, length) = (packet.time.as_nanos(), packet.data.len() as u32 + 108);
        let times = [(nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32, length, length];
        plain.extend(times.into_iter().flat_map(u32::to_le_bytes));
        plain.extend([header(is_from_client), packet.data].concat());
    }
    std::fs::write(&pcapng, recorder.bytes).unwrap();
    std::fs::write(&pcap, plain).unwrap();
    for capture in [&pcapng, &pcap] {
        let expected = json!({"client": process("node", 7), "server": process("nginx", 9), "unknown": null});
        assert_eq!(named(capture), expected, "{capture:?}");
        for ((_, is_from_client), read) in
            packets().into_iter().zip(tshark(capture, &[], &["pktap.pid", "pktap.cmdname"]))
        {
            assert_eq!(read, if is_from_client { ["7", "node"] } else { ["9", "nginx"] });
        }
    }
}
