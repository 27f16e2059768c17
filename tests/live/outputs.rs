//! Where packets and reports of a live capture go: files that root alone may write, and pipes whose readers end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};

use crate::support::PROGRAM;
use crate::watching::{NET_RAW, missing, report_of, server, text, visit};

/// Runs a capture of nothing that ends at once, with `--write` to a file.
fn written(file: &std::path::Path, more: &[&str]) -> std::process::Output {
    Command::new(PROGRAM)
        .args(["live", "-i", "lo", "-p", "1", "--duration", "0s", "--write", text(file)])
        .args(more)
        .env_remove("SUDO_UID")
        .output()
        .unwrap()
}

#[test]
fn roots_folder_is_written_to_before_rights_are_given_up() {
    if missing(NET_RAW, &[]) {
        return;
    }
    let folder = tempfile::tempdir_in("/run").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let file = folder.path().join("trace.pcapng");
    let output = written(&file, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = std::fs::metadata(&file).unwrap();
    assert_eq!((found.uid(), found.mode() & 0o777), (0, 0o600));
    assert_eq!(report_of(&file)["captures"][0]["packets"], 0);

    // The later files of a ring could not be created.
    let output = written(&folder.path().join("ring.pcapng"), &["--write-ring", "2x1h"]);
    assert_eq!(output.status.code(), Some(2));
    // Where others may write, one of them may have planted what root would overwrite.
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(written(&open.join("trace.pcapng"), &[]).status.success());
    assert_ne!(std::fs::metadata(open.join("trace.pcapng")).unwrap().uid(), 0);
}

/// Starts a capture on a port, and waits until it captures.
fn capture(port: &str, format: &str) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut live = Command::new(PROGRAM)
        .args(["live", "-i", "lo", "-p", port, "--format", format])
        .env_remove("SUDO_UID")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(live.stderr.take().unwrap());
    let mut first = String::new();
    errors.read_line(&mut first).unwrap();
    assert!(first.starts_with("Capturing on lo"), "{first}");
    (live, errors)
}

/// In `live | tee log`, Ctrl-C ends the reader as well.
#[test]
fn a_report_without_a_reader_goes_to_standard_error() {
    if missing(NET_RAW, &[]) {
        return;
    }
    let said = |format: &str| {
        let (mut live, mut errors) = capture("1", format);
        drop(live.stdout.take());
        let id = live.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        assert!(live.wait().unwrap().success(), "{said}");
        said
    };
    assert!(said("terminal").starts_with("No WebSocket connection in this capture."));
    assert!(said("json").starts_with("The report is lost, "));
}

/// A reader like `head` ends the session, and wants nothing more.
#[test]
fn a_reader_that_leaves_first_gets_no_report() {
    if missing(NET_RAW, &["websockets"]) {
        return;
    }
    let (_server, port) = server("peers.py");
    let (mut live, mut errors) = capture(&port, "terminal");
    drop(live.stdout.take());
    visit("peers.py", &port);
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert_eq!((live.wait().unwrap().code(), &*said), (Some(0), ""));
}

/// The clock, and not the last packet, ends a live capture.
#[test]
fn an_idle_connection_lives_until_the_end() {
    if missing(NET_RAW, &[]) {
        return;
    }
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let (live, errors) = capture(&port, "json");
    let client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
    let accepted = server.accept().unwrap().0;
    let send = |mut stream: &std::net::TcpStream, text: &str| std::io::Write::write_all(&mut stream, text.as_bytes());
    send(
        &client,
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    .unwrap();
    send(
        &accepted,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )
    .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let id = live.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = live.wait_with_output().unwrap();
    drop(errors);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let connection = &report["connections"][0];
    assert_eq!(connection["ending"], "open");
    assert!(connection["lifetime"].as_f64().unwrap() >= 2.0, "{connection:#}");
}
