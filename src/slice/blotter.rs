//! The replacement of secrets by `x`, and the report of what was replaced.

use crate::limits;
use crate::report::redact::known::Known;
use crate::report::redact::{Kind, Secret, patterns, secret};

/// Replaces ASCII letters and digits by `x`. Separators and all other bytes stay.
pub(super) fn blot(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| byte.is_ascii_alphanumeric()).for_each(|byte| *byte = b'x');
}

/// A function that is called with each secret found.
pub type Remember<'f> = dyn FnMut(Kind, &[u8]) + 'f;

/// Replaces secrets, and reports them.
#[derive(Default)]
pub struct Blotter<'f> {
    /// Called with every secret, each time it occurs.
    remember: Option<&'f mut Remember<'f>>,
    /// Values that are known to be secret from other places of the capture.
    known: Option<&'f Known>,
    /// The subprotocols that earlier lines of the head listed: all of the lines form one list (RFC 9110 §5.3).
    pub(super) protocols: String,
    /// True if there is nothing to do: the secrets are not wanted, and the redacted text is thrown away.
    pub(super) is_idle: bool,
}

impl<'f> Blotter<'f> {
    /// Creates one that also replaces secrets known from other places of the capture.
    pub fn knowing(known: &'f Known) -> Self {
        Self { known: Some(known), ..Self::default() }
    }

    /// Creates one that reports the secrets.
    pub fn remembering(remember: &'f mut Remember<'f>) -> Self {
        Self { remember: Some(remember), ..Self::default() }
    }

    /// Creates one that does nothing, for callers that only read.
    pub fn idle() -> Self {
        Self { is_idle: true, ..Self::default() }
    }

    /// Reports a secret without the spaces around it, and replaces it.
    pub(super) fn blot(&mut self, kind: Kind, bytes: &mut [u8]) {
        self.remember(kind, bytes.trim_ascii());
        blot(bytes);
    }

    /// Reports a secret, unless it is already redacted and so has been reported before.
    pub fn remember(&mut self, kind: Kind, secret: &[u8]) {
        let is_new = || secret.iter().any(|byte| byte.is_ascii_alphanumeric() && *byte != b'x');
        if let Some(remember) = self.remember.as_mut().filter(|_| is_new()) {
            remember(kind, secret);
        }
    }

    /// Reports the secrets, recognised by their form, of bytes that will be left out.
    pub fn look(&mut self, bytes: &[u8]) {
        if self.remember.is_some() {
            self.text(&mut bytes.to_vec(), false);
        }
    }

    /// Replaces the secrets of a text, recognised by their form. A long text is searched in parts. `is_window` says
    /// that the text is part of a longer one.
    pub fn text(&mut self, text: &mut [u8], is_window: bool) {
        let (mut from, mut size) = (0, limits::SEARCHED);
        while from < text.len() && !self.is_idle {
            let to = text.len().min(from + size);
            let start = from.saturating_sub(limits::SEARCHED_AROUND);
            let end = text.len().min(to + limits::SEARCHED_AROUND);
            let mut found = self.find(text.get(start..end).unwrap_or_default(), is_window);
            found.iter_mut().for_each(|secret| secret.range = start + secret.range.start..start + secret.range.end);
            found.retain(|secret| secret.range.end > from && secret.range.start < to);
            // The last secret may continue after the part searched. Search a larger part; if that is too large, the
            // rest of the text counts as part of the secret.
            if let Some(last) = found.last_mut().filter(|last| last.range.end == end && end < text.len()) {
                if size < limits::SEARCHED_ONE {
                    size *= 2;
                    continue;
                }
                last.range.end = text.len();
            }
            from = found.last().map_or(to, |last| last.range.end.max(to));
            size = limits::SEARCHED;
            for Secret { range, kind } in found {
                self.secret(kind, text.get_mut(range).unwrap_or_default());
            }
        }
    }

    fn find(&self, text: &[u8], is_window: bool) -> Vec<Secret> {
        if self.known.is_some_and(Known::is_full) {
            return vec![Secret { range: 0..text.len(), kind: Kind::Value }];
        }
        let mut found = if is_window { patterns::find_in_window(text) } else { patterns::find(text) };
        found.extend(self.known.iter().flat_map(|known| known.find(text)));
        secret::disjoint(found)
    }

    /// Reports a secret of a text, and replaces it.
    pub(super) fn secret(&mut self, kind: Kind, secret: &mut [u8]) {
        self.remember(kind, secret);
        let mut redacted = Vec::with_capacity(secret.len());
        for chunk in secret.utf8_chunks() {
            // Characters outside ASCII are part of the secret, too. Invalid UTF-8 stays, because it is evidence.
            redacted.extend(chunk.valid().bytes().map(|byte| if byte.is_ascii() { byte } else { b'x' }));
            redacted.extend_from_slice(chunk.invalid());
        }
        blot(&mut redacted);
        secret.copy_from_slice(&redacted);
    }
}
