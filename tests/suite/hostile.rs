//! A capture with text that tries to break out of the report: control characters, ANSI sequences, HTML, formulas,
//! right-to-left marks, NUL and invalid UTF-8, in every place that text can come from. Every format of the report must
//! be inert.

use std::path::Path;

use assert_cmd::Command;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::support::{PROGRAM, contract, devtools, scripted, tools};

/// The maximal length of a Close frame's reason, after the code.
const REASON: usize = 123;

/// Returns one text for each kind of attack.
fn texts() -> Vec<Vec<u8>> {
    let units: &[&[u8]] = &[
        b"|",
        b"`",
        b"```\n",
        b"<img src=x onerror=document.title='owned'>",
        b"</script><script>document.title='owned'</script>",
        b"\"><b>bold</b><!--",
        b"\n",
        b"\r\n| a | b |\n",
        b"\n\n# heading\n\n- [ ] task\n",
        "\u{202e}".as_bytes(),
        "\u{200f}\u{2066}\u{061c}".as_bytes(),
        b"\x1b[31mred\x1b]0;title\x07\x1b[2J",
        b"\0",
        b"\x01\x02\x07\x08\x0b\x7f",
        "\u{9b}31m".as_bytes(),
        "\u{e0041}\u{e007f}\u{e0001}".as_bytes(),
        "\u{fff9}\u{fffa}\u{fffb}\u{180e}\u{34f}".as_bytes(),
        "\u{115f}\u{1160}\u{3164}\u{ffa0}".as_bytes(),
        b"=HYPERLINK(\"http://evil.test\",\"x\")",
        b"+1+cmd|' /C calc'!A0",
        b"-2+3",
        b"@SUM(A1:A9) @admin #1 http://evil.test www.evil.test",
        b"\t=1+1",
        b"\xff\xfe\x80 not utf-8 \xc3",
        b"**bold** _it_ ~~gone~~ [link](http://evil.test) ![image](http://evil.test/x.png)",
        b"{code}{noformat}[~admin]!http://evil.test/x.png!",
        b"$$x$$ &lt;b&gt; &#60;b&#62;",
        b"\\",
        b"1. one\n2. two",
        b"---\n===\n***",
        b"\"quoted\",\"cells\"\r\n=1+1,",
        b"</details><details open><summary>",
        b"{{ 7*7 }} ${7*7} <%= 7*7 %>",
    ];
    units.iter().map(|unit| unit.iter().copied().cycle().take(REASON).collect()).collect()
}

/// Builds a capture with two connections for each text: one has it in the path, headers, subprotocol, messages and
/// reason; the other is refused with it.
fn capture() -> Vec<u8> {
    // A line break would end a head, so these characters occur only in frames.
    let in_head = |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect() };
    let with = |head: &str, text: &[u8]| -> Vec<u8> {
        let mut pieces = head.split('%');
        let mut all = pieces.next().unwrap().as_bytes().to_vec();
        pieces.for_each(|piece| all.extend([&in_head(text), piece.as_bytes()].concat()));
        all
    };
    let mut conversations = Vec::new();
    for text in texts() {
        let no_spaces: Vec<u8> = in_head(&text).into_iter().filter(|byte| *byte != b' ').collect();
        let target = [b"GET /".as_slice(), &no_spaces, b" HTTP/1.1\r\n"].concat();
        let request = with(
            "Host: %\r\nOrigin: %\r\nUser-Agent: %\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: %\r\n\
             Sec-WebSocket-Extensions: %\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            &text,
        );
        let response = with(
            "HTTP/1.1 101 %\r\nServer: %\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: %\r\n\
             Sec-WebSocket-Extensions: %\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            &text,
        );
        let refusal = [&*with("HTTP/1.1 403 %\r\nServer: %\r\nLocation: %\r\n\r\n", &text), &text].concat();
        let request = [target, request].concat();
        let turns = [
            (true, scripted::frame(1, true, &text)),
            (false, scripted::frame(2, false, &text)),
            (false, scripted::close(4000, &text)),
        ];
        conversations.push(scripted::conversation(&[request.clone(), response], &turns));
        conversations.push(scripted::conversation(&[request, refusal], &[]));
    }
    scripted::merged(&conversations)
}

fn report(capture: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(PROGRAM).args(["--all", "-v", "--previews", "200"]).args(arguments).arg(capture).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the characters that move, colour, reorder or hide the text around them.
fn wild(text: &str, allowed: &[char]) -> Vec<char> {
    let is_wild = |c: &char| {
        c.is_control()
            || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}')
            || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
            || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2061}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().filter(|c| is_wild(c) && !allowed.contains(c)).collect()
}

#[test]
fn no_format_passes_on_what_is_wild() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    std::fs::write(&path, capture()).unwrap();
    for arguments in [
        &["--format", "terminal", "--color", "never"][..],
        &["--format", "markdown"],
        &["--format", "markdown", "--flavor", "jira"],
        &["--format", "html"],
        &["--format", "csv"],
    ] {
        let text = report(&path, arguments);
        assert!(text.len() > 5000, "{arguments:?}");
        let allowed: &[char] = if arguments[1] == "csv" { &['\n', '\r'] } else { &['\n'] };
        assert_eq!(wild(&text, allowed), [] as [char; 0], "{arguments:?}");
    }
    // JSON escapes control characters itself, and preserves the text.
    for format in ["json", "ndjson"] {
        let text = report(&path, &["--format", format]);
        assert_eq!(wild(&text, &['\n']), [] as [char; 0], "{format}");
        assert!(text.contains("\\u202e"), "{format}");
        if format == "json" {
            assert_eq!(contract::breaches(&serde_json::from_str(&text).unwrap()), [""; 0]);
        }
    }
}

