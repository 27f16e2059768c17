//! Redaction of the corpus: secrets in every place that text can come from, and look-alikes that must stay readable.

mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

use crate::support::{PROGRAM, contract, scripted};

/// Every format of the report.
const FORMATS: &[&str] = &[
    "terminal",
    "list",
    "markdown",
    "html",
    "json",
    "ndjson",
    "csv",
    #[cfg(feature = "arrow")]
    "arrow",
];

/// A row of `corpus/secrets.txt`.
struct Row {
    kind: &'static str,
    place: &'static str,
    /// The text without the marks around its secrets.
    text: String,
    secrets: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let rows = include_str!("corpus/secrets.txt").lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let [kind, place, text] = line.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"));
        let secrets = text.split('«').skip(1).map(|rest| rest.split('»').next().unwrap()).collect();
        Row { kind, place, text: text.replace(['«', '»'], ""), secrets }
    })
    .collect()
}

fn harmless() -> Vec<&'static str> {
    include_str!("corpus/harmless.txt").lines().collect()
}

/// The places from which a text reaches a report or a slice.
const PLACES: &[&str] = &[
    "path",
    "header",
    "user agent",
    "origin",
    "server",
    "reason",
    "client message",
    "server message",
    "body",
    "location",
];

fn with(place: &str, text: &str) -> Vec<u8> {
    let line = |name: &str| format!("{name}: {text}\r\n");
    let path = || format!("/{}", text.replace(' ', "%20"));
    let none = String::new;
    let (target, request, response) = match place {
        "path" => (path(), none(), none()),
        "header" => ("/".to_owned(), format!("{text}\r\n"), none()),
        "subprotocol" => ("/".to_owned(), line("Sec-WebSocket-Protocol"), none()),
        "user agent" => ("/".to_owned(), line("User-Agent"), none()),
        "origin" => ("/".to_owned(), line("Origin"), none()),
        "server" => ("/".to_owned(), none(), line("Server")),
        _ => ("/".to_owned(), none(), none()),
    };
    let mut handshake = scripted::handshake(&target, &request, &response);
    if place == "subprotocol" {
        // The server chooses the token that is the name of a subprotocol.
        let names = ["chat", "access_token", "base64.binary.k8s.io", "graphql-ws", "realtime"];
        let name = text.split(", ").find(|token| names.contains(token)).unwrap();
        let chosen = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: {name}\r\n");
        let head = String::from_utf8(handshake[1].clone()).unwrap();
        handshake[1] = head.replace("HTTP/1.1 101 Switching Protocols\r\n", &chosen).into_bytes();
    }
    let text = text.as_bytes();
    if place == "body" || place == "location" {
        let location = if place == "location" { line_of(text) } else { String::new() };
        let body = if place == "body" { text } else { b"" };
        let head = format!("HTTP/1.1 403 Forbidden\r\n{location}Content-Length: {}\r\n\r\n", body.len());
        handshake[1] = [head.as_bytes(), body].concat();
        return scripted::conversation(&handshake, &[]);
    }
    let end = (false, scripted::close(1008, if place == "reason" { text } else { b"no" }));
    let message = match place {
        "client message" => Some((true, scripted::frame(1, true, text))),
        "server message" => Some((false, scripted::frame(1, false, text))),
        _ => None,
    };
    scripted::conversation(&handshake, &message.into_iter().chain([end]).collect::<Vec<_>>())
}

/// Builds a conversation with the turns of both sides in one frame each, and the reason of the server's Close frame.
fn conversation(turns: &[(bool, u8, Vec<u8>)], reason: &str) -> Vec<u8> {
    let frames =
        turns.iter().map(|(from_client, opcode, text)| (*from_client, scripted::frame(*opcode, *from_client, text)));
    let close = (false, scripted::close(1008, reason.as_bytes()));
    scripted::conversation(&scripted::handshake("/", "", ""), &frames.chain([close]).collect::<Vec<_>>())
}

fn line_of(text: &[u8]) -> String {
    format!("Location: {}\r\n", String::from_utf8_lossy(text))
}

fn run(arguments: &[&str], capture: &Path) -> Output {
    Command::new(PROGRAM).args(arguments).arg(capture).output().unwrap()
}

