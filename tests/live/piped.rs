//! Tests `whyclosed live -` beside `whyclosed live -i lo`: tcpdump's packets, through a pipe, give the same lines. Needs root.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use regex::Regex;
use serde_json::Value;

use crate::watching::{ENDS, Live, NET_RAW, Tls, missing, server, text, visit};

/// Starts tcpdump on the loopback interface, and waits until it captures.
fn tcpdump(port: &str) -> Child {
    let mut tcpdump = Command::new("tcpdump")
        .args(["-i", "lo", "-U", "--nano", "-w", "-", "tcp", "port", port])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(tcpdump.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("listening on lo"), "{said}");
    tcpdump
}

/// Returns the lines until every connection of `peers.py` has ended, by connection: where keys come late, they decide the order.
/// They are without times, and their sentences without durations, since two captures may stamp a packet differently.
fn lines(live: &Live) -> Vec<Value> {
    let duration = Regex::new("[0-9.]+ (µs|ms|s)").unwrap();
    let mut ends = 0;
    let mut lines: Vec<_> = std::iter::from_fn(|| {
        let mut object = (ends < ENDS.len()).then(|| live.told().object)?;
        ends += usize::from(matches!(object["type"].as_str(), Some("closed" | "refused")));
        ["time", "lifetime"].into_iter().for_each(|name| drop(object.as_object_mut().unwrap().remove(name)));
        if let Some(Value::String(summary)) = object.get_mut("summary") {
            *summary = duration.replace_all(summary, "a while").into_owned();
        }
        Some(object)
    })
    .collect();
    lines.sort_by_key(|object| object["tcp_stream"].as_u64());
    lines
}

/// Watches the same connections on the interface and through a pipe. `over` is called with both captures running.
fn watches_the_same(port: &str, options: &[&str], over: impl FnOnce()) {
    let mut tcpdump = tcpdump(port);
    let piped = Live::piped(options, tcpdump.stdout.take().unwrap());
    let live = Live::start(&[&["-i", "lo", "-p", port], options].concat(), None);
    over();
    // All come while the pipe is open.
    assert_eq!(lines(&piped), lines(&live));
    tcpdump.kill().unwrap();
    tcpdump.wait().unwrap();
    let (rest, status, said) = piped.finish();
    assert!(status.success() && said.is_empty(), "{status}: {said}");
    assert_eq!(rest.last().unwrap()["connections"].as_array().unwrap().len(), ENDS.len());
    live.report();
}

#[test]
fn a_pipe_from_tcpdump_gives_the_lines_of_the_interface() {
    if missing(NET_RAW, &["websockets", "tcpdump"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    watches_the_same(&port, &[], || visit("peers.py", &port));
}

#[test]
fn so_it_does_over_tls() {
    if missing(NET_RAW, &["websockets", "tcpdump", "openssl"]) {
        return;
    }
    let tls = Tls::new();
    let mut server = tls.peer(&["serve", "127.0.0.1"], None);
    let port = server.line();
    let keys = tls.path("hidden.log");
    watches_the_same(&port, &["--keylog", text(&keys)], || tls.peer(&["visit", "127.0.0.1", &port], None).finish());
}
