//! Draws the state. Only what is visible is put into words.

mod bytes;
mod connections;
mod details;
mod groups;
mod look;
mod text;
mod timeline;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Clear, Paragraph};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) use self::details::tab_at;
use self::look::Look;
use self::text::{cut, width};
use super::Pane;
use super::layout::{LEAST, Panes};
use super::popup::Popup;
use super::prompt::Prompt;
use super::state::{Mode, State};
use crate::render::sanitized;

/// Draws the view.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    panes(state, frame);
    separate(frame.buffer_mut());
}

/// Gives each letter a cell of its own. Some of Thai follow another one so closely that they count as one symbol of two columns
/// (น้ำ), but terminals keep them in two cells, and would keep the second one when the symbol is replaced.
fn separate(buffer: &mut Buffer) {
    for at in 1..buffer.content.len() {
        let Some([first, second]) = buffer.content.get_mut(at - 1..=at) else { continue };
        let symbol = first.symbol();
        let letter = symbol.char_indices().skip(1).find(|(_, character)| character.width() == Some(1));
        let Some((before, behind)) = letter.and_then(|(at, _)| symbol.split_at_checked(at)) else { continue };
        if symbol.is_ascii() || before.width() != 1 {
            continue;
        }
        let (before, behind) = (before.to_owned(), behind.to_owned());
        second.set_symbol(&behind).set_style(first.style());
        first.set_symbol(&before);
    }
}

fn panes(state: &State, frame: &mut Frame<'_>) {
    let screen = frame.area();
    let Some(panes) = Panes::new(screen, state.upper) else {
        let [columns, rows] = [LEAST.0, LEAST.1].map(|least| least.to_string());
        let text = state.word("too_small", &[("columns", &columns), ("rows", &rows)]);
        let lines = super::popup::plain(&text, screen.width);
        return frame.render_widget(Paragraph::new(lines.join("\n")), screen);
    };
    let look = Look { color: state.options.color };
    header(state, look, panes.header, frame);
    groups::draw(state, Pane::Causes, look, &panes, frame);
    groups::draw(state, Pane::Servers, look, &panes, frame);
    connections::draw(state, look, &panes, frame);
    details::draw(state, look, panes.details, frame);
    status(state, look, panes.status, frame);
    if let Mode::Popup(popup) = &state.mode {
        cover(popup, look, screen, frame);
    }
}

/// Draws the first row: how far reading is, then the answer.
fn header(state: &State, look: Look, area: Rect, frame: &mut Frame<'_>) {
    let text = state.progress.as_ref().map_or_else(
        || sanitized(&state.contents.headline),
        |progress| {
            let name = match &state.live {
                Some(_) if state.is_frozen() => "frozen",
                Some(_) => "live",
                None => "reading",
            };
            state.word(name, &[("progress", progress)])
        },
    );
    let line = Line::styled(cut(&text, area.width.into()), look.strong());
    frame.render_widget(line, area);
}

/// Draws the last row: the filter that is typed, what was done, or the keys.
fn status(state: &State, look: Look, area: Rect, frame: &mut Frame<'_>) {
    if let Mode::Filter(prompt) = &state.mode {
        return filter(state, prompt, look, area, frame);
    }
    let (text, style) = match &state.message {
        Some(message) => (sanitized(message), look.strong()),
        None => (state.word(if state.live.is_some() { "keys_live" } else { "keys" }, &[]), look.dim()),
    };
    frame.render_widget(Line::styled(cut(&text, area.width.into()), style), area);
}

/// Draws the filter that is typed, whether it is understood, and the cursor.
fn filter(state: &State, prompt: &Prompt, look: Look, area: Rect, frame: &mut Frame<'_>) {
    let label = "/ ";
    let (remark, style) = match &prompt.fault {
        Some(fault) => {
            let values = [("term", &*sanitized(&fault.term)), ("example", fault.example)];
            (state.word("filter_fault", &values), look.bad())
        }
        None => {
            let count = state.list.shown.len().to_string();
            (state.word("filter_fits", &[("count", &count)]), look.good())
        }
    };
    // Of a long filter, the part around the cursor is shown.
    let room = usize::from(area.width).saturating_sub(width(&remark) + width(label) + 3).max(8);
    let (text, before) = (sanitized(prompt.input.text()), sanitized(prompt.input.before()));
    let hidden = width(&before).saturating_sub(room);
    let visible = text::from(&text, hidden);
    let shown = cut(visible, room);
    let column = width(label) + width(&before) - (width(&text) - width(visible));
    let gap = " ".repeat(room.saturating_sub(width(&shown)) + 2);
    let line = Line::from(vec![
        Span::raw(label),
        Span::styled(shown, look.strong()),
        Span::raw(gap),
        Span::styled(remark, style),
    ]);
    frame.render_widget(line, area);
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position {
        x: area.x.saturating_add(column).min(area.right().saturating_sub(1)),
        y: area.y,
    });
}

/// Draws a text over the panes.
fn cover(popup: &Popup, look: Look, screen: Rect, frame: &mut Frame<'_>) {
    let lines = popup.lines(screen.width);
    let (width, height) = Popup::size((screen.width, screen.height), lines.len());
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    let visible = usize::from(height.saturating_sub(2));
    let more = lines.len() > popup.scroll + visible;
    let shown = lines.iter().skip(popup.scroll).take(visible).map(|line| look.prose(line));
    let mark = if more { " ↓ " } else { "" };
    let block = Block::bordered().border_type(BorderType::Rounded).title_bottom(Line::raw(mark).right_aligned());
    let inner = block.inner(area);
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), text);
}

/// Draws the title of a pane on a rule, thick if the pane has the focus. Returns the area below it.
fn titled(title: Line<'_>, has_focus: bool, look: Look, area: Rect, frame: &mut Frame<'_>) -> Rect {
    let (kind, style) = if has_focus { (BorderType::Thick, look.focus()) } else { (BorderType::Plain, look.dim()) };
    let block = Block::new().borders(Borders::TOP).border_type(kind).border_style(style).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