/// Returns whether a text contains a value as a separate word.
fn stands(text: &str, value: &str) -> bool {
    let is_word = |character: Option<char>| character.is_some_and(|character| character.is_ascii_alphanumeric());
    text.match_indices(value)
        .any(|(at, _)| !is_word(text[..at].chars().next_back()) && !is_word(text[at + value.len()..].chars().next()))
}

#[test]
fn the_corpus_is_large_enough() {
    let rows = rows();
    let secrets: usize = rows.iter().map(|row| row.secrets.len()).sum();
    let kinds: BTreeSet<_> = rows.iter().map(|row| row.kind).collect();
    assert!(secrets >= 60 && kinds.len() >= 12, "{secrets} secrets of {kinds:?}");
    assert!(rows.iter().all(|row| !row.secrets.is_empty()));
    assert!(harmless().len() >= 40);
}

#[test]
fn no_secret_is_left_in_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, slice) = (folder.path().join("capture.pcap"), folder.path().join("slice.pcapng"));
    let rows = rows();
    let mut conversations = Vec::new();
    for row in &rows {
        // A text without a name cannot be a header of its own.
        let any = PLACES.iter().filter(|place| **place != "header");
        let places: Vec<_> = if row.place == "any" { any.copied().collect() } else { vec![row.place] };
        conversations.extend(places.into_iter().map(|place| with(place, &row.text)));
    }
    std::fs::write(&capture, scripted::merged(&conversations)).unwrap();
    let mut left = Vec::new();
    let mut look = |what: &str, text: &str| {
        // Without white space, words broken across lines are joined again; `%20` separates words.
        for text in [text.replace("%20", " "), text.split_whitespace().collect()] {
            for row in &rows {
                let found = row.secrets.iter().filter(|secret| stands(&text, secret));
                left.extend(found.map(|secret| format!("{what}: {secret} of {}", row.text)));
            }
        }
    };
    let verify = |path: &Path| {
        let verified = run(&["verify-redaction", path.to_str().unwrap(), "--against"], &capture);
        assert!(verified.status.success(), "{path:?}: {}", String::from_utf8_lossy(&verified.stdout));
    };
    for format in FORMATS {
        let report = folder.path().join(format);
        let arguments = ["--all", "-v", "--format", format, "-o", report.to_str().unwrap()];
        let output = run(&arguments, &capture);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&std::fs::read(&report).unwrap()).into_owned();
        assert!(text.contains("[redacted:"), "{format}");
        look(format, &text);
        verify(&report);
    }
    let ids = (1..=conversations.len()).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let output = run(&["slice", "--redact", "--connection", &ids, "-o", slice.to_str().unwrap()], &capture);
    assert!(output.status.success(), "{output:?}");
    look("slice", &String::from_utf8_lossy(&std::fs::read(&slice).unwrap()));
    verify(&slice);
    let output = run(&["annotate", "--redact", "-o", slice.to_str().unwrap()], &capture);
    assert!(output.status.success(), "{output:?}");
    look("annotate", &String::from_utf8_lossy(&std::fs::read(&slice).unwrap()));
    verify(&slice);
    assert!(left.is_empty(), "{} left:\n{}", left.len(), left.join("\n"));
}

/// Control test: without redaction, the search finds the secret.
#[test]
fn what_is_shown_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, report) = (folder.path().join("capture.pcap"), folder.path().join("report.json"));
    std::fs::write(&capture, with("reason", "token=hunter2hunter2")).unwrap();
    let path = report.to_str().unwrap();
    assert!(run(&["--show-secrets", "--format", "json", "-o", path], &capture).status.success());
    assert_eq!(contract::breaches(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()), [""; 0]);
    let verified = run(&["verify-redaction", path, "--against"], &capture);
    assert_eq!(verified.status.code(), Some(1));
    let told = String::from_utf8(verified.stdout).unwrap();
    assert!(told.contains("value: hun…") && !told.contains("hunter2"), "{told}");
}

#[test]
fn look_alikes_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let texts = harmless();
    for (place, pointer) in [("reason", "/closes/0/reason"), ("body", "/verdict/evidence/body")] {
        let conversations: Vec<_> = texts.iter().map(|text| with(place, text)).collect();
        std::fs::write(&capture, scripted::merged(&conversations)).unwrap();
        let report = report(&capture);
        let connections = report["connections"].as_array().unwrap();
        let shown: Vec<_> = connections.iter().map(|one| one.pointer(pointer).unwrap().as_str().unwrap()).collect();
        assert_eq!(shown, texts, "{place}");
    }
}

