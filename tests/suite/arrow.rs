//! Tables in Arrow and Parquet: read back, they are the JSON report, column by column.

mod decoded;
mod expected;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value, json};
use whyclosed::catalog::Language;
use whyclosed::limits;
use whyclosed::render::arrow::{self, Encoding};
use whyclosed::render::table::{Connections, Files, Table};
use whyclosed::report::Report;

use self::decoded::Decoded;
use crate::support::{PROGRAM, fixture, fixtures, reading, tools};

fn run(arguments: &[&str], captures: &[PathBuf]) -> Output {
    Command::new(PROGRAM).arg("--no-config").args(arguments).args(captures).stdin(Stdio::null()).output().unwrap()
}

/// Returns what the program writes to standard output, whatever it says of damaged files.
fn written(arguments: &[&str], captures: &[PathBuf]) -> Vec<u8> {
    run(arguments, captures).stdout
}

fn all_fixtures() -> Vec<PathBuf> {
    fixtures().into_iter().map(|(_, capture)| capture).collect()
}

/// Returns a report in both formats, read back.
fn both(report: &Report) -> [Decoded; 2] {
    let [mut stream, mut file] = [Vec::new(), Vec::new()];
    arrow::render(report, None, Encoding::Stream, &mut stream).unwrap();
    arrow::render(report, None, Encoding::Parquet, &mut file).unwrap();
    [Decoded::of_stream(&stream), Decoded::of_parquet(&file)]
}

#[track_caller]
fn are_equal(given: &[Map<String, Value>], expected: &[Map<String, Value>], what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    for (given, expected) in given.iter().zip(expected) {
        let names = |row: &Map<String, Value>| row.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(given), names(expected), "{what}");
        for (name, value) in given {
            assert_eq!(value, &expected[name], "{what}: {name} of {}", given["filter"]);
        }
    }
}

#[test]
fn rows_are_those_of_the_json_report() {
    let mut kinds = [0, 0];
    for (name, capture) in fixtures() {
        for material in
            [reading::material(&capture), reading::material_without_keys(&capture, &["443", "8443", "8765", "9443"])]
        {
            let report = Report::new(material.unwrap(), Language::English);
            kinds[0] += report.connections.len();
            kinds[1] += report.encrypted.len();
            let expected = expected::connections(&serde_json::to_value(&report).unwrap());
            for table in both(&report) {
                are_equal(&table.rows(), &expected, &name);
            }
        }
    }
    assert!(kinds[0] > 800 && kinds[1] > 10, "{kinds:?}");
}

