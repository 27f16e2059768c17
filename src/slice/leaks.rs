//! The search for the secrets of a capture in an output that was made from it.

use std::collections::{BTreeMap, HashMap};

use super::sought::Sought;
use super::suspects::{Suspect, suspects};
use super::views::{decoded, from_base64, from_hex};
use super::windows::{Window, Windows};
use crate::limits;
use crate::report::redact::Kind;

/// The least number of bytes of a value that is searched for. Shorter ones occur everywhere by accident.
pub const LEAST: usize = 4;

/// A secret of the capture that occurs in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Its kind.
    pub kind: Kind,
    /// The secret itself.
    pub value: Box<[u8]>,
    /// The form in which it occurs.
    pub form: Form,
    /// The number of times that it occurs.
    pub count: usize,
    /// Whether it is surely a secret; others must be judged by the reader.
    pub is_sure: bool,
}

/// The form in which a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Unchanged.
    Plain,
    /// With the escapes of URLs, JSON or HTML.
    Escaped,
    /// In hexadecimal, with or without spaces.
    Hexadecimal,
    /// In base64, of any alphabet and alignment.
    Base64,
}

/// Bytes that a value takes in memory in addition to its own.
const OVERHEAD: usize = 128;

/// Bytes that two windows share when suspects are searched for: more than a name, its value and what is between them.
const NEAR: usize = 2 * limits::SOUGHT_VALUE;

/// The most bytes that one byte of a value takes in any form: `\u0061` in base64.
const WIDEST: usize = 8;

/// The secrets of a capture, as far as two independent searches find them: that of the redactor, and one for wider
/// forms.
pub struct Secrets {
    all: Vec<(Box<[u8]>, Suspect)>,
    /// The number of values that are surely secret.
    sure: usize,
    /// The number of values too short to search for.
    short: usize,
    is_complete: bool,
    sought: Sought,
}

/// Collects the secrets of a capture.
#[derive(Debug)]
pub struct Gathering {
    /// The values. The flag is set if the redactor found a value; its kind is then the redactor's, which knows it best.
    values: HashMap<Box<[u8]>, (Suspect, bool)>,
    /// Bytes left for the values that the redactor found, and for the others. They are separate, so that the others
    /// cannot crowd out the redactor's.
    room: [usize; 2],
    is_complete: bool,
    plain: Windows,
}

impl Default for Gathering {
    fn default() -> Self {
        let (room, plain) = ([limits::SOUGHT_TOTAL; 2], Windows::new(NEAR));
        Self { values: HashMap::new(), room, is_complete: true, plain }
    }
}

impl Gathering {
    /// Adds a secret that the redactor found.
    pub fn found(&mut self, kind: Kind, value: &[u8]) {
        self.add(value, Suspect { kind, is_sure: true }, true);
    }

    /// Adds the values in a readable line of the capture that may be secret.
    pub fn plain(&mut self, line: &[u8]) {
        let mut windows = std::mem::replace(&mut self.plain, Windows::new(NEAR));
        for part in [line, b"\n"] {
            windows.push(part, |window| self.suspect(window));
        }
        self.plain = windows;
    }

    fn suspect(&mut self, window: Window<'_>) {
        for (value, suspect) in suspects(window.bytes, !window.common.is_empty()) {
            self.add(&value, suspect, false);
        }
    }

    /// Adds a value. Of a long one, only the first bytes are searched for.
    fn add(&mut self, value: &[u8], suspect: Suspect, is_found: bool) {
        let value = value.get(..limits::SOUGHT_VALUE).unwrap_or(value);
        if let Some((known, was_found)) = self.values.get_mut(value) {
            match (*was_found, is_found) {
                (true, _) => {}
                (false, true) => (*known, *was_found) = (suspect, true),
                (false, false) => known.is_sure |= suspect.is_sure,
            }
            return;
        }
        let [found, others] = &mut self.room;
        let room = if is_found { found } else { others };
        match room.checked_sub(OVERHEAD + value.len()) {
            Some(left) => {
                *room = left;
                self.values.insert(value.into(), (suspect, is_found));
            }
            None => self.is_complete = false,
        }
    }