/// Returns the JSON report, after checking it against its schema.
fn report(capture: &Path) -> serde_json::Value {
    let report = serde_json::from_slice(&run(&["--format", "json"], capture).stdout).unwrap();
    assert_eq!(contract::breaches(&report), [""; 0]);
    report
}

/// Equal values have the same mark, and different ones never do.
#[test]
fn a_number_stands_for_one_value() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let texts = rows().into_iter().filter(|row| row.place == "any" && row.secrets.len() == 1);
    let mut numbers: BTreeMap<String, String> = BTreeMap::new();
    for row in texts.collect::<Vec<_>>().chunks(2) {
        let [one, two] = row else { continue };
        let handshake =
            scripted::handshake("/", &format!("User-Agent: {}\r\n", one.text), &format!("Server: {}\r\n", two.text));
        let close = (false, scripted::close(1008, one.text.as_bytes()));
        std::fs::write(&capture, scripted::conversation(&handshake, &[close])).unwrap();
        let report = report(&capture);
        let connection = &report["connections"][0];
        let mark = |text: &serde_json::Value| {
            let text = text.as_str().unwrap();
            let start = text.find("[redacted:").unwrap_or_else(|| panic!("{text}"));
            text[start..].split(']').next().unwrap().rsplit('#').next().unwrap().to_owned()
        };
        let (first, second) = (mark(&connection["handshake"]["user_agent"]), mark(&connection["handshake"]["server"]));
        assert_eq!(first, mark(&connection["closes"][0]["reason"]), "{}", one.text);
        assert_ne!(first, second, "{} | {}", one.text, two.text);
        numbers.insert(one.text.clone(), first);
    }
    assert!(numbers.len() > 20);
}

/// The places of planted secrets, in turn.
const PLANTED_IN: [&str; 4] = ["client message", "server message", "reason", "body"];

/// Writes a capture with all planted secrets; returns them and the number of connections.
fn planted_capture(to: &Path) -> (Vec<planted::Planted>, usize) {
    let mut planted = planted::all();
    let places = PLANTED_IN.iter().cycle();
    let mut conversations: Vec<_> = planted.iter().zip(places).map(|(one, place)| with(place, &one.text)).collect();
    for spoken in planted::spoken() {
        conversations.push(conversation(&spoken.turns, &format!("we saw {}", spoken.secrets.join(" and "))));
        let text =
            || spoken.turns.iter().map(|(.., text)| String::from_utf8_lossy(text)).collect::<Vec<_>>().join(" | ");
        planted.extend(spoken.secrets.iter().map(|secret| planted::Planted { text: text(), secret: secret.clone() }));
    }
    std::fs::write(to, scripted::merged(&conversations)).unwrap();
    (planted, conversations.len())
}

/// Returns the planted secrets that a text contains, also if they are wrapped.
fn standing(planted: &[planted::Planted], text: &[u8]) -> Vec<String> {
    let joined = |one: &planted::Planted| one.secret.split_whitespace().collect::<String>();
    let unwrapped: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let search = aho_corasick::AhoCorasick::new(planted.iter().map(joined)).unwrap();
    let found: BTreeSet<_> = search.find_overlapping_iter(&unwrapped).map(|found| found.pattern().as_usize()).collect();
    found.into_iter().map(|at| format!("{} of {}", planted[at].secret, planted[at].text)).collect()
}