/// The columns that CSV has, too, are the same there.
#[test]
fn columns_of_csv_have_the_same_values() {
    let captures = all_fixtures();
    let table = Decoded::of_stream(&written(&["--format", "arrow"], &captures));
    let text = written(&["--format", "csv"], &captures);
    let mut csv = csv::Reader::from_reader(&*text);
    let names = csv.headers().unwrap().clone();
    let same =
        [("close_code", "code"), ("close_reason", "reason"), ("client_api_code", "client_code"), ("rule", "rule")];
    let mut count = 0;
    for (row, record) in table.rows().iter().zip(csv.records().map(Result::unwrap)) {
        for (column, in_csv) in same {
            let at = names.iter().position(|name| name == in_csv).unwrap();
            let value = match &row[column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(value, record[at].trim_start_matches('\''), "{column}");
        }
        count += 1;
    }
    assert!(count > 400 && count == table.rows().len(), "{count}");
}

#[test]
fn the_report_does_not_depend_on_threads_or_on_whether_it_is_streamed() {
    let captures = all_fixtures();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.parquet");
    let judged_first = ["--fail-on", "4997", "--threads", "1"];
    for selected in [&[][..], &["--code", "1011"], &["--code", "4998"], &["--merge"]] {
        let stream = |more: &[&str]| written(&[&["--format", "arrow"], selected, more].concat(), &captures);
        let expected = stream(&judged_first);
        for threads in ["1", "3"] {
            assert!(stream(&["--threads", threads]) == expected, "{selected:?}, {threads} threads");
        }
        let json = written(&[&["--format", "json"], selected].concat(), &captures);
        let rows = expected::connections(&serde_json::from_slice(&json).unwrap());
        assert_eq!(rows.is_empty(), selected == ["--code", "4998"]);
        are_equal(&Decoded::of_stream(&expected).rows(), &rows, "stream");
    }
    let parquet = |more: &[&str]| {
        assert_eq!(written(&[&["-o", file.to_str().unwrap()], more].concat(), &captures), b"");
        fs::read(&file).unwrap()
    };
    assert!(parquet(&["--threads", "3"]) == parquet(&judged_first));
}

#[test]
fn the_schema_says_what_wrote_it() {
    let report = Report::new(reading::material(&fixture("many")).unwrap(), Language::English);
    let generator = concat!("whyclosed ", env!("CARGO_PKG_VERSION"));
    let expected = [("whyclosed.generator", generator), ("whyclosed.schema", "1")];
    for table in both(&report) {
        assert_eq!(table.metadata(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

/// Returns the columns that the documentation lists below the heading of a table, without the parts of columns.
fn documented(text: &str, table: &str) -> Vec<[String; 3]> {
    let section = text.split("## ").find_map(|section| section.strip_prefix(table)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| row.split(" | ").map(str::to_owned).collect::<Vec<_>>());
    rows.map(|row| [row[0].trim_end_matches('`').to_owned(), row[1].clone(), row[2].clone()])
        .filter(|[name, ..]| !name.contains('.'))
        .collect()
}

#[test]
fn the_documentation_lists_exactly_the_columns() {
    let text =
        String::from_utf8(Command::new(PROGRAM).args(["schema", "--format", "parquet"]).output().unwrap().stdout)
            .unwrap();
    let mut tables = vec![("connections", Vec::new()), ("files", Vec::new())];
    let report = Report::new(reading::material(&fixture("many")).unwrap(), Language::English);
    arrow::render(&report, None, Encoding::Stream, &mut tables[0].1).unwrap();
    arrow::files(&report, None, Encoding::Stream, &mut tables[1].1).unwrap();
    for (name, bytes) in tables {
        let schema = Decoded::of_stream(&bytes).schema;
        let columns = schema.fields().iter().map(|field| {
            let nullable = if field.is_nullable() { "yes" } else { "no" };
            (field.name().clone(), nullable.to_owned())
        });
        let listed = documented(&text, name);
        assert_eq!(
            listed.iter().map(|[name, _, null]| (name.clone(), null.clone())).collect::<Vec<_>>(),
            columns.collect::<Vec<_>>()
        );
    }
    assert!(text.contains("| `closes[].code` | INT32 | yes | "), "{text}");
    assert!(text.contains("| `traffic.client.payload_bytes` | INT64 | no | "), "{text}");
}

/// Names are unique in each format, and every column is described in a sentence that a cell of Markdown can hold.
#[test]
fn columns_are_described() {
    fn check<T: Table>() {
        let [mut typed, mut csv] = [BTreeSet::new(), BTreeSet::new()];
        for column in T::COLUMNS {
            let about = column.field.about;
            assert!(about.ends_with('.') && !about.contains(['|', '\n']), "{about}");
            assert!(!column.is_typed() || typed.insert(column.field.name), "{}", column.field.name);
            assert!(column.name_in_csv().is_none_or(|name| csv.insert(name)), "{}", column.field.name);
        }
    }
    check::<Connections>();
    check::<Files>();
}

/// A report of many connections is written in batches and row groups of limited size, one after another.
#[test]
fn many_rows_are_written_in_parts() {
    /// The sizes of the pieces in which a table was written.
    #[derive(Default)]
    struct Pieces(Vec<usize>);
    impl std::io::Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut report = Report::new(reading::material(&fixture("many")).unwrap(), Language::English);
    let one = report.connections[0].clone();
    report.connections = (0..limits::ROW_GROUP + 5).map(|_| one.clone()).collect();
    let [stream, file] = both(&report);
    assert_eq!(stream.sizes.iter().sum::<usize>(), limits::ROW_GROUP + 5);
    assert!(stream.sizes.iter().all(|size| *size <= limits::TABLE_ROWS), "{:?}", stream.sizes);
    assert_eq!(file.sizes, [limits::ROW_GROUP, 5]);
    let mut pieces = Pieces::default();
    arrow::render(&report, None, Encoding::Stream, &mut pieces).unwrap();
    let batches = pieces.0.iter().filter(|bytes| **bytes > 10_000).count();
    assert!(batches >= limits::ROW_GROUP / limits::TABLE_ROWS, "{batches}");
    assert!(pieces.0.iter().all(|bytes| *bytes < 2 * limits::TABLE_BYTES), "{:?}", pieces.0.iter().max());
}

#[test]
fn a_reader_may_stop() {
    let mut program = Command::new(PROGRAM)
        .args(["--all", "--format", "arrow"])
        .arg(fixture("autobahn"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut beginning = [0; 16];
    program.stdout.take().unwrap().read_exact(&mut beginning).unwrap();
    let output = program.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn outputs_have_the_format_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in
        [("a.arrow", &b"\xFF\xFF\xFF\xFF"[..]), ("a.ARROWS", b"\xFF\xFF\xFF\xFF"), ("a.parquet", b"PAR1")]
    {
        let path = folder.path().join(name);
        let output = run(&["-o", path.to_str().unwrap()], &[fixture("many")]);
        assert!(output.status.success(), "{output:?}");
        assert!(fs::read(&path).unwrap().starts_with(begins), "{name}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_read() {
    let missing = [PathBuf::from("missing.pcap")];
    for (arguments, says) in [
        (&["--format", "parquet"][..], "-o FILE.parquet"),
        (&["--format", "parquet", "-o", "-"], "-o FILE.parquet"),
        (&["--files"], "csv, arrow or parquet"),
        (&["--format", "json", "--files=/tmp/files"], "csv, arrow or parquet"),
        (&["--files", "-o", "files.html"], "csv, arrow or parquet"),
    ] {
        let output = run(arguments, &missing);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(says) && !said.contains("missing.pcap"), "{arguments:?}: {said}");
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn a_terminal_gets_no_stream() {
    if tools::missing(&["script"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let command = format!("'{PROGRAM}' --format arrow '{}'", fixture("many").display());
    let output = Command::new("script").args(["-qec", &command]).arg(&log).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("not for a terminal") && output.status.code() == Some(2), "{said}");
}

/// A folder with a capture, one that is cut off in its compressed data, an empty file, and one that is no capture.
fn damaged(folder: &Path) -> Vec<PathBuf> {
    let [whole, cut, empty, other] =
        ["whole.pcapng", "cut.pcap.gz", "empty.pcap", "other.pcap"].map(|name| folder.join(name));
    fs::copy(fixture("invalid_utf8"), &whole).unwrap();
    let bytes = fs::read(fixture("gzip")).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    fs::write(&empty, "").unwrap();
    fs::write(&other, "this is a text").unwrap();
    vec![whole, cut, empty, other]
}

#[test]
fn every_file_has_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let captures = damaged(folder.path());
    let beside = folder.path().join("files.parquet");
    let both = format!("--files={}", beside.display());
    let output = run(&["--format", "arrow", "--sensor", "edge-7", &both], &captures);
    assert_eq!(output.status.code(), Some(2));
    let connections = Decoded::of_stream(&output.stdout).rows();
    assert!(connections.iter().all(|row| row["sensor"] == "edge-7"));
    assert_eq!(connections[0]["rule"], "invalid_utf8");

    let files = Decoded::of_parquet(&fs::read(&beside).unwrap()).rows();
    let alone = run(&["--format", "arrow", "--sensor", "edge-7", "--files"], &captures);
    assert_eq!(alone.status.code(), Some(2));
    assert_eq!(Decoded::of_stream(&alone.stdout).rows(), files);
    let row = |path: &Path| files.iter().find(|row| row["path"] == path.to_str().unwrap()).unwrap();
    let json: Value = serde_json::from_slice(&written(&["--format", "json"], &captures[..1])).unwrap();
    let whole = row(&captures[0]);
    for name in ["path", "format", "packets", "bytes", "capture", "notes"] {
        assert_eq!(whole[name], json["captures"][0][name], "{name}");
    }
    assert_eq!(whole["first_ns"].as_i64().unwrap() / 1000, whole["first"].as_i64().unwrap());
    assert_eq!((&whole["error"], &whole["drops"], &whole["sensor"]), (&Value::Null, &json!(0), &json!("edge-7")));
    for (capture, says) in captures[1..].iter().zip(["cut off", "empty", "not a pcap"]) {
        let error = row(capture)["error"].as_str().unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(files.len(), captures.len());

    let text = written(&["--format", "csv", "--files"], &captures);
    let mut csv = csv::Reader::from_reader(&*text);
    assert_eq!(csv.headers().unwrap().iter().take(3).collect::<Vec<_>>(), ["sensor", "path", "format"]);
    assert_eq!(csv.records().count(), captures.len());
}

/// Whoever reads a table from a pipe gets one with no rows, and learns from the exit code that it is not all.
#[test]
fn a_table_has_its_end_if_no_file_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let captures = damaged(folder.path()).split_off(2);
    for (arguments, rows) in [(&["--format", "arrow"][..], 0), (&["--format", "arrow", "--files"], 2)] {
        let output = run(arguments, &captures);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(Decoded::of_stream(&output.stdout).rows().len(), rows, "{arguments:?}");
    }
}

#[test]
fn drops_are_counted() {
    let capture = fixture("lost_before_packets");
    let report = Report::new(reading::material(&capture).unwrap(), Language::English);
    let mut bytes = Vec::new();
    arrow::files(&report, None, Encoding::Stream, &mut bytes).unwrap();
    let rows = Decoded::of_stream(&bytes).rows();
    assert!(rows[0]["drops"].as_i64().unwrap() > 0 && rows[0]["notes"][0].is_string(), "{rows:?}");
}

/// Other readers see the same.
#[test]
fn pyarrow_and_duckdb_read_them() {
    if tools::missing(&["pyarrow", "duckdb"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [stream, file] = ["a.arrows", "a.parquet"].map(|name| folder.path().join(name));
    let captures = all_fixtures();
    for path in [&stream, &file] {
        assert_eq!(written(&["-o", path.to_str().unwrap()], &captures), b"");
    }
    let script = "
import sys, json, duckdb, pyarrow.ipc, pyarrow.parquet
stream = pyarrow.ipc.open_stream(sys.argv[1]).read_all()
file = pyarrow.parquet.read_table(sys.argv[2])
assert stream.equals(file), 'stream and file differ'
group = pyarrow.parquet.ParquetFile(sys.argv[2]).metadata.row_group(0)
chunk = next(chunk for chunk in map(group.column, range(group.num_columns)) if chunk.path_in_schema == 'rule')
sql = '''select rule, count(*)::int, count(close_code)::int, sum(len(closes))::int, sum(traffic.client.frames)::int,
         max(opened)::varchar from read_parquet(?) group by 1 order by 2 desc, 1'''
rows = duckdb.execute(sql, [sys.argv[2]]).fetchall()
print(json.dumps([stream.num_rows, chunk.compression, chunk.has_dictionary_page, rows[0][:5], len(rows)]))
";
    let output = tools::command("python3").args(["-c", script]).args([&stream, &file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = Decoded::of_parquet(&fs::read(&file).unwrap()).rows();
    let of = |rule: &Value| rows.iter().filter(|row| row["rule"] == *rule).cloned().collect::<Vec<_>>();
    let most = of(&said[3][0]);
    let sum = |value: &dyn Fn(&Map<String, Value>) -> u64| most.iter().map(value).sum::<u64>();
    assert_eq!(said[0], rows.len());
    assert_eq!((&said[1], &said[2]), (&json!("ZSTD"), &json!(true)));
    assert_eq!(said[3][1], most.len());
    assert_eq!(said[3][2], sum(&|row| u64::from(!row["close_code"].is_null())));
    assert_eq!(said[3][3], sum(&|row| row["closes"].as_array().unwrap().len() as u64));
    assert_eq!(said[3][4], sum(&|row| row["traffic"]["client"]["frames"].as_u64().unwrap_or_default()));
}
