//! `whyclosed view` in a real terminal, that of tmux: raw mode, keys, the clipboard, resizing, suspension, signals, and the screen
//! afterwards.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::tools::missing;
use crate::support::{PROGRAM, fixture};

/// The longest time to wait for the screen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with a shell in it, which ends with this.
struct Tmux {
    socket: String,
}

impl Tmux {
    /// Starts a terminal whose shell is in a folder.
    fn new(name: &str, folder: &Path) -> Self {
        let tmux = Self { socket: format!("whyclosed-{name}-{}", std::process::id()) };
        let shell = "env PS1='ready$ ' LC_ALL=C.UTF-8 NO_COLOR=1 sh -i";
        tmux.run(&["new-session", "-d", "-x", "100", "-y", "30", "-c", folder.to_str().unwrap(), shell]);
        tmux.run(&["set-option", "-s", "set-clipboard", "on"]);
        tmux.wait("ready$");
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.socket, "-f", "/dev/null"]).args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by their names in tmux.
    fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    fn write(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    /// Types a command.
    fn enter(&self, text: &str) {
        self.write(text);
        self.press(&["Enter"]);
    }

    /// Clears the screen, and has the shell write a line there. Returns once the shell has: the command contains the same text.
    #[track_caller]
    fn begin(&self) {
        self.enter("clear; echo before-the-view");
        self.wait_for("the line", |screen| screen.lines().any(|line| line == "before-the-view"));
    }

    fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until the screen has a text. Returns the screen.
    #[track_caller]
    fn wait(&self, text: &str) -> String {
        self.wait_for(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the screen has all texts. A program draws a screen in several writes, so that one text may stand there before
    /// another of the same picture.
    #[track_caller]
    fn wait_all(&self, texts: &[&str]) {
        self.wait_for(&format!("{texts:?}"), |screen| texts.iter().all(|text| screen.contains(text)));
    }

    /// Waits until the screen is as it should be. Returns the screen; fails when it does not come about.
    #[track_caller]
    fn wait_for(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} is not there:\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the view is gone and the shell is back, with what was on the screen before.
    #[track_caller]
    fn is_restored(&self) {
        // A line may be broken where it was not before, since the width may have changed.
        let is_there = |screen: &str| screen.replace('\n', "").contains("before-the-view");
        self.wait_for("the shell", |screen| is_there(screen) && !screen.contains("Timeline"));
        // Neither the alternate screen, nor the mouse, nor raw mode is left.
        let modes = ["alternate_on", "mouse_any_flag", "cursor_flag"].map(|mode| format!("#{{{mode}}}")).join("");
        assert_eq!(self.run(&["display-message", "-p", &modes]).trim(), "001");
        self.enter("stty -a | tr ' ;' '\\n\\n' | grep -xE 'icanon|echo' | tr '\\n' +; echo set");
        self.wait("icanon+echo+set");
        self.begin();
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// Stands on the screen once all connections have been judged; rows stand there before.
const JUDGED: &str = "16 of 20 WebSocket connections";

fn open(tmux: &Tmux, options: &str) -> String {
    tmux.enter(&format!("{PROGRAM} view --no-config --lang en {options} {}", fixture("many").display()));
    tmux.wait(JUDGED)
}

#[test]
fn a_session_from_opening_to_quitting() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("session", folder.path());
    tmux.begin();
    assert!(!open(&tmux, "").contains("before-the-view"));

    tmux.write("/code:1007 text");
    tmux.wait("✓ 4");
    tmux.press(&["Enter"]);
    tmux.wait("Connections: 4 of 20");

    tmux.write("y");
    tmux.wait("Sent to the clipboard: tcp.stream eq 1");
    assert_eq!(tmux.run(&["show-buffer"]).trim_end(), "tcp.stream eq 1 && frame.number in {24,25}");
    tmux.write("Y");
    tmux.wait("Sent to the clipboard: 3,");
    let ticket = tmux.run(&["show-buffer"]);
    assert!(ticket.contains("token=\\[redacted:query") && ticket.contains("```mermaid"), "{ticket}");

    // A file that is there is never overwritten.
    std::fs::write(folder.path().join("connection-2.pcapng"), "mine").unwrap();
    tmux.write("w");
    tmux.wait("connection-2-2.pcapng: connections: 1");
    tmux.write("b");
    tmux.wait("connection-2.zip was written");
    assert_eq!(std::fs::read(folder.path().join("connection-2.pcapng")).unwrap(), b"mine");
    let slice = std::fs::read(folder.path().join("connection-2-2.pcapng")).unwrap();
    let zip = std::fs::read(folder.path().join("connection-2.zip")).unwrap();
    assert!(slice.starts_with(b"\n\r\r\n") && zip.starts_with(b"PK"));

    tmux.run(&["resize-window", "-x", "60", "-y", "20"]);
    tmux.wait_for("a narrow screen", |screen| screen.contains("Connections: 4") && !screen.contains("Causes"));
    tmux.run(&["resize-window", "-x", "40", "-y", "20"]);
    tmux.wait("too small");
    tmux.run(&["resize-window", "-x", "120", "-y", "30"]);
    tmux.wait("Causes");

    tmux.press(&["C-z"]);
    tmux.wait_for("the shell", |screen| screen.contains("before-the-view") && !screen.contains("Causes"));
    tmux.enter("fg");
    tmux.wait("Connections: 4 of 20");
    tmux.write("q");
    tmux.is_restored();
}

#[test]
fn signals_and_control_c_restore_the_screen() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("signals", folder.path());
    tmux.begin();
    open(&tmux, "");
    tmux.press(&["C-c"]);
    tmux.is_restored();
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        open(&tmux, "");
        Command::new("kill").args([&format!("-{signal}"), &program(&tmux)]).status().unwrap();
        tmux.wait("before-the-view");
        tmux.enter("echo status $?");
        tmux.wait(&format!("status {status}"));
        tmux.is_restored();
    }
}

/// Returns the program that the shell has started.
fn program(tmux: &Tmux) -> String {
    let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"]);
    let program = Command::new("ps").args(["-o", "pid=", "--ppid", shell.trim()]).output().unwrap();
    String::from_utf8(program.stdout).unwrap().trim().to_owned()
}

#[test]
fn another_program_may_stop_it() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("stopped", folder.path());
    tmux.begin();
    open(&tmux, "");
    Command::new("kill").args(["-TSTP", &program(&tmux)]).status().unwrap();
    tmux.wait_all(&["before-the-view", "Stopped"]);
    tmux.wait_for("the shell", |screen| !screen.contains("Causes"));
    // The size may change meanwhile.
    tmux.run(&["resize-window", "-x", "110", "-y", "25"]);
    tmux.enter("fg");
    tmux.wait_all(&[JUDGED, "q quit"]);
    tmux.write("q");
    tmux.is_restored();
}