#[test]
fn none_of_four_hundred_planted_secrets_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let (planted, count) = planted_capture(&capture);
    let different: BTreeSet<_> = planted.iter().map(|one| &one.secret).collect();
    assert!(
        planted::FORMS.len() >= 40 && different.len() >= 400,
        "{} of {} forms",
        different.len(),
        planted::FORMS.len()
    );
    let mut left = Vec::new();
    let mut look = |what: &str, bytes: &[u8]| {
        let standing = standing(&planted, bytes);
        left.extend(standing.into_iter().map(|one| format!("{what}: {one}")));
    };
    for format in FORMATS {
        let output = run(&["--all", "-v", "--previews=256", "--format", format], &capture);
        assert!(output.status.success(), "{output:?}");
        look(format, &output.stdout);
    }
    let lines = live(&capture);
    assert!(lines.len() > 10_000);
    look("live", lines.as_bytes());
    let (slice, bundle) = (folder.path().join("slice.pcapng"), folder.path().join("ticket.zip"));
    let ids = (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let written = run(&["slice", "--redact", "--connection", &ids, "-o", slice.to_str().unwrap()], &capture);
    assert!(written.status.success(), "{written:?}");
    look("slice", &unmasked(&slice));
    let written = run(&["annotate", "--redact", "-o", slice.to_str().unwrap()], &capture);
    assert!(written.status.success(), "{written:?}");
    look("annotate", &unmasked(&slice));
    let written = run(&["--all", "--previews=256", "--bundle", bundle.to_str().unwrap()], &capture);
    assert!(written.status.success(), "{written:?}");
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&bundle).unwrap()).unwrap();
    for index in 0..zip.len() {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_index(index).unwrap(), &mut bytes).unwrap();
        look("bundle", &bytes);
    }
    assert!(left.is_empty(), "{} left:\n{}", left.len(), left.join("\n"));
    // Control test: the same search finds them if nothing was redacted.
    let shown = run(&["--all", "--previews=256", "--show-secrets", "--format", "json"], &capture);
    let found = standing(&planted, &shown.stdout).len();
    assert!(found > 400, "only {found}");
}

/// Returns the bytes of a capture, as they are and unmasked at every offset: [`scripted::frame`] always uses the same
/// key.
fn unmasked(capture: &Path) -> Vec<u8> {
    let bytes = std::fs::read(capture).unwrap();
    let turns = (0..4).flat_map(|phase| {
        let key = [0x37, 0xfa, 0x21, 0x3d].into_iter().cycle().skip(phase);
        bytes.iter().zip(key).map(|(byte, key)| byte ^ key).collect::<Vec<_>>()
    });
    [bytes.clone(), turns.collect()].concat()
}

/// Returns the output of `live` on a capture, as lines and as NDJSON.
fn live(capture: &Path) -> String {
    use whyclosed::catalog::{Language, Registries};
    use whyclosed::report::document::Clock;
    let mut source = whyclosed::capture::open(&[capture.to_owned()]).unwrap();
    let privacy = whyclosed::report::redact::Privacy { previews: 256, ..Default::default() };
    let mut watch = whyclosed::live::Watch::new(Language::English, Registries::default(), privacy);
    let (mut analyzer, mut lines) = (whyclosed::analyzer::Analyzer::default(), String::new());
    let mut put = |watch: &mut whyclosed::live::Watch| {
        while let Some(told) = watch.take() {
            lines.push_str(&whyclosed::live::line(&told, Clock::default(), Language::English, false));
            lines.push_str(&serde_json::to_string(&told).unwrap());
        }
    };
    while whyclosed::capture::Source::advance(&mut *source).unwrap() {
        let packet = whyclosed::capture::Source::packet(&*source);
        analyzer.push(&packet, &mut watch);
        watch.settle(packet.time, &analyzer);
        put(&mut watch);
    }
    analyzer.finish(&mut watch);
    put(&mut watch);
    lines
}

/// At most one in a thousand may be hidden.
#[test]
fn harmless_texts_stay_readable() {
    const TEXTS: usize = 20_000;
    let (mut state, mut redactor) = (7, whyclosed::report::redact::Redactor::default());
    let texts = (0..TEXTS).map(|_| planted::harmless(&mut state));
    let hidden: Vec<_> = texts.map(|text| (redactor.text(&text), text)).filter(|(shown, text)| shown != text).collect();
    assert!(hidden.len() * 1000 <= TEXTS, "{} hidden: {:#?}", hidden.len(), &hidden[..hidden.len().min(40)]);
}

/// Returns every text that can be read in the streams of a capture.
fn readable(capture: &Path) -> Vec<u8> {
    use whyclosed::capture::Source;
    use whyclosed::slice::{Located, Locating, Origin, Survey, Wanted};
    let (mut analyzer, mut locating, mut wanted) =
        (whyclosed::analyzer::Analyzer::default(), Locating::new(Vec::new(), Vec::new()), Wanted::default());
    let mut source = whyclosed::capture::open(&[capture.to_owned()]).unwrap();
    while source.advance().unwrap() {
        analyzer.push(&source.packet(), &mut locating);
    }
    analyzer.finish(&mut locating);
    let (facts, frames) = locating.finish();
    facts.iter().for_each(|facts| wanted.add(Origin::new(facts)));
    let located = Located::new(std::io::Cursor::new(frames.unwrap()));
    let (mut survey, mut source) =
        (Survey::new(&wanted, Some(located)), whyclosed::capture::open(&[capture.to_owned()]).unwrap());
    while source.advance().unwrap() {
        survey.push(&source.packet(), &wanted);
    }
    let mut plain = Vec::new();
    survey.read(&wanted, None, &mut |line| plain.extend([line, b"\n"].concat())).unwrap();
    plain
}

