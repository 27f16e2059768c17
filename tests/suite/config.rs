//! The user's configuration: `config.toml` and `codes.d/`.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::{PROGRAM, fixture};

/// A folder of a user's configuration.
struct Home(TempDir);

impl Home {
    /// Writes a file below the program's own folder.
    fn with(name: &str, text: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write(name, text);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("whyclosed").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns the program for this user, in English unless something else is configured.
    fn program(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.0.path());
        command
    }

    /// Runs the program. Returns its exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.program().args(arguments))
    }
}

fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn capture() -> String {
    fixture("invalid_utf8").to_str().unwrap().to_owned()
}

const FRENCH: &str = "Le serveur a fermé";
const SPANISH: &str = "El servidor";
const ENGLISH: &str = "The server closed";

#[test]
fn the_tests_have_no_configuration() {
    // `.cargo/config.toml` sets it, for the programs that tests run, too.
    let folder = PathBuf::from(std::env::var_os("XDG_CONFIG_HOME").expect("tests are run by cargo"));
    assert!(folder.is_absolute() && !folder.join("whyclosed").exists(), "{}", folder.display());
}

/// The XDG Base Directory Specification demands it; otherwise the current folder would decide.
#[test]
fn a_relative_folder_of_configuration_is_ignored() {
    let (here, home) = (Home::with("config.toml", "lang = 'fr'"), tempfile::tempdir().unwrap());
    here.write("codes.d/shop.toml", "no codes");
    fs::create_dir_all(home.path().join(".config/whyclosed")).unwrap();
    fs::write(home.path().join(".config/whyclosed/config.toml"), "lang = 'es'").unwrap();
    let mut program = here.program();
    program.current_dir(here.0.path()).env("HOME", home.path()).arg(capture());
    for relative in [".", "", "./"] {
        let (code, report, said) = run(program.env("XDG_CONFIG_HOME", relative));
        assert!(code == 0 && report.starts_with(SPANISH) && said.is_empty(), "{relative}: {report} {said}");
    }
}

#[test]
fn it_sets_what_is_not_given() {
    let home = Home::with(
        "config.toml",
        "# mine\nlang = 'fr'\nthreads = 2\ntime = 'epoch'\nwss = ['chat.example.com', '8443']\n",
    );
    let begins = |arguments: &[&str], with: &str| {
        let (code, report, said) = home.run(arguments);
        assert!(code == 0 && report.starts_with(with) && said.is_empty(), "{arguments:?}: {report} {said}");
    };
    begins(&[&capture()], FRENCH);
    begins(&["-q", &capture()], FRENCH);
    assert!(home.run(&[&capture()]).1.contains("heure Unix"));
    begins(&["--lang", "en", &capture()], ENGLISH);
    begins(&["--no-config", &capture()], ENGLISH);
    begins(&["explain", "--no-config", "1007"], "1007 Invalid frame payload data\n  Meaning  ");
    assert!(home.run(&["explain", "1007"]).1.contains("Le contenu d'un message"));

    // The locale of one run wins, and that of the whole system does not.
    let with = |name, value| run(home.program().env(name, value).args(["-q", &capture()])).1;
    assert!(with("LC_ALL", "es_ES.UTF-8").starts_with("El servidor cerró"));
    assert!(with("LANG", "es_ES.UTF-8").starts_with(FRENCH));

    let (_, of_wss, _) = home.run(&["--no-config", "-q", fixture("many_wss_python").to_str().unwrap()]);
    let (_, of_configured, _) = home.run(&["--lang", "en", "-q", fixture("many_wss_python").to_str().unwrap()]);
    assert!(of_configured.contains("42 encrypted") && of_wss != of_configured, "{of_configured}");
}

#[test]
fn a_format_is_for_reports_on_standard_output() {
    let home = Home::with("config.toml", "format = 'csv'");
    let csv = "id,tcp_stream,";
    assert!(home.run(&[&capture()]).1.starts_with(csv));
    assert!(home.run(&[&capture(), "-o", "-"]).1.starts_with(csv));
    assert!(home.run(&[&capture(), "--format", "terminal"]).1.starts_with(ENGLISH));
    assert!(home.run(&["explain", "1007"]).1.starts_with("1007"));
    for (name, begins) in [("report.json", "{"), ("report.txt", ENGLISH)] {
        let path = home.0.path().join(name);
        assert_eq!(home.run(&[&capture(), "-o", path.to_str().unwrap()]), (0, String::new(), String::new()));
        assert!(fs::read_to_string(&path).unwrap().starts_with(begins), "{name}");
    }
}

