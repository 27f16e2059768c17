//! Runs `whyclosed live` and its endpoints as child processes of a test.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{PROGRAM, contract, tools};

/// A timeout longer than any operation takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The expected end of the connection to each path of `peers.py`: its `type`, code, and the side that began the end.
pub const ENDS: [(&str, &str, Option<u64>, &str); 10] = [
    ("/1000", "closed", Some(1000), "server"),
    ("/1001", "closed", Some(1001), "server"),
    ("/1007", "closed", Some(1007), "server"),
    ("/1008", "closed", Some(1008), "server"),
    ("/1009", "closed", Some(1009), "server"),
    ("/1011", "closed", Some(1011), "server"),
    ("/4401", "closed", Some(4401), "server"),
    ("/rst", "closed", Some(1006), "client"),
    ("/fin", "closed", Some(1006), "server"),
    ("/403", "refused", None, "server"),
];

/// The right to capture, as a bit of a process's capabilities (`linux/capability.h`): root in a container may lack it.
pub const NET_RAW: u64 = 1 << 13;

/// The rights to create network namespaces, links and mounts: CAP_NET_ADMIN and CAP_SYS_ADMIN.
pub const NETWORKS: u64 = 1 << 12 | 1 << 21;

/// Returns whether this process lacks rights, or this machine lacks libpcap or one of the tools, and reports which. Missing
/// tools are a failure only if the process has the rights.
pub fn missing(rights: u64, names: &[&str]) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap().trim();
    let has_rights = u64::from_str_radix(effective, 16).unwrap() & rights == rights;
    if !has_rights || !nix::unistd::Uid::effective().is_root() {
        tools::skip("it needs root, and all rights of root");
        return true;
    }
    tools::missing(&[&["libpcap"], names].concat())
}

/// Builds the command for a script of this folder, in a network namespace if one is given.
pub fn script(name: &str, namespace: Option<&str>) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live").join(name);
    let tool = tools::command(if name.ends_with(".py") { "python3" } else { "node" });
    let mut inside = Command::new("ip");
    match namespace {
        Some(namespace) => {
            inside.args(["netns", "exec", namespace]).arg(tool.get_program());
            inside.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
        }
        None => inside = tool,
    }
    inside.arg(path);
    inside
}