    /// Returns the secrets. Must be called after everything has been added.
    pub fn finish(mut self) -> Secrets {
        let mut windows = std::mem::replace(&mut self.plain, Windows::new(NEAR));
        windows.finish(|window| self.suspect(window));
        let sure = self.values.values().filter(|(suspect, _)| suspect.is_sure).count();
        let values = self.values.into_iter().map(|(value, (suspect, _))| (value, suspect));
        let (mut all, short): (Vec<_>, Vec<_>) = values.partition(|(value, _)| value.len() >= LEAST);
        all.shrink_to_fit();
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let (mut sought, mut is_complete) = (Sought::new(limits::SOUGHT_VALUE), self.is_complete);
        for (number, (value, _)) in (0..).zip(&all) {
            is_complete &= sought.add(value, number);
        }
        sought.finish();
        Secrets { all, sure, short: short.len(), is_complete, sought }
    }
}

impl Secrets {
    /// Returns the number of values that are surely secret, and the number of these that are too short to search for.
    pub const fn counts(&self) -> (usize, usize) {
        (self.sure, self.short)
    }

    /// Returns whether all of them are searched for. There may be too many.
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Starts a search for them in an output made from the capture.
    pub fn search(&self) -> Search<'_> {
        let overlap = WIDEST * limits::SOUGHT_VALUE;
        Search { secrets: self, windows: Windows::new(overlap), counts: HashMap::new() }
    }
}

/// A search for the secrets of a capture.
pub struct Search<'s> {
    secrets: &'s Secrets,
    windows: Windows,
    /// The number of times that each value occurs in each view.
    counts: HashMap<(u32, u8), i64>,
}

impl Search<'_> {
    /// Takes the next bytes of the output.
    pub fn push(&mut self, output: &[u8]) {
        let Self { secrets, windows, counts } = self;
        windows.push(output, |window| look(&secrets.sought, window, counts));
    }

    /// Returns the secrets that occur in the output, sure ones first.
    pub fn finish(self) -> Vec<Leak> {
        let Self { secrets, mut windows, mut counts } = self;
        windows.finish(|window| look(&secrets.sought, window, &mut counts));
        // A form with two views shows the same occurrence in either or both: the larger count is the right one.
        let mut most: BTreeMap<(u32, Form), i64> = BTreeMap::new();
        for ((value, view), count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let form = VIEWS.get(usize::from(view)).map_or(Form::Plain, |view| view.form);
            let known = most.entry((value, form)).or_default();
            *known = count.max(*known);
        }
        let plain: Vec<_> = most.keys().filter(|(_, form)| *form == Form::Plain).map(|(value, _)| *value).collect();
        // A value that occurs as it is also occurs in the view without escapes.
        most.retain(|(value, form), _| *form != Form::Escaped || plain.binary_search(value).is_err());
        let leaks = most.into_iter().filter_map(|((value, form), count)| {
            let (value, Suspect { kind, is_sure }) = secrets.all.get(value as usize)?;
            let count = usize::try_from(count).unwrap_or_default();
            Some(Leak { kind: *kind, value: value.clone(), form, count, is_sure: *is_sure })
        });
        let mut leaks: Vec<_> = leaks.collect();
        leaks.sort_by_key(|leak| !leak.is_sure);
        leaks
    }
}

/// A way to read an output.
struct View {
    form: Form,
    of: fn(&[u8]) -> Vec<u8>,
}

/// All views, including those of strings within strings, and of strings within an encoding.
const VIEWS: [View; 7] = [
    View { form: Form::Plain, of: <[u8]>::to_vec },
    View { form: Form::Escaped, of: decoded },
    View { form: Form::Escaped, of: |text| decoded(&decoded(text)) },
    View { form: Form::Hexadecimal, of: from_hex },
    View { form: Form::Hexadecimal, of: |text| decoded(&from_hex(text)) },
    View { form: Form::Base64, of: from_base64 },
    View { form: Form::Base64, of: |text| decoded(&from_base64(text)) },
];