/// The search of `verify-redaction` is independent of the redactor: without its results, it still lists every secret.
#[test]
fn verification_needs_no_redactor() {
    use base64::Engine;
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let (planted, count) = planted_capture(&capture);
    let plain = readable(&capture);
    let mut gathering = whyclosed::slice::leaks::Gathering::default();
    gathering.plain(&plain);
    let secrets = gathering.finish();
    let missed = |output: &[u8]| {
        let mut search = secrets.search();
        search.push(output);
        let leaks = search.finish();
        let missed = planted.iter().filter(|one| {
            // The longest word of the secret, which occurs nowhere else.
            let runs = one.secret.split(|character: char| !character.is_alphanumeric());
            let own = runs.max_by_key(|run| run.len()).unwrap().as_bytes();
            !leaks.iter().any(|leak| memchr::memmem::find(&leak.value, own).is_some())
        });
        missed.map(|one| format!("{} of {}", one.secret, one.text)).collect::<Vec<_>>()
    };
    // Close reasons are cut at 123 bytes, together with the secrets of the deepest strings.
    let missed_raw = missed(&plain);
    assert!(missed_raw.is_empty(), "{} missed:\n{}", missed_raw.len(), missed_raw.join("\n"));
    let hex: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = plain.iter().map(|byte| format!("%{byte:02X}")).collect();
    for (form, output) in [
        ("hexadecimal", hex),
        ("percent", percent),
        ("base64", base64::engine::general_purpose::STANDARD.encode(&plain)),
        ("base64url", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&plain)),
        ("JSON", serde_json::to_string(&String::from_utf8_lossy(&plain)).unwrap()),
    ] {
        assert_eq!(missed(output.as_bytes()).len(), 0, "{form}");
    }
    // Through the command line: a slice that was not redacted.
    let slice = folder.path().join("slice.pcapng");
    let ids = (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert!(run(&["slice", "--connection", &ids, "-o", slice.to_str().unwrap()], &capture).status.success());
    let verified = run(&["verify-redaction", slice.to_str().unwrap(), "--against"], &capture);
    assert_eq!(verified.status.code(), Some(1));
    assert!(String::from_utf8(verified.stdout).unwrap().lines().count() > planted.len());
}

/// A host's name in another case, without a domain, in a header, a path or a reason, or before its own connection.
#[test]
fn hosts_stand_nowhere_in_an_anonymous_report() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let own = |host: &str| {
        scripted::handshake("/DB7/x", "", "Server: Zorvak.Corp.TEST\r\n").map(|head| {
            let head = String::from_utf8(head).unwrap();
            head.replace("Host: a\r\n", &format!("Host: {host}\r\nUser-Agent: probe@db7\r\n")).into_bytes()
        })
    };
    let close = || (false, scripted::close(1008, b"moved to ZORVAK.corp.test, db7 is down"));
    let conversations =
        ["other.test", "zorvak.corp.test:8080", "db7"].map(|host| scripted::conversation(&own(host), &[close()]));
    std::fs::write(&capture, scripted::merged(&conversations)).unwrap();
    for format in FORMATS {
        let output = run(&["--all", "-v", "--anonymize", "--format", format], &capture);
        let text = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
        assert!(text.contains(".example"), "{format}: {text}");
        for name in ["zorvak", "corp.test", "db7"] {
            assert!(!text.contains(name), "{format}: {name}: {text}");
        }
    }
}