#[test]
fn cells_are_no_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    std::fs::write(&path, capture()).unwrap();
    let text = report(&path, &["--format", "csv"]);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let columns = rows.headers().unwrap().len();
    let mut cells = 0;
    for row in rows.records() {
        let row = row.unwrap();
        assert_eq!(row.len(), columns);
        for cell in &row {
            cells += 1;
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']), "{cell}");
        }
    }
    // A head with some of these bytes is not valid HTTP, so there is no connection to report.
    let connections = report(&path, &["--format", "ndjson"]).lines().count();
    assert_eq!(cells, columns * connections);
    assert!(connections > texts().len() * 3 / 2, "{connections}");
}

/// As parsed by GitHub's rules: nine cells in each row, and no link, image, emphasis, task or HTML except the report's
/// own.
#[test]
fn nothing_breaks_out_of_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    std::fs::write(&path, capture()).unwrap();
    let text = report(&path, &["--format", "markdown"]);
    assert!(text.chars().count() <= 65_536, "{}", text.len());
    let (mut cells, mut rows, mut html, mut folds) = (0, 0, Vec::new(), 0);
    for event in Parser::new_ext(&text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::TableRow) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(TagEnd::TableRow) => {
                rows += 1;
                assert_eq!(cells, 9);
            }
            Event::Start(Tag::Heading { level, .. }) => assert_eq!(level as u8, 3),
            Event::Start(
                tag @ (Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::Strikethrough | Tag::BlockQuote(_)),
            ) => {
                panic!("{tag:?}")
            }
            Event::Html(tag) | Event::InlineHtml(tag) => html.push(tag.to_string()),
            Event::Rule
            | Event::TaskListMarker(_)
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {
                panic!("{event:?}")
            }
            _ => {}
        }
    }
    html.retain(|tag| {
        let own = tag.starts_with("<details><summary>") || tag.starts_with("</details>");
        folds += usize::from(own);
        !own
    });
    assert_eq!((html, folds), (Vec::<String>::new(), 2));
    assert!(rows > 5, "{rows} rows");
}

#[test]
fn many_connections_are_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcap");
    let handshake =
        scripted::handshake("/a/rather/long/path?token=abc&room=blue", "User-Agent: Mozilla/5.0 (X11)\r\n", "");
    let codes = [1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4001, 4403];
    let conversations: Vec<_> = (0..500)
        .map(|at| {
            scripted::conversation(&handshake, &[(false, scripted::close(codes[at % codes.len()], &[b'|'; REASON]))])
        })
        .collect();
    std::fs::write(&path, scripted::merged(&conversations)).unwrap();
    for (flavor, most) in [("github", 65_536), ("jira", 32_767)] {
        let markdown =
            |options: &[&str]| report(&path, &[&["--format", "markdown", "--flavor", flavor], options].concat());
        let text = markdown(&[]);
        assert!((5_000..=most).contains(&text.chars().count()), "{flavor}: {}", text.len());
        assert!(text.contains("more connections are not in this table"), "{flavor}");
        assert!(!text.contains("more parts do not fit"), "{flavor}");
        // The answer comes first: it stands however little room there is.
        for most in [1000, 3000, 10_000] {
            let text = markdown(&["--max-chars", &most.to_string()]);
            assert!((most / 4..=most).contains(&text.chars().count()), "{flavor}: {} of {most}", text.len());
            assert!(text.contains("500 of 500") && text.contains("more parts do not fit"), "{flavor}: {text}");
        }
    }
}

#[test]
fn no_markup_gets_into_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let (path, page) = (folder.path().join("capture.pcap"), folder.path().join("report.html"));
    std::fs::write(&path, capture()).unwrap();
    let text = report(&path, &["--format", "html"]);
    for markup in ["<img", "<b>", "</details><details open><summary></", "javascript:"] {
        assert!(!text.contains(markup), "{markup}");
    }
    // The data and the script.
    let count = |markup: &str| text.matches(markup).count();
    assert_eq!((count("<script"), count("</script"), count("<!--")), (2, 2, 0));
    std::fs::write(&page, &text).unwrap();
    if tools::missing(&["chromium"]) {
        return;
    }
    let mut browser = devtools::Browser::start();
    browser.look(1440, "light", true);
    browser.open(&page);
    assert_eq!(browser.complaints(&page), [""; 0]);
    assert_eq!(browser.value("document.querySelectorAll('img,b,iframe,object,embed,form').length"), 0);
    assert_eq!(browser.value("document.scripts.length"), 2);
    assert!(browser.value("document.title").as_str().unwrap().starts_with("whyclosed"));
    assert_eq!(browser.value("[...document.querySelectorAll('*')].filter((one) => [...one.attributes].some((a) => a.name.startsWith('on'))).length"), 0);
}