/// Counts the values that occur in a window, except in the bytes that it shares with the next one.
fn look(sought: &Sought, window: Window<'_>, counts: &mut HashMap<(u32, u8), i64>) {
    for (number, view) in (0..).zip(&VIEWS) {
        for (part, count) in [(window.bytes, 1), (window.common, -1)] {
            sought.find(&(view.of)(part), |value, _| *counts.entry((value, number)).or_default() += count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaks(secrets: &Secrets, output: &[u8]) -> Vec<Leak> {
        let mut search = secrets.search();
        search.push(output);
        search.finish()
    }

    #[test]
    fn secrets_are_found_in_every_form() {
        let found = [(Kind::Query, Box::from(&b"a\"b<c>"[..])), (Kind::Cookie, Box::from(&b"abc"[..]))];
        let mut gathering = Gathering::default();
        found.iter().for_each(|(kind, value)| gathering.found(*kind, value));
        let secrets = gathering.finish();
        let forms = |output: &str| leaks(&secrets, output.as_bytes()).iter().map(|leak| leak.form).collect::<Vec<_>>();
        assert_eq!(forms("x=a\"b<c>;"), [Form::Plain]);
        assert_eq!(forms(r#"{"x":"a\"b<c>"}"#), [Form::Escaped]);
        assert_eq!(forms("a&quot;b&lt;c&gt;"), [Form::Escaped]);
        assert_eq!(forms("a%22b%3Cc%3e"), [Form::Escaped]);
        assert_eq!(forms("61 22 62 3c 63 3e"), [Form::Hexadecimal]);
        assert_eq!(forms("IGEiYjxjPiA="), [Form::Base64]);
        assert_eq!(forms("xa\"b<c>"), []);
        assert_eq!(secrets.counts(), (2, 1));
    }

    /// A window may end before, within or after a secret.
    #[test]
    fn secrets_of_long_texts_are_found_once() {
        let mut gathering = Gathering::default();
        gathering.found(Kind::Value, b"zorvak moon");
        let secrets = gathering.finish();
        let forms = ["zorvak moon", r"zorvak\u0020moon", "7a6f7276616b206d6f6f6e", "em9ydmFrIG1vb24="];
        let common = 512 * 1024;
        let end = common + WIDEST * limits::SOUGHT_VALUE;
        for (before, form) in [common - 9, common + 3, end - 9, end].into_iter().zip(forms) {
            let text = [&*vec![b'.'; before], form.as_bytes(), &[b'.'; 50_000], b"zorvak moonlight"].concat();
            let found = leaks(&secrets, &text);
            assert!(matches!(&*found, [leak] if leak.count == 1), "{form} behind {before}: {found:?}");
        }
    }

    #[test]
    fn the_end_of_a_window_makes_no_values() {
        let values = |count: usize| {
            let mut gathering = Gathering::default();
            gathering.plain(br#"{"password":"wrzlbrmft"},"#.repeat(count).as_slice());
            gathering.finish().all
        };
        let (few, many) = (values(100), values(100_000));
        assert!(
            few.iter().map(|(value, _)| value).eq(many.iter().map(|(value, _)| value)),
            "{} {}",
            few.len(),
            many.len()
        );
    }

    #[test]
    fn values_are_bounded_and_that_is_told() {
        let mut gathering = Gathering::default();
        let value = |number: u32| format!("value-{number}");
        for number in 0..limits::SOUGHT_TOTAL as u32 / OVERHEAD as u32 {
            gathering.found(Kind::Value, value(number).as_bytes());
        }
        assert!(gathering.room[0] < 2 * OVERHEAD);
        let secrets = gathering.finish();
        assert!(!secrets.is_complete());
        assert_eq!(leaks(&secrets, value(7).as_bytes()).len(), 1);
    }
}