/// A password in a message of one connection, repeated in a message of another where nothing around it marks it as a
/// secret.
#[test]
fn a_secret_of_one_place_is_one_everywhere_in_a_slice() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, slice) = (folder.path().join("capture.pcap"), folder.path().join("slice.pcapng"));
    let conversations =
        [with("server message", "we saw zorvak-moon here"), with("client message", r#"{"password":"zorvak-moon"}"#)];
    std::fs::write(&capture, scripted::merged(&conversations)).unwrap();
    let stands = || memchr::memmem::find(&unmasked(&slice), b"zorvak").is_some();
    for (redact, expected) in [(&[][..], true), (&["--redact"][..], false)] {
        let arguments = [&["slice", "--connection", "1,2", "-o", slice.to_str().unwrap()], redact].concat();
        assert!(run(&arguments, &capture).status.success());
        assert_eq!(stands(), expected);
    }
}

/// Writes a capture of these conversations; returns its path and its folder.
fn captured(conversations: &[Vec<u8>]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    std::fs::write(&capture, scripted::merged(conversations)).unwrap();
    (folder, capture)
}

/// Secrets of heads and messages, repeated in the reasons of connections before and after their own: hidden in both, in
/// every format, with the same number.
#[test]
fn a_secret_of_one_place_is_one_everywhere_in_a_report() {
    let secrets =
        ["zorvakmoon1", "zorvakmoon2", "zorvakmoon3", "zorvakmoon4", "zorvak moon 5", "zorvakmoon6", "zorvakmoon7"];
    let head = |target: &str, request: &str| scripted::conversation(&scripted::handshake(target, request, ""), &[]);
    let basic = "Authorization: Basic YW5hOnpvcnZha21vb24z\r\n";
    let of_places = [
        head("/?room=lobby&key=zorvakmoon1", ""),
        head("/", "Cookie: theme=dark; sid=zorvakmoon2\r\n"),
        head("/", basic),
        head("/", "X-Api-Key: zorvakmoon4\r\n"),
        with("client message", r#"{"password":"zorvak moon 5"}"#),
        with("server", "https://ana:zorvakmoon6@example.com/"),
        head("/", "Sec-WebSocket-Protocol: access_token, zorvakmoon7\r\n"),
    ];
    let repeats = |_: &str| secrets.map(|secret| with("reason", &format!("we saw {secret} in the lobby, dark")));
    let (_folder, capture) = captured(&[&repeats("before")[..], &of_places, &repeats("behind")].concat());
    for format in FORMATS {
        let output = run(&["--all", "-v", "--previews=256", "--format", format], &capture);
        let text = String::from_utf8_lossy(&output.stdout);
        let unwrapped: String = text.split_whitespace().collect();
        assert!(!unwrapped.contains("zorvak"), "{format}: {text}");
        // Ordinary words from queries and cookies stay readable.
        assert!(unwrapped.contains("inthelobby,dark"), "{format}");
    }
    let report = report(&capture);
    let reasons: Vec<_> =
        report["connections"].as_array().unwrap().iter().map(|one| one["closes"][0]["reason"].clone()).collect();
    let behind = secrets.len() + of_places.len();
    let different: BTreeSet<_> = reasons[..secrets.len()].iter().map(ToString::to_string).collect();
    assert_eq!((&reasons[..secrets.len()], different.len()), (&reasons[behind..], secrets.len()));
}

/// Secrets that are met later cannot be hidden in lines that were already emitted.
#[test]
fn live_lines_hide_what_was_secret_before() {
    let secret = with("client message", r#"{"password":"zorvak moon"}"#);
    let repeats = || with("reason", "we saw zorvak moon here");
    let mut many: Vec<_> = (0..8).map(|_| with("reason", "no")).collect();
    many.extend([repeats(), secret, repeats()]);
    let (_folder, capture) = captured(&many);
    let lines = live(&capture);
    let shown = lines.rfind("zorvak moon").unwrap();
    assert!(lines[shown..].contains("we saw [redacted:value#1] here"), "{lines}");
}

/// A violation shows bytes of a payload. If they belong to a password whose name precedes them, they are hidden, in
/// whatever segments and fragments the message arrives.
#[test]
fn a_window_on_a_password_shows_none_of_it() {
    let text = [&b"{\"user\":\"ana\",\"password\":\"zorvak moon, no zorvak \xff\"}"[..], &[b' '; 9]].concat();
    let fragment = |opcode: u8, is_last: bool, text: &[u8]| {
        let mut frame = scripted::frame(opcode, true, text);
        frame[0] &= if is_last { 0xff } else { 0x7f };
        frame
    };
    let end = || (false, scripted::close(1007, b""));
    let whole = scripted::frame(1, true, &text);
    let mut conversations =
        vec![scripted::conversation(&scripted::handshake("/", "", ""), &[(true, whole.clone()), end()])];
    for cut in [7, 20, 33, 45] {
        let (head, tail) = whole.split_at(cut);
        let segments = [(true, head.to_vec()), (true, tail.to_vec()), end()];
        conversations.push(scripted::conversation(&scripted::handshake("/", "", ""), &segments));
        let (first, second) = text.split_at(cut);
        let fragments = [(true, fragment(1, false, first)), (true, fragment(0, true, second)), end()];
        conversations.push(scripted::conversation(&scripted::handshake("/", "", ""), &fragments));
    }
    let (_folder, capture) = captured(&conversations);
    let report = report(&capture);
    let windows: Vec<_> = report["connections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"]["evidence"]["bytes"].clone())
        .collect();
    assert_eq!(windows, vec![["··"; 16].join(" "); conversations.len()]);
    let shown = run(&["--show-secrets", "--format", "json"], &capture);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("6e 6f 20 7a 6f 72 76 61 6b 20 ff"));
}

/// The beginning of a message decides whether bytes far behind it belong to a secret.
#[test]
fn a_window_on_harmless_words_is_shown() {
    let conversations =
        [("text", "the ship was delayed until tomorrow, and "), ("password", "zorvak moon, no zorvak, ")];
    let conversations = conversations.map(|(name, words)| {
        let text = [format!("{{\"{name}\":\"{}", words.repeat(5)).as_bytes(), b"\xff\"}"].concat();
        let turns = [(true, scripted::frame(1, true, &text)), (false, scripted::close(1007, b""))];
        scripted::conversation(&scripted::handshake("/", "", ""), &turns)
    });
    let (_folder, capture) = captured(&conversations);
    let report = report(&capture);
    let window = |at: usize| report["connections"][at]["verdict"]["evidence"]["bytes"].clone();
    assert_eq!(window(0), "20 74 6f 6d 6f 72 72 6f 77 2c 20 61 6e 64 20 ff");
    assert_eq!(window(1), ["··"; 16].join(" "));
}

/// Returns the previews of a client's messages, and the text of a redacted slice.
fn said(turns: &[(bool, u8, Vec<u8>)]) -> (Vec<String>, Vec<u8>) {
    let (folder, capture) = captured(&[conversation(turns, "no")]);
    let output = run(&["--previews=256", "--format", "json"], &capture);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let moments = report["connections"][0]["timeline"].as_array().unwrap();
    let of_client = moments.iter().filter(|moment| moment["side"] == "client" && moment["preview"].is_string());
    let previews = of_client.map(|moment| moment["preview"].as_str().unwrap().to_owned()).collect();
    let slice = folder.path().join("slice.pcapng");
    assert!(run(&["slice", "--redact", "--connection", "1", "-o", slice.to_str().unwrap()], &capture).status.success());
    (previews, readable(&slice))
}

#[test]
fn what_is_typed_for_a_password_is_hidden_key_by_key_until_enter() {
    let key = |key: &str| (true, 1, key.as_bytes().to_vec());
    let asks = |text: &str| (false, 1, text.as_bytes().to_vec());
    let (previews, slice) =
        said(&[asks("Password: "), key("z"), key("ö"), key("z"), key("#"), key("\r"), asks("$ "), key("l")]);
    assert_eq!(previews, [["[redacted:value#1]"; 5].as_slice(), &["l"]].concat());
    let slice = String::from_utf8_lossy(&slice).into_owned();
    assert!(slice.contains("Password: xxxxx\n") && !slice.contains(['ö', '#']) && slice.contains("\nl\n"), "{slice}");
}

#[test]
fn answers_to_harmless_questions_are_told() {
    for question in ["Name: ", "login: ", "Token name: ", "Continue?", "Your password was changed. Name: "] {
        let (previews, slice) = said(&[(false, 1, question.as_bytes().to_vec()), (true, 1, b"zorvak".to_vec())]);
        assert_eq!(previews, ["zorvak"], "{question}");
        assert!(memchr::memmem::find(&slice, b"zorvak").is_some(), "{question}");
    }
    let (previews, slice) = said(&[(false, 1, b"Password: ".to_vec()), (true, 1, b"zorvak".to_vec())]);
    assert_eq!(previews, ["[redacted:value#1]"]);
    assert!(memchr::memmem::find(&slice, b"zorvak").is_none());
}
