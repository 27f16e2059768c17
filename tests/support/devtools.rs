//! Drives Chromium through its DevTools protocol over a pipe: JSON messages, each followed by a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The pipe uses file descriptors 3 and 4, which are duplicates of the standard input and output.
const START: &str = r#"exec "$0" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --remote-debugging-pipe "--user-data-dir=$1" \
    3<&0 4>&1 1>/dev/null 2>/dev/null </dev/null"#;

/// A browser with one page.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: String,
    number: u64,
    /// The events of the page since it was opened.
    pub events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser. Panics if no Chromium is installed.
    pub fn start() -> Self {
        let installed =
            |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
        let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(installed).unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", START, program])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser =
            Self { child, input, output, session: String::new(), number: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method, and waits for its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.input.write_all(&[message.to_string().as_bytes(), b"\0"].concat()).unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.output.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser has gone");
        serde_json::from_slice(&message).unwrap()
    }

    /// Opens a file, and waits until it is loaded.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// Returns the value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Sets the width of the window, the preferred colour scheme, and whether scripts run.
    pub fn look(&mut self, width: u32, scheme: &str, scripts: bool) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": "", "features": features }));
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !scripts }));
    }

    /// Returns the files and data that the page requested, and its errors.
    pub fn complaints(&self, page: &Path) -> Vec<String> {
        let own = format!("file://{}", page.display());
        let complaint = |event: &Value| match event["method"].as_str()? {
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str()?;
                (url.split('#').next() != Some(&*own)).then(|| format!("asked for {url}"))
            }
            "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => Some(event.to_string()),
            _ => None,
        };
        self.events.iter().filter_map(complaint).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The thread may be panicking, so failures are ignored.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
