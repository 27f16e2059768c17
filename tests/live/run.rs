//! Tests `whyclosed run`: whose connections it reports, what it gives the command, and what it passes through. Needs root.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{PROGRAM, tools};
use crate::watching::{ENDS, NET_RAW, NETWORKS, Peer, Tls, folder, missing, script, server_in, text};

/// A handshake of curl, whose WebSocket functions not every build has.
const UPGRADE: [&str; 5] = [
    "--http1.1",
    "-HConnection: Upgrade",
    "-HUpgrade: websocket",
    "-HSec-WebSocket-Version: 13",
    "-HSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A network namespace of its own for each test: brief connections of others could not be told from those of a command.
struct Alone(&'static str);

impl Alone {
    fn new(name: &'static str) -> Self {
        let alone = Self(name);
        alone.remove();
        for command in [format!("netns add {name}"), format!("-n {name} link set lo up")] {
            assert!(Command::new("ip").args(command.split(' ')).status().unwrap().success(), "{command}");
        }
        alone
    }

    /// Builds the command that runs `words` under observation, with the programs that `.ci/run` installs.
    fn run(&self, options: &[&str], words: &[&str]) -> Command {
        let mut command = tools::command("ip");
        // Signals that are ignored when a program starts stay so: under nohup, or in the background.
        command.args(["netns", "exec", self.0, "env", "--default-signal", PROGRAM, "run", "--no-config"]);
        command.args(options).arg("--").args(words);
        for variable in ["SUDO_UID", "SSLKEYLOGFILE", "NODE_OPTIONS"] {
            command.env_remove(variable);
        }
        command
    }

    fn remove(&self) {
        let _ = Command::new("ip").args(["netns", "del", self.0]).output();
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Runs a command to its end; returns the report, and the output of the command.
fn reported(command: &mut Command, file: &Path) -> (Value, Output) {
    let output = command.output().unwrap();
    let report = std::fs::read(file).unwrap_or_else(|_| panic!("{output:?}"));
    (serde_json::from_slice(&report).unwrap(), output)
}

/// Returns the targets of the connections in a report.
fn targets(report: &Value) -> Vec<&str> {
    let connections = report["connections"].as_array().unwrap().iter();
    connections.map(|connection| connection["handshake"]["target"].as_str().unwrap()).collect()
}

fn has_note(report: &Value, note: &str) -> bool {
    report["notes"].as_array().unwrap().iter().any(|other| other.as_str().unwrap().contains(note))
}

#[test]
fn connections_of_the_command_are_reported_and_those_of_others_are_not() {
    if missing(NETWORKS | NET_RAW, &["ip", "websockets"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-own");
    let (_server, port) = server_in(Some(alone.0), "peers.py");
    let mut hold = script("peers.py", Some(alone.0));
    hold.args(["hold", "127.0.0.1", &port]);
    let mut held = Peer::start(hold);
    assert_eq!(held.line(), "open");
    // Otherwise nothing of them would be captured.
    let others = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        held.go();
        held.finish();
    });
    let folder = folder();
    let file = folder.path().join("why.json");
    let visit = format!("{} && sleep 1", script_line(&["visit", "127.0.0.1", &port]));
    let words = ["sh", "-c", &visit];
    let (report, output) = reported(&mut alone.run(&["-o", text(&file)], &words), &file);
    others.join().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(targets(&report), ENDS.map(|(path, ..)| path));
    assert!(has_note(&report, "9 connections of other programs are left out"), "{}", report["notes"]);
}

/// Returns a line for a shell that runs an endpoint of `peers.py`.
fn script_line(arguments: &[&str]) -> String {
    format!("python3 '{}/tests/live/peers.py' {}", env!("CARGO_MANIFEST_DIR"), arguments.join(" "))
}

/// The programs write their keys where they are told to, and nothing is left of them.
#[test]
fn keys_come_from_python_node_and_curl() {
    if missing(NETWORKS | NET_RAW, &["ip", "websockets", "ws", "openssl", "curl"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-keys");
    let tls = Tls::new();
    let mut server = tls.peer(&["serve", "127.0.0.1"], Some(alone.0));
    let port = server.line();
    let url = |path: &str| format!("https://127.0.0.1:{port}/{path}");
    let node = format!(
        "const peer = new (require('ws'))('wss://127.0.0.1:{port}/4401', {{ rejectUnauthorized: false }});
         peer.on('open', () => ['hello', 'there', 'go'].forEach((text) => peer.send(text)));
         console.log(process.env.SSLKEYLOGFILE);"
    );
    let python =
        format!("echo $SSLKEYLOGFILE; TLS_KEYS=$SSLKEYLOGFILE {}", script_line(&["visit", "127.0.0.1", &port]));
    let curl = [&["curl", "-sk", "-w", "%{stderr}%{http_code}\n", "-o", "/dev/null"], &UPGRADE[..]].concat();
    let curl = format!("echo $SSLKEYLOGFILE; '{}' '{}'", curl.join("' '"), url("403"));
    let paths = ENDS.map(|(path, ..)| path);
    for (words, expected) in
        [(["sh", "-c", &python], &paths[..]), (["node", "-e", &node], &["/4401"]), (["sh", "-c", &curl], &["/403"])]
    {
        let file = tls.path("why.json");
        let mut command = alone.run(&["-o", text(&file)], &words);
        command.env("TLS_CERTIFICATE", tls.path("both.pem"));
        let (report, output) = reported(&mut command, &file);
        assert_eq!(targets(&report), expected, "{words:?}: {output:?}");
        let connections = report["connections"].as_array().unwrap();
        assert!(connections.iter().all(|connection| connection["tls"]["keys_from"] == "key_log"), "{connections:#?}");
        let log = String::from_utf8(output.stdout).unwrap();
        let log = Path::new(log.trim());
        assert!(log.is_absolute() && !log.exists() && !log.parent().unwrap().exists(), "{}", log.display());
    }
}

#[test]
fn key_logs_of_the_user_are_read_and_kept() {
    if missing(NETWORKS | NET_RAW, &["ip"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-logs");
    let folder = folder();
    let log = folder.path().join("own.log");
    let mut command =
        alone.run(&["-q"], &["sh", "-c", "echo $SSLKEYLOGFILE $NODE_OPTIONS; echo kept >> $SSLKEYLOGFILE"]);
    let output = command.env("SSLKEYLOGFILE", &log).env("NODE_OPTIONS", "--no-warnings").output().unwrap();
    let expected = format!("{0} --no-warnings --tls-keylog={0}\n", text(&log));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(std::fs::read_to_string(log).unwrap(), "kept\n");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    if missing(NETWORKS | NET_RAW, &["ip"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-codes");
    let code = |options: &[&str], words: &[&str]| alone.run(options, words).output().unwrap().status.code();
    assert_eq!(code(&[], &["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&[], &["sh", "-c", "kill -KILL $$"]), Some(128 + 9));
    assert_eq!(code(&[], &["/nowhere/to/be/found"]), Some(127));
    assert_eq!(code(&[], &["/etc/passwd"]), Some(126));
    assert_eq!(code(&["--fail-on", "nothing"], &["true"]), Some(1));
    assert_eq!(code(&["--fail-on", "nothing"], &["sh", "-c", "exit 7"]), Some(7));
}

/// A command that says that it is ready, and where its keys are, and then waits.
fn waiting(alone: &Alone, command: &str) -> (Child, BufReader<ChildStdout>, String) {
    let mut child =
        alone.run(&[], &["sh", "-c", command]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut log = String::new();
    output.read_line(&mut log).unwrap();
    (child, output, log.trim().to_owned())
}

#[test]
fn signals_reach_the_command_and_no_key_is_left() {
    use std::os::unix::fs::PermissionsExt;
    if missing(NETWORKS | NET_RAW, &["ip"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-signals");
    for (signal, code) in [("HUP", 41), ("INT", 42), ("QUIT", 43), ("USR1", 50), ("USR2", 52), ("TERM", 55)] {
        let command = format!("trap 'exit {code}' {signal}; echo $SSLKEYLOGFILE; while :; do sleep 0.05; done");
        let (mut child, _output, log) = waiting(&alone, &command);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let log = Path::new(&log);
        assert_eq!((mode(log), mode(log.parent().unwrap())), (0o600, 0o700));
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        assert!(!log.exists() && !log.parent().unwrap().exists(), "{signal}");
    }
    // Nor if this program cannot clean up anything.
    let (mut child, _output, log) = waiting(&alone, "echo $SSLKEYLOGFILE; exec sleep 3");
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = Path::new(&log).parent().unwrap();
    let begun = Instant::now();
    while folder.exists() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{log} is left");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The command cannot clean up anything.
    let (mut child, _output, log) = waiting(&alone, "echo $SSLKEYLOGFILE; kill -KILL $$");
    assert_eq!(child.wait().unwrap().code(), Some(128 + 9));
    assert!(!Path::new(&log).parent().unwrap().exists());
}

/// Ctrl-C comes to all processes in the foreground: passed on, too, it would come twice, which makes many programs give up at
/// once.
#[test]
fn ctrl_c_reaches_the_command_once() {
    if missing(NETWORKS | NET_RAW, &["ip", "script"]) {
        return;
    }
    let count = "import signal, sys, time
count = 0
def more(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, more)
print('ready', flush=True)
while not count:
    time.sleep(0.01)
time.sleep(0.3)
sys.exit(40 + count)";
    let folder = folder();
    let counter = folder.path().join("count.py");
    std::fs::write(&counter, count).unwrap();
    // Without `exec`, some shells stay in the foreground, and Ctrl-C ends them.
    let line = format!("exec '{PROGRAM}' run --no-config -q -- python3 '{}'", text(&counter));
    let mut terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_remove("SUDO_UID")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = BufReader::new(terminal.stdout.take().unwrap());
    let mut said = String::new();
    screen.read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "ready");
    let mut keyboard = terminal.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    std::io::read_to_string(&mut screen).unwrap();
    assert_eq!(terminal.wait().unwrap().code(), Some(41));
}

#[test]
fn a_daemon_is_not_waited_for_but_named() {
    if missing(NETWORKS | NET_RAW, &["ip", "websockets"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-daemon");
    let (_server, port) = server_in(Some(alone.0), "peers.py");
    let folder = folder();
    let file = folder.path().join("why.json");
    // The daemon says when its connections are open, and has no other tie to the command.
    let (hold, ready) = (script_line(&["hold", "127.0.0.1", &port]), folder.path().join("ready"));
    let daemon = format!(
        "(setsid sh -c \"sleep 5 | {hold}\" > {0} 2> /dev/null < /dev/null &)
         until grep -q open {0}; do sleep 0.05; done
         exit 3",
        text(&ready)
    );
    let (report, output) = reported(&mut alone.run(&["-o", text(&file)], &["sh", "-c", &daemon]), &file);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(targets(&report).len(), ENDS.len() - 1);
    assert!(has_note(&report, "processes that the command started go on without it"), "{}", report["notes"]);
    assert!(!has_note(&report, "too briefly"), "{}", report["notes"]);
}

#[test]
fn a_command_without_connections_keeps_its_streams() {
    if missing(NETWORKS | NET_RAW, &["ip"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-none");
    let mut child =
        alone.run(&[], &["cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"through\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"through\n"[..]));
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(report.contains("The command `cat` opened no WebSocket connection."), "{report}");
}

#[test]
fn the_command_runs_as_the_caller_of_sudo() {
    if missing(NETWORKS | NET_RAW, &["ip"]) {
        return;
    }
    let alone = Alone::new("whyclosed-run-caller");
    let say =
        "id -u; id -g; echo $SUDO_UID$HOME; grep -c 'NoNewPrivs:.*0' /proc/self/status; stat -c %u $SSLKEYLOGFILE";
    let mut command = alone.run(&["-q"], &["sh", "-c", say]);
    command.envs([("SUDO_UID", "1234"), ("SUDO_GID", "2345"), ("HOME", "/kept")]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1234\n2345\n/kept\n1\n1234\n", "{output:?}");
}

#[test]
fn without_the_right_to_capture_nothing_is_started() {
    if missing(NETWORKS | NET_RAW, &["ip", "unshare"]) {
        return;
    }
    let folder = folder();
    let file = folder.path().join("started");
    let output = Command::new("setpriv")
        .args(["--bounding-set", "-all", "--inh-caps", "-all", PROGRAM, "run", "--", "touch", text(&file)])
        .env_remove("SUDO_UID")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("run it with sudo") && told.contains("setcap cap_net_raw+ep"), "{told}");
    assert!(!file.exists());
}
