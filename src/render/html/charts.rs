//! Charts of all connections: the time and kind of each end, and the codes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Page, sanitized};
use crate::ending::Kind;
use crate::report::Connection;
use crate::report::document::{self, Clock};
use crate::report::phrase::number;

/// Up to this many connections are drawn as a line each; more are counted in columns.
const LANES: usize = 40;

/// The number of columns that time is divided into.
const COLUMNS: usize = 60;

/// Sizes in units of the drawing.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 160.0;
const LANE: f64 = 9.0;

/// The kind of an end as far as colours distinguish it: its class in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Normal,
    Code,
    Cut,
    Refused,
    Open,
}

impl Look {
    const ALL: [Self; 5] = [Self::Normal, Self::Code, Self::Cut, Self::Refused, Self::Open];

    fn of(connection: &Connection) -> Self {
        match connection.ending {
            Kind::Open => Self::Open,
            Kind::Refused | Kind::NoAnswer => Self::Refused,
            _ if connection.is_normal() => Self::Normal,
            Kind::Fin | Kind::Reset => Self::Cut,
            Kind::CloseHandshake | Kind::CloseUnanswered => Self::Code,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Code => "error",
            Self::Cut => "cut",
            Self::Refused => "refused",
            Self::Open => "open",
        }
    }
}

/// The time span of a connection, in seconds since the first one began.
struct Span {
    id: usize,
    look: Look,
    from: f64,
    to: f64,
}

pub(super) fn charts(page: Page<'_>, connections: &[&Connection]) -> Markup {
    let spans = spans(connections);
    html! {
        @if !spans.is_empty() {
            section.charts aria-label=(page.word("html_charts")) {
                figure {
                    figcaption { (page.word("html_over_time")) }
                    (over_time(page, &spans))
                    (legend(page, &spans))
                }
                (by_code(page, connections))
            }
        }
    }
}

fn spans(connections: &[&Connection]) -> Vec<Span> {
    let seconds = |text: &str| Some(text.parse::<Timestamp>().ok()?.as_nanosecond() as f64 / 1e9);
    let starts = connections.iter().map(|connection| seconds(&connection.opened).unwrap_or_default());
    let first = starts.clone().fold(f64::INFINITY, f64::min);
    let span = |(connection, start): (&&Connection, f64)| Span {
        id: connection.id,
        look: Look::of(connection),
        from: start - first,
        to: start - first + connection.lifetime,
    };
    connections.iter().zip(starts).map(span).collect()
}

fn over_time(page: Page<'_>, spans: &[Span]) -> Markup {
    let end = spans.iter().map(|span| span.to).fold(0.0, f64::max).max(1e-3);
    let x = |seconds: f64| format!("{:.1}", seconds / end * WIDTH);
    let is_few = spans.len() <= LANES;
    let height = if is_few { spans.len() as f64 * LANE } else { HEIGHT };
    let label = page.counted("html_over_time_label", spans.len());
    let length = crate::report::phrase::duration(std::time::Duration::from_secs_f64(end), page.language);
    html! {
        svg.time role="img" aria-label=(label) viewBox=(format!("0 0 {WIDTH} {:.0}", height + 4.0)) {
            @if is_few {
                @for (at, span) in spans.iter().enumerate() {
                    @let y = at as f64 * LANE + LANE / 2.0;
                    a href=(format!("#c{}", span.id)) aria-label=(format!("#{}", span.id)) class=(span.look.class()) {
                        line x1=(x(span.from)) x2=(x(span.to)) y1=(y) y2=(y) {}
                        circle cx=(x(span.to)) cy=(y) r="3.5" {}
                    }
                }
            } @else {
                @for bar in bars(spans, end) {
                    rect class=(bar.look.class()) x=(format!("{:.1}", bar.x)) y=(format!("{:.1}", bar.y))
                        width=(format!("{:.1}", WIDTH / COLUMNS as f64 - 1.0)) height=(format!("{:.1}", bar.height)) {}
                }
            }
            line.axis x1="0" x2=(WIDTH) y1=(height + 2.0) y2=(height + 2.0) {}
        }
        div.span aria-hidden="true" { span { "0" } span { (length) } }
    }
}

/// A segment of a column.
struct Bar {
    look: Look,
    x: f64,
    y: f64,
    height: f64,
}

/// Counts connections by the time of their end, and stacks the looks.
fn bars(spans: &[Span], end: f64) -> Vec<Bar> {
    let mut counts: BTreeMap<(usize, Look), usize> = BTreeMap::new();
    let mut totals = [0_usize; COLUMNS];
    for span in spans {
        let column = ((span.to / end * COLUMNS as f64) as usize).min(COLUMNS - 1);
        *counts.entry((column, span.look)).or_default() += 1;
        totals.iter_mut().skip(column).take(1).for_each(|total| *total += 1);
    }
    let most = totals.iter().copied().max().unwrap_or(1).max(1) as f64;
    let mut tops = [HEIGHT; COLUMNS];
    let stacked = counts.into_iter().filter_map(|((column, look), count)| {
        let height = count as f64 / most * HEIGHT;
        let top = tops.get_mut(column)?;
        *top -= height;
        Some(Bar { look, x: column as f64 * WIDTH / COLUMNS as f64, y: *top, height })
    });
    stacked.collect()
}

fn legend(page: Page<'_>, spans: &[Span]) -> Markup {
    let count = |look: Look| spans.iter().filter(|span| span.look == look).count();
    html! {
        ul.legend {
            @for look in Look::ALL.into_iter().filter(|look| count(*look) > 0) {
                li { span.swatch.(look.class()) aria-hidden="true" {} (page.counted(&format!("html_look_{}", look.class()), count(look))) }
            }
        }
    }
}

/// Tabulates the ends of the connections, most frequent first, with bars.
fn by_code(page: Page<'_>, connections: &[&Connection]) -> Markup {
    let mut counts: BTreeMap<(String, Look), usize> = BTreeMap::new();
    for connection in connections {
        let row = document::row(connection, &page.report.codes, Clock::default(), page.language);
        let how = row.cells.into_iter().nth(document::HOW);
        *counts.entry((sanitized(&how.unwrap_or_default()), Look::of(connection))).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = rows.first().map_or(1, |(_, count)| *count) as f64;
    html! {
        table.bars {
            caption { (page.word("html_by_code")) }
            thead { tr { th scope="col" { (page.word("column_code")) } th scope="col" { (page.word("html_connections")) } } }
            tbody {
                @for ((how, look), count) in &rows {
                    tr {
                        th scope="row" { (how) }
                        td {
                            svg.bar aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none" {
                                rect class=(look.class()) width=(format!("{:.1}", *count as f64 / most * 100.0)) height="10" {}
                            }
                            (number(*count as u64, page.language))
                        }
                    }
                }
            }
        }
    }
}