#[test]
fn a_pasted_text_presses_no_keys() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("pasted", folder.path());
    tmux.begin();
    open(&tmux, "");
    let paste = || {
        tmux.run(&["set-buffer", "code:1007\nbad\nwbq"]);
        tmux.run(&["paste-buffer", "-p", "-r"]);
    };
    paste();
    tmux.write("/");
    paste();
    tmux.wait("/ code:1007 bad wbq");
    tmux.press(&["BSpace", "BSpace", "BSpace", "Enter"]);
    tmux.wait("Connections: 4 of 20");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
    tmux.write("q");
    tmux.is_restored();
}

#[test]
fn a_running_capture_is_shown_until_its_report() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("live", folder.path());
    let capture = fixture("many");
    // The first bytes hold connections that are open; the rest comes when somebody writes to the gate.
    let half = std::fs::metadata(&capture).unwrap().len() / 4;
    let (capture, rest) = (capture.display(), half + 1);
    tmux.enter("mkfifo gate; clear; echo before-the-view");
    tmux.wait("before-the-view");
    let begin = || {
        tmux.enter(&format!(
            "(head -c {half} {capture}; cat gate; tail -c +{rest} {capture}) | {PROGRAM} live --no-config --lang en --view -"
        ));
        tmux.wait_all(&["open for ", "Live: ", "f freeze"]);
    };
    begin();
    tmux.write("f");
    tmux.wait("Frozen");
    std::fs::write(folder.path().join("gate"), "").unwrap();
    // The stream has ended: the report is complete, and stays until the user leaves.
    let complete = |screen: &str| screen.contains(JUDGED) && screen.contains("Connections: 20");
    tmux.wait_for("a complete report", |screen| complete(screen) && !screen.contains("Frozen"));
    tmux.write("q");
    tmux.wait_for("the report", |screen| screen.contains("How to fix") && !screen.contains("Timeline"));
    tmux.begin();

    // Who leaves early ends the capture.
    begin();
    tmux.write("q");
    tmux.wait("How to fix");
    std::fs::write(folder.path().join("gate"), "").unwrap();
    tmux.enter("clear; echo before-the-view");
    tmux.is_restored();
}

#[test]
fn the_captures_may_come_from_a_pipe() {
    if missing(&["tmux"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("pipe", folder.path());
    tmux.begin();
    tmux.enter(&format!("cat {} | {PROGRAM} view --no-config --lang en -", fixture("many").display()));
    tmux.wait(JUDGED);
    tmux.write("w");
    tmux.wait("cannot be read again");
    tmux.write("q");
    tmux.is_restored();
}

#[test]
fn nobody_has_to_wait_for_the_end_of_a_capture() {
    if missing(&["tmux", "tshark"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = Tmux::new("growing", folder.path());
    // Connections that are over come into the list although the rest of the capture has not been written.
    let later = folder.path().join("later.pcapng");
    let (first, shift) = (fixture("many"), ["-t", "3600"]);
    Command::new("editcap").args(shift).arg(&first).arg(&later).status().unwrap();
    let both = folder.path().join("both.pcapng");
    Command::new("mergecap").arg("-w").arg(&both).args([&first, &later]).status().unwrap();
    tmux.enter(&format!("mkfifo growing; (cat {} && sleep 100) > growing &", both.display()));
    tmux.begin();
    tmux.enter(&format!("{PROGRAM} view --no-config --lang en --threads 1 growing"));
    tmux.wait_all(&["Connections: 20", "verdicts are provisional", "▸ ~"]);
    tmux.write("q");
    tmux.is_restored();
    tmux.enter(&format!("{PROGRAM} view --no-config missing.pcapng; echo status $?"));
    tmux.wait_all(&["status 2", "missing.pcapng: "]);
}

#[test]
fn it_takes_a_terminal_and_a_capture_that_can_be_read() {
    let view = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).arg("view").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.stdout.is_empty());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let capture = fixture("many");
    let (code, said) = view(&[capture.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("needs a terminal"), "{said}");
    let live =
        Command::new(PROGRAM).args(["live", "--no-config", "--view", "-"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!((live.status.code(), live.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8(live.stderr).unwrap().contains("needs a terminal"));
    let (code, said) = view(&[capture.to_str().unwrap(), "--fail-on", "abnormal"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--fail-on is for reports that are written"), "{said}");
}