#[test]
fn the_environment_may_forbid_colours() {
    let home = Home::with("config.toml", "color = 'always'");
    let is_coloured = |command: &mut Command| run(command.args(["-q", &capture()])).1.contains('\x1b');
    assert!(is_coloured(&mut home.program()));
    assert!(!is_coloured(home.program().env("NO_COLOR", "1")));
    assert!(!is_coloured(home.program().args(["--color", "never"])));
}

#[test]
fn verbose_says_that_it_was_read() {
    let home = Home::with("config.toml", "");
    let said = |arguments: &[&str]| home.run(arguments).2;
    let path = home.path("config.toml");
    let line = format!("Options that are not given are set by {}.\n", path.display());
    assert!(said(&["-v", &capture()]).starts_with(&line));
    assert!(!said(&["-v", "--no-config", &capture()]).contains(&line) && said(&[&capture()]).is_empty());
    fs::remove_file(path).unwrap();
    assert!(!said(&["-v", &capture()]).contains(&line));
}

#[test]
fn faults_have_a_line() {
    for (text, line, fault) in [
        ("lang = 'fr'\nlnag = 'fr'", 2, "`lnag` is not an option that can be set here; did you mean `lang`?"),
        ("zzz = 1\nlang = 'xx'", 1, "`zzz` is not an option that can be set here; these can be: `color`, `flavor`,"),
        ("\n\nlang = 'xx'", 3, "`lang` cannot be `xx`; it can be `en`, `es`, `fr`, `id`, `th`, `vi`"),
        ("format = 'jsn'", 1, "`format` cannot be `jsn`; did you mean `json`?"),
        ("threads = 0", 1, "`threads` cannot be `0`: 0 is not in 1..=256"),
        ("wss = ['a',\n 'a:b:c']", 2, "`wss` cannot be `a:b:c`: "),
        ("lang = ['fr']", 1, "`lang` cannot be a list"),
        ("color = true", 1, "`color` cannot be true or false"),
        ("lang = 'fr'\nlang = 'es'", 2, "duplicate key"),
        ("lang fr", 1, "expected `=`"),
        ("lang = '\\\u{1b}[31m\u{202e}'", 1, ""),
    ] {
        let home = Home::with("config.toml", text);
        let (code, report, said) = home.run(&[&capture()]);
        assert_eq!((code, &*report), (2, ""), "{text}");
        let begins = format!("whyclosed: {}: line {line}: ", home.path("config.toml").display());
        assert!(said.starts_with(&begins) && said.contains(fault) && said.lines().count() == 1, "{text}: {said}");
        assert!(!said.contains(['\x1b', '\u{202e}']), "{said:?}");
        // What has no such options does not depend on it.
        for arguments in [&["--help"][..], &["--version"], &["man"], &["schema"], &["--no-config", &capture()]] {
            assert_eq!(home.run(arguments).0, 0, "{arguments:?}");
        }
    }
}

/// A file of somebody's own codes must not keep the others from working.
#[test]
fn a_fault_in_codes_is_a_warning_unless_they_are_needed() {
    let home = Home::with("codes.d/broken.toml", "name = 7\n");
    let template = home.run(&["codes", "--template"]).1;
    home.write("codes.d/team.toml", &template);
    let fault = format!("{}: line 1, `name`: invalid type", home.path("codes.d/broken.toml").display());
    for arguments in [
        &[&*capture()][..],
        &["explain", "1007"],
        &["explain", "4150", "--registry", "team"],
        &["compare", "1007", "1008"],
        &["codes", "--all"],
    ] {
        let (code, text, said) = home.run(arguments);
        assert!(code == 0 && !text.is_empty(), "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("whyclosed: warning: {fault}")), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for arguments in [&["explain", "4400", "--registry", "broken"][..], &["codes", "--registry", "Broken"]] {
        let (code, _, said) = home.run(arguments);
        assert!(code == 2 && said.starts_with(&format!("whyclosed: {fault}")), "{arguments:?}: {said}");
    }
    let given = home.path("codes.d/broken.toml");
    assert_eq!(home.run(&["--codes", given.to_str().unwrap(), &capture()]).0, 2);
}