/// A process controlled by lines of text; killed when dropped.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take(), child, output }
    }

    /// Returns the next line of its output.
    pub fn line(&mut self) -> String {
        self.output.next().expect("a line").unwrap()
    }

    /// Sends it a line, so that it continues.
    pub fn go(&mut self) {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Waits until it has exited by itself.
    pub fn finish(&mut self) {
        self.output.by_ref().for_each(drop);
        self.child.wait().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for endpoints of `peers.py`, and the files that they use with it.
pub struct Tls {
    folder: tempfile::TempDir,
}

impl Tls {
    pub fn new() -> Self {
        let tls = Self { folder: folder() };
        let certified = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-keyout", text(&tls.path("key.pem")), "-out", text(&tls.path("certificate.pem"))])
            .output()
            .unwrap();
        assert!(certified.status.success(), "{}", String::from_utf8_lossy(&certified.stderr));
        let both = ["certificate.pem", "key.pem"].map(|name| std::fs::read_to_string(tls.path(name)).unwrap()).concat();
        std::fs::write(tls.path("both.pem"), both).unwrap();
        tls
    }

    /// Returns the path of a file beside the certificate.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts an endpoint of `peers.py` over TLS; clients append their keys to `hidden.log`.
    pub fn peer(&self, arguments: &[&str], namespace: Option<&str>) -> Peer {
        let mut command = script("peers.py", namespace);
        command.env("TLS_CERTIFICATE", self.path("both.pem")).env("TLS_KEYS", self.path("hidden.log")).args(arguments);
        Peer::start(command)
    }
}

/// Starts a server of `peers.py` or `peers.js`, and returns it with its port.
pub fn server(name: &str) -> (Peer, String) {
    server_in(None, name)
}

/// Starts a server in a network namespace, if one is given.
pub fn server_in(namespace: Option<&str>, name: &str) -> (Peer, String) {
    let mut command = script(name, namespace);
    command.args(["serve", "127.0.0.1"]);
    let mut server = Peer::start(command);
    let port = server.line();
    (server, port)
}

/// Runs the client of each connection that the server ends.
pub fn visit(name: &str, port: &str) {
    let mut command = script(name, None);
    command.args(["visit", "127.0.0.1", port]);
    Peer::start(command).finish();
}

/// An object emitted, and its latency after the packet.
pub struct Told {
    pub object: Value,
    pub latency: Duration,
}

/// A run of `whyclosed live`; killed when dropped.
pub struct Live {
    child: Child,
    objects: Receiver<Told>,
    errors: BufReader<ChildStderr>,
}

impl Live {
    /// Starts the program with `--format ndjson`, and waits until it captures.
    pub fn start(arguments: &[&str], namespace: Option<&str>) -> Self {
        let mut command = Command::new(PROGRAM);
        if let Some(namespace) = namespace {
            command = Command::new("ip");
            command.args(["netns", "exec", namespace, PROGRAM]);
        }
        command.args(["live", "--format", "ndjson"]).args(arguments);
        Self::run(command, "Capturing on ")
    }

    /// Starts the program on the packets that a pipe delivers, and waits until it reads.
    pub fn piped(arguments: &[&str], pipe: impl Into<Stdio>) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["live", "-", "--format", "ndjson"]).args(arguments).stdin(pipe);
        Self::run(command, "Reading packets from standard input")
    }

    /// Runs a command that says on its first line that it has begun.
    fn run(mut command: Command, begins: &str) -> Self {
        let mut child = command.env_remove("SUDO_UID").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        errors.read_line(&mut first).unwrap();
        assert!(first.starts_with(begins), "{first}");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, objects) = channel();
        std::thread::spawn(move || {
            for line in lines {
                let object: Value = serde_json::from_str(&line.unwrap()).unwrap();
                // A panic here ends the objects, which the test awaits.
                assert_eq!(contract::breaches_by_line(&object), [""; 0], "{object}");
                let latency = object["time"].as_str().map_or(Duration::ZERO, since);
                if sender.send(Told { object, latency }).is_err() {
                    return;
                }
            }
        });
        Self { child, objects, errors }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the next object.
    pub fn told(&self) -> Told {
        self.objects.recv_timeout(PATIENCE).expect("an object in time")
    }

    /// Returns the ends among the next objects, until `count` connections have closed or were refused.
    pub fn ends(&self, count: usize) -> Vec<Told> {
        let is_end = |told: &Told| matches!(told.object["type"].as_str(), Some("closed" | "refused"));
        std::iter::repeat_with(|| self.told()).filter(is_end).take(count).collect()
    }

    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; returns the remaining objects, with the report last, which is put together from its lines, the
    /// exit status, and the text on standard error.
    pub fn finish(mut self) -> (Vec<Value>, ExitStatus, String) {
        let mut rest: Vec<_> = self.objects.iter().map(|told| told.object).collect();
        gather(&mut rest);
        let status = self.child.wait().unwrap();
        let said = std::io::read_to_string(&mut self.errors).unwrap();
        (rest, status, said)
    }

    /// Interrupts the program as Ctrl-C does, and returns the report.
    pub fn report(self) -> Value {
        self.interrupt();
        let (mut rest, status, said) = self.finish();
        assert!(status.success() && said.is_empty(), "{status}: {said}");
        let report = rest.pop().unwrap();
        assert_eq!(report["type"], "report");
        report
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the lines of connections into the report behind them.
fn gather(objects: &mut Vec<Value>) {
    let (mut connections, mut encrypted) = (Vec::new(), Vec::new());
    objects.retain_mut(|object| {
        let list = match object["type"].as_str() {
            Some("connection") => &mut connections,
            Some("encrypted") => &mut encrypted,
            _ => return true,
        };
        let mut connection = object.take();
        connection.as_object_mut().unwrap().remove("type");
        list.push(connection);
        false
    });
    let Some(report) = objects.last_mut().filter(|object| object["type"] == "report") else { return };
    report["connections"] = connections.into();
    if !encrypted.is_empty() {
        report["encrypted"] = encrypted.into();
    }
}

/// Returns the time since an RFC 3339 time, modulo a day.
fn since(time: &str) -> Duration {
    let part = |range: std::ops::Range<usize>| time[range].parse::<u64>().unwrap();
    let fraction: f64 = format!("0{}", &time[19..time.len() - 1]).parse().unwrap();
    let then = (part(11..13) * 3600 + part(14..16) * 60 + part(17..19)) as f64 + fraction;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() % 86_400.0;
    Duration::from_secs_f64((now - then).rem_euclid(86_400.0))
}

/// Returns connections without their files: a live session has interfaces instead.
pub fn without_files(connections: &Value) -> Value {
    let mut connections = connections.clone();
    connections.as_array_mut().unwrap().iter_mut().for_each(|connection| drop(connection["files"].take()));
    connections
}

/// Returns the report of a file.
pub fn report_of(file: &Path) -> Value {
    let output = Command::new(PROGRAM).args(["--format", "json"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(contract::breaches(&report), [""; 0]);
    report
}

/// Creates a folder that any user can write to.
pub fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    folder
}

/// Returns a path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Asserts that the ends of the connections to every path of `peers.py` are as in [`ENDS`].
#[track_caller]
pub fn are_right(ends: &[Told]) {
    let mut told: Vec<_> = ends
        .iter()
        .map(|Told { object, .. }| {
            let text = |name: &str| object[name].as_str().unwrap_or_default();
            (text("target"), text("type"), object["code"].as_u64(), text("closed_by"))
        })
        .collect();
    told.sort_by_key(|(target, ..)| ENDS.iter().position(|(path, ..)| path == target));
    assert_eq!(told, ENDS);
}
