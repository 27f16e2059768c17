//! Updates of a live capture, each as one line for people.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::update::{Ended, Notice, Opened, Update};
use crate::catalog::{Language, fill, words};
use crate::render::sanitized;
use crate::report::document::{Clock, ending};

/// The kinds of lines, by the names of their catalogue texts.
const KINDS: [&str; 4] = ["live_opened", "live_refused", "live_closed", "live_notice"];

/// Formats an update as a line: time, kind, stream, client → server, request; the side that ended it, the ending and
/// the cause; the packet. Coloured by severity.
pub fn line(told: &Update, clock: Clock<'_>, language: Language, color: bool) -> String {
    let writer = Writer { clock, language, color };
    match told {
        Update::Opened(opened) => writer.opened(opened),
        Update::Refused(ended) => writer.ended("live_refused", ended),
        Update::Closed(ended) => writer.ended("live_closed", ended),
        Update::Notice(notice) => writer.notice(notice),
    }
}

struct Writer<'c> {
    clock: Clock<'c>,
    language: Language,
    color: bool,
}

impl Writer<'_> {
    fn opened(&self, opened: &Opened) -> String {
        let late = if opened.late_start { words().get("live_late_start", self.language) } else { "" };
        let ends = format!("{} → {}", opened.client, opened.server);
        let target = sanitized(opened.target.as_deref().unwrap_or_default());
        let packet = self.packet(opened.packet);
        self.put("live_opened", &opened.time, Some(opened.tcp_stream), Style::new(), &[&ends, &target, late, &packet])
    }

    fn ended(&self, kind: &str, ended: &Ended) -> String {
        let [_id, _time, _lifetime, ends, target, by, how, reason, why] = ended.row.cells.as_slice() else {
            return String::new();
        };
        let color = if ended.normal { AnsiColor::Green } else { AnsiColor::Red };
        let style = Style::new().fg_color(Some(color.into()));
        let end = ending(ended.ending, [by, how, reason, why], self.language);
        let end = self.styled(style, &end);
        let packet = self.packet(ended.packet);
        self.put(kind, &ended.time, Some(ended.tcp_stream), style, &[ends, &sanitized(target), &end, &packet])
    }

    fn notice(&self, notice: &Notice) -> String {
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
        self.put("live_notice", &notice.time, notice.tcp_stream, style, &[&sanitized(&notice.text)])
    }

    /// Joins the parts of a line; empty ones are left out.
    fn put(&self, kind: &str, time: &str, stream: Option<u32>, style: Style, parts: &[&str]) -> String {
        let word = |name| words().get(name, self.language);
        let widest = KINDS.iter().map(|kind| word(kind).width()).max().unwrap_or_default();
        let fill = " ".repeat(widest.saturating_sub(word(kind).width()));
        let stream = stream.map(|stream| format!("tcp.stream {stream}")).unwrap_or_default();
        let rest: Vec<_> =
            [&*stream].into_iter().chain(parts.iter().copied()).filter(|part| !part.is_empty()).collect();
        format!("{}  {}{fill}  {}", self.clock.precise().write(time), self.styled(style, word(kind)), rest.join("  "))
    }

    fn packet(&self, packet: u64) -> String {
        fill(words().get("proof_one", self.language), |name| (name == "packets").then(|| packet.to_string().into()))
    }

    fn styled(&self, style: Style, text: &str) -> String {
        let text = sanitized(text);
        if self.color { format!("{style}{text}{style:#}") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Registries;
    use crate::diagnose::{Case, Fleet, diagnose};
    use crate::facts::Facts;
    use crate::report::Connection;
    use crate::report::redact::Redactor;
    use crate::seen::Seen;
    use crate::side::PerSide;

    /// Returns a connection of which nothing is known.
    fn connection() -> Connection {
        let [client, server] = ["10.0.0.1:4000", "10.0.0.2:80"].map(|end| end.parse().unwrap());
        let facts = Facts::new(0, PerSide { client, server }, Seen::default());
        let fleet = Fleet::default();
        let case = Case::new(&facts, &fleet, facts.last.time);
        let judged = (&case, &*diagnose(&case));
        Connection::new(0, judged, &Registries::default(), Language::English, &mut Redactor::default())
    }

    #[test]
    fn nothing_from_the_wire_controls_the_terminal() {
        let opened = Opened {
            time: "2026-11-21T12:31:07Z".to_owned(),
            packet: 4,
            tcp_stream: 0,
            client: "10.0.0.1:4000".to_owned(),
            server: "10.0.0.2:80".to_owned(),
            target: Some("/\x1b[2J\u{202e}".to_owned()),
            late_start: false,
            connection: Box::new(connection()),
        };
        let line = line(&Update::Opened(opened), Clock::default(), Language::English, false);
        assert_eq!(
            line,
            "12:31:07.000  opened   tcp.stream 0  10.0.0.1:4000 → 10.0.0.2:80  /\\u{1b}[2J\\u{202e}  packet 4"
        );
    }
}
