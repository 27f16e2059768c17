//! Tests `whyclosed live` beside a lossy link between two network namespaces: frames are lost, duplicated and
//! reordered.
//!
//! Needs root; the tests are skipped without it.

use std::process::Command;

use crate::watching::{
    ENDS, Live, NET_RAW, NETWORKS, Peer, are_right, folder, missing, report_of, script, text, without_files,
};

/// The namespaces of the server, the link between, and the client.
const NAMESPACES: [&str; 3] = ["whyclosed-server", "whyclosed-between", "whyclosed-client"];

const SERVER: &str = "10.213.0.1";

/// Two hosts, connected by two links through a third namespace.
///
/// ```text
/// server ─ veth ┐ relay, or bridge with netem ┌ veth ─ client
/// ```
struct Network {
    relay: Option<Peer>,
}

fn run(command: &str) -> bool {
    let words: Vec<_> = command.split(' ').collect();
    Command::new(words[0]).args(&words[1..]).output().unwrap().status.success()
}

#[track_caller]
fn must(command: &str) {
    assert!(run(command), "{command}");
}

impl Network {
    fn new() -> Self {
        Self::remove();
        let [server, between, client] = NAMESPACES;
        NAMESPACES.iter().for_each(|namespace| must(&format!("ip netns add {namespace}")));
        for (host, address) in [(server, SERVER), (client, "10.213.0.2")] {
            let far = short(host);
            must(&format!("ip link add link0 netns {host} type veth peer name {far} netns {between}"));
            must(&format!("ip -n {host} addr add {address}/24 dev link0"));
            must(&format!("ip -n {host} link set link0 up"));
            must(&format!("ip -n {between} link set {far} up"));
            // A relay cannot compute checksums, nor split packets longer than a frame.
            must(&format!("ip netns exec {host} ethtool -K link0 tx off tso off gso off gro off"));
        }
        must(&format!("ip -n {between} link add name bridge0 type bridge"));
        let mut network = Self { relay: None };
        if [server, client].iter().all(|host| {
            run(&format!(
                "ip netns exec {between} tc qdisc add dev {} root netem delay 2ms loss 5% duplicate 2% reorder 10%",
                short(host)
            ))
        }) {
            println!("the link: tc netem");
            for host in [server, client] {
                must(&format!("ip -n {between} link set {} master bridge0", short(host)));
            }
            must(&format!("ip -n {between} link set bridge0 up"));
        } else {
            println!("the link: tests/live/relay.py, for this kernel has no netem");
            let mut relay = script("relay.py", Some(between));
            relay.args([short(server), short(client), "1"]);
            let mut relay = Peer::start(relay);
            assert_eq!(relay.line(), "ready");
            network.relay = Some(relay);
        }
        network
    }

    fn remove() {
        for namespace in NAMESPACES {
            run(&format!("ip netns del {namespace}"));
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.relay.take();
        Self::remove();
    }
}

/// Returns the name of the other end of a host's link; the kernel allows 15 bytes.
fn short(host: &str) -> &str {
    host.trim_start_matches("whyclosed-")
}

#[test]
fn a_lossy_link_changes_no_verdict_and_the_file_says_the_same() {
    if missing(NETWORKS | NET_RAW, &["websockets", "ip", "tc", "ethtool", "tshark"]) {
        return;
    }
    let _network = Network::new();
    let [server, _, client] = NAMESPACES;
    let mut serve = script("peers.py", Some(server));
    serve.args(["serve", SERVER]);
    let mut serve = Peer::start(serve);
    let port = serve.line();
    let folder = folder();
    let file = folder.path().join("trace.pcapng");
    let live = Live::start(&["-i", "link0", "-p", &port, "--write", text(&file)], Some(client));
    let mut visit = script("peers.py", Some(client));
    visit.args(["visit", SERVER, &port]);
    Peer::start(visit).finish();
    let ends = live.ends(ENDS.len());
    are_right(&ends);

    let report = live.report();
    let again = report_of(&file);
    assert_eq!(without_files(&report["connections"]), without_files(&again["connections"]));
    for part in ["codes", "notes"] {
        assert_eq!(report[part], again[part], "{part}");
    }
    assert_eq!(report["captures"][0]["packets"], again["captures"][0]["packets"]);
    let tshark = Command::new("tshark")
        .args([
            "-n",
            "-Y",
            "tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.lost_segment",
            "-r",
        ])
        .arg(&file)
        .output()
        .unwrap();
    let troubled = String::from_utf8_lossy(&tshark.stdout).lines().count();
    println!("{troubled} of {} packets came again, late or not at all", report["captures"][0]["packets"]);
    assert!(troubled > 0, "the link was not lossy");
}

#[test]
fn a_vanished_interface_and_a_full_disk_end_nothing_else() {
    if missing(NETWORKS | NET_RAW, &["websockets", "ip"]) {
        return;
    }
    let folder = folder();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    must(&format!("mount -t tmpfs -o size=64k,mode=0777 none {}", text(&disk)));
    let _unmount = Unmount(&disk);
    run("ip link del whyclosed-gone0");
    must("ip link add whyclosed-gone0 type veth peer name whyclosed-gone1");
    must("ip link set whyclosed-gone0 up");

    let mut serve = script("peers.py", None);
    serve.args(["serve", "127.0.0.1"]);
    let mut serve = Peer::start(serve);
    let port = serve.line();
    let file = disk.join("trace.pcapng");
    let live = Live::start(&["-i", "whyclosed-gone0", "-i", "lo", "--write", text(&file)], None);
    must("ip link del whyclosed-gone0");
    let notice = |about: &str| {
        let told = std::iter::repeat_with(|| live.told().object).find(|object| object["about"] == about).unwrap();
        println!("{}", told["text"].as_str().unwrap());
        told["text"].as_str().unwrap().to_owned()
    };
    assert!(notice("interface").starts_with("whyclosed-gone0: "));
    // More than fits on the disk.
    for _ in 0..10 {
        let mut visit = script("peers.py", None);
        visit.args(["visit", "127.0.0.1", &port]);
        Peer::start(visit).finish();
    }
    assert!(notice("write").contains("No space left"));
    live.interrupt();
    let (objects, status, said) = live.finish();
    assert_eq!(status.code(), Some(2));
    assert_eq!(said.lines().count(), 2, "both are repeated at the end: {said}");
    let report = objects.last().unwrap();
    let ended = report["connections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|connection| connection["server"] == format!("127.0.0.1:{port}"));
    assert_eq!(ended.count(), 10 * ENDS.len());
}

/// Unmounts a file system when dropped.
struct Unmount<'p>(&'p std::path::Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        run(&format!("umount {}", text(self.0)));
    }
}
