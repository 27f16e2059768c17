//! The chart of when connections ended: a line each for a few, columns that count them for many.

use jiff::Timestamp;
use maud::{Markup, html};

use super::Page;
use super::lines::Line;
use super::look::Look;
use crate::report::phrase::number;

/// Up to this many connections are drawn as a line each.
const LANES: usize = 40;

/// The number of columns that time is divided into.
const COLUMNS: usize = 120;

/// Sizes in units of the drawing. A drawing of columns is stretched to the width of the page.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 140.0;
const LANE: f64 = 9.0;

/// The number of times below the chart.
const TICKS: usize = 5;

/// The time span of a connection, in seconds since the first one began.
struct Span {
    id: usize,
    look: Look,
    from: f64,
    to: f64,
}

/// The time that a chart covers.
struct Axis {
    /// Its beginning, in seconds of Unix time.
    first: f64,
    /// Its length in seconds.
    length: f64,
}

pub(super) fn chart(page: Page<'_>, lines: &[Line<'_>]) -> Markup {
    let (axis, spans) = spans(lines);
    html! {
        figure.chart {
            figcaption { (page.word("html_over_time")) }
            @if spans.len() <= LANES { (lanes(page, &axis, spans)) } @else { (columns(page, &axis, &spans)) }
            div.ticks { @for tick in ticks(page, &axis) { span { (tick) } } }
        }
    }
}

fn spans(lines: &[Line<'_>]) -> (Axis, Vec<Span>) {
    let seconds = |text: &str| Some(text.parse::<Timestamp>().ok()?.as_nanosecond() as f64 / 1e9);
    let starts: Vec<_> = lines.iter().map(|line| seconds(&line.connection.opened).unwrap_or_default()).collect();
    let first = starts.iter().copied().fold(f64::INFINITY, f64::min);
    let span = |(line, start): (&Line<'_>, &f64)| Span {
        id: line.connection.id,
        look: line.look,
        from: start - first,
        to: start - first + line.connection.lifetime,
    };
    let spans: Vec<_> = lines.iter().zip(&starts).map(span).collect();
    let length = spans.iter().map(|span| span.to).fold(0.0, f64::max).max(1e-3);
    (Axis { first, length }, spans)
}

/// Returns times at equal distances, as short as tells them apart.
fn ticks(page: Page<'_>, axis: &Axis) -> Vec<String> {
    let at = |tick: usize| {
        let seconds = axis.first + axis.length * tick as f64 / (TICKS - 1) as f64;
        Some(Timestamp::from_nanosecond((seconds * 1e9) as i128).ok()?.to_string())
    };
    let times: Vec<String> = (0..TICKS).filter_map(at).collect();
    let clock = page.report.clock().of(times.iter().map(String::as_str));
    times.iter().map(|time| clock.write(time)).collect()
}

/// Draws a line for each connection, in order of their numbers, with a dot where it ended.
fn lanes(page: Page<'_>, axis: &Axis, mut spans: Vec<Span>) -> Markup {
    spans.sort_by_key(|span| span.id);
    // The dots need room on both sides.
    let x = |seconds: f64| format!("{:.1}", 5.0 + seconds / axis.length * (WIDTH - 10.0));
    let height = spans.len() as f64 * LANE;
    html! {
        svg.lanes role="img" aria-label=(page.counted("html_over_time_label", spans.len())) viewBox=(format!("0 0 {WIDTH} {height:.0}")) {
            @for (at, span) in spans.iter().enumerate() {
                @let y = at as f64 * LANE + LANE / 2.0;
                g.(span.look.class()) {
                    line x1=(x(span.from)) x2=(x(span.to)) y1=(y) y2=(y) {}
                    circle cx=(x(span.to)) cy=(y) r="3.5" {}
                }
            }
        }
    }
}

/// Draws columns that count the ends, stacked by their kinds.
fn columns(page: Page<'_>, axis: &Axis, spans: &[Span]) -> Markup {
    let mut counts = [[0_usize; Look::ALL.len()]; COLUMNS];
    for span in spans {
        let at = ((span.to / axis.length * COLUMNS as f64) as usize).min(COLUMNS - 1);
        let count = counts.get_mut(at).and_then(|column| column.get_mut(span.look.number()));
        count.into_iter().for_each(|count| *count += 1);
    }
    let most = counts.iter().map(|column| column.iter().sum()).max().unwrap_or(1).max(1);
    let unit = HEIGHT / most as f64;
    html! {
        div.most { (number(most as u64, page.language)) }
        svg.columns role="img" aria-label=(page.counted("html_over_time_label", spans.len())) preserveAspectRatio="none"
            viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
            @for (at, column) in counts.iter().enumerate() {
                @for (kind, (look, count)) in Look::ALL.iter().zip(column).enumerate().filter(|(_, (_, count))| **count > 0) {
                    @let below = column.iter().take(kind).sum::<usize>();
                    @let height = *count as f64 * unit;
                    rect.(look.class()) x=(format!("{:.1}", at as f64 * WIDTH / COLUMNS as f64)) width=(format!("{:.1}", WIDTH / COLUMNS as f64 - 1.5))
                        y=(format!("{:.1}", HEIGHT - below as f64 * unit - height)) height=(format!("{height:.1}")) {}
                }
            }
        }
    }
}
