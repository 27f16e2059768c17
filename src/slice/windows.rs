//! A long text in overlapping windows.

/// Bytes of a window without those that it shares with the next one.
const WINDOW: usize = 512 * 1024;

/// Gathers a text, and passes on windows of it.
#[derive(Debug)]
pub struct Windows {
    overlap: usize,
    bytes: Vec<u8>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug)]
pub struct Window<'t> {
    /// Its bytes.
    pub bytes: &'t [u8],
    /// The last of them, with which the next window begins; empty in the last window.
    pub common: &'t [u8],
}

impl Windows {
    /// Creates windows that share so many bytes with the one before them.
    pub const fn new(overlap: usize) -> Self {
        Self { overlap, bytes: Vec::new() }
    }

    /// Takes the next bytes of the text, and calls `look` with each window that is complete.
    pub fn push(&mut self, mut text: &[u8], mut look: impl FnMut(Window<'_>)) {
        while !text.is_empty() {
            let missing = (WINDOW + self.overlap).saturating_sub(self.bytes.len());
            let (own, behind) = text.split_at(text.len().min(missing));
            self.bytes.extend_from_slice(own);
            text = behind;
            // A window is passed on only once it is known not to be the last one.
            if !text.is_empty() {
                look(Window { bytes: &self.bytes, common: self.bytes.get(WINDOW..).unwrap_or_default() });
                self.bytes.drain(..WINDOW.min(self.bytes.len()));
            }
        }
    }

    /// Calls `look` with the last window. Must be called at the end of the text.
    pub fn finish(&mut self, mut look: impl FnMut(Window<'_>)) {
        look(Window { bytes: &self.bytes, common: &[] });
        self.bytes = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap() {
        let text: Vec<u8> = (0..3 * WINDOW + 5).map(|at| at.wrapping_mul(2654435761).to_be_bytes()[6]).collect();
        for step in [1000, WINDOW, WINDOW + 100, text.len()] {
            let (mut windows, mut whole, mut count) = (Windows::new(100), Vec::new(), 0);
            let mut look = |window: Window<'_>| {
                assert!(window.bytes.ends_with(window.common));
                whole.extend_from_slice(&window.bytes[..window.bytes.len() - window.common.len()]);
                count += 1;
            };
            text.chunks(step).for_each(|part| windows.push(part, &mut look));
            windows.finish(&mut look);
            assert!(whole == text && count == 3, "{count} in steps of {step}");
        }
    }
}
