//! Computes the column widths of tables.

use super::wrap::Measured;

/// Widths of texts below the header that should rather not be broken: up to "Closed normally", or at least "20.5 ms".
const SHORT: [usize; 2] = [16, 12];

/// The weight of a table line saved, against one line saved in a single cell.
const ROW: usize = 8;

/// Computes the widths of the columns of a table, with the header as its first row, so that they sum to at most `room`.
/// No word is broken if there is room for it, and the remaining room goes where it saves most lines.
pub fn widths(rows: &[Vec<String>], room: usize) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let column = |at: usize| rows.iter().map(|row| Measured::new(row.get(at).map_or("", |cell| cell))).collect();
    let measured: Vec<Vec<_>> = (0..count).map(column).collect();
    let least = |short| -> Vec<usize> {
        let of = |(row, cell): (usize, &Measured)| cell.least(if row == 0 { 0 } else { short });
        measured.iter().map(|cells| cells.iter().enumerate().map(of).max().unwrap_or_default()).collect()
    };
    let whole: Vec<_> =
        measured.iter().map(|cells| cells.iter().map(Measured::width).max().unwrap_or_default()).collect();
    let fits = |widths: &Vec<usize>| widths.iter().sum::<usize>() <= room;
    let short: Vec<_> = SHORT.into_iter().map(least).filter(fits).collect();
    let fitting = if short.is_empty() { Some(least(0)).into_iter().filter(fits).collect() } else { short };
    let spread = fitting.into_iter().map(|widths| {
        let columns = measured.iter().zip(widths.into_iter().zip(&whole));
        spread(columns.map(|(cells, (least, most))| Column::new(cells, least, *most)).collect(), room)
    });
    // A short text that is broken counts as much as a line.
    let broken = |(column, cells): (&Column, &Vec<Measured>)| {
        cells.iter().skip(1).map(|cell| cell.broken(SHORT[0], column.width())).sum::<usize>()
    };
    let lowest = spread.min_by_key(|columns| {
        let lines = heights(columns).iter().map(|[height, _]| height).sum::<usize>();
        lines + columns.iter().zip(&measured).map(broken).sum::<usize>()
    });
    lowest.map_or_else(|| share(&least(0), room), |columns| columns.iter().map(Column::width).collect())
}

/// Returns whether the columns of a table fit into `room` without breaking a word.
pub fn fit(rows: &[Vec<String>], room: usize) -> bool {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let of = |row: &Vec<String>, at: usize| Measured::new(row.get(at).map_or("", |cell| cell)).least(0);
    let least = |at| rows.iter().map(|row| of(row, at)).max();
    (0..count).filter_map(least).sum::<usize>() <= room
}

/// Distributes the remaining room among the columns.
fn spread(mut columns: Vec<Column>, room: usize) -> Vec<Column> {
    let mut left = room - columns.iter().map(Column::width).sum::<usize>();
    while let Some((at, more)) = best(&columns, left) {
        if let Some(column) = columns.get_mut(at) {
            column.more += more;
        }
        left -= more;
    }
    columns
}

/// A column, and the number of lines of its cells at each width.
struct Column {
    least: usize,
    /// The width beyond `least`.
    more: usize,
    /// The lines of each cell, indexed by `more`.
    lines: Vec<Vec<usize>>,
}

impl Column {
    fn new(cells: &[Measured], least: usize, most: usize) -> Self {
        let at = |width| cells.iter().map(|cell| cell.lines(width)).collect();
        Self { least, more: 0, lines: (least..=most.max(least)).map(at).collect() }
    }

    const fn width(&self) -> usize {
        self.least + self.more
    }

    /// Returns the lines of its cells if the column were `more` columns wider; `None` if that exceeds its full width.
    fn wider(&self, more: usize) -> Option<&[usize]> {
        self.lines.get(self.more + more).map(Vec::as_slice)
    }
}

/// Returns the column that saves most lines for its additional width, and that width, at most `left`; `None` if nothing
/// saves a line.
fn best(columns: &[Column], left: usize) -> Option<(usize, usize)> {
    let heights = heights(columns);
    let saved = |column: &Column, more: usize| {
        let (now, then) = (column.wider(0)?, column.wider(more)?);
        let pairs = now.iter().zip(then).zip(&heights);
        Some(pairs.fold(0, |sum, ((now, then), [height, other])| {
            let lower = if now == height { height - (*then).max(*other) } else { 0 };
            sum + (now - then) + ROW * lower
        }))
    };
    let mut best: Option<(usize, usize, usize)> = None;
    for (at, column) in columns.iter().enumerate() {
        for more in 1..=left {
            let Some(saved) = saved(column, more) else { break };
            if saved > best.map_or(0, |(_, cost, gain)| gain * more / cost) {
                best = Some((at, more, saved));
            }
        }
    }
    best.map(|(at, more, _)| (at, more))
}

/// Returns for each row its height, and its height without the one column that determines it.
fn heights(columns: &[Column]) -> Vec<[usize; 2]> {
    let rows = columns.first().and_then(|column| column.wider(0)).map_or(0, <[_]>::len);
    let lines =
        |column: &Column, row: usize| column.wider(0).and_then(|lines| lines.get(row)).copied().unwrap_or_default();
    let of = |row| {
        columns.iter().map(|column| lines(column, row)).fold([0, 0], |[first, second], lines| {
            if lines > first { [lines, first] } else { [first, second.max(lines)] }
        })
    };
    (0..rows).map(of).collect()
}

/// Computes the widths of columns with words too wide for `room`: narrow columns get the width they need, wide ones
/// share the rest. `words` are the widths of the widest words.
fn share(words: &[usize], room: usize) -> Vec<usize> {
    let (mut left, mut widths) = (room, words.to_vec());
    let mut by_width: Vec<_> = widths.iter_mut().collect();
    by_width.sort();
    let mut columns = by_width.len();
    for width in by_width {
        *width = (*width).min(left / columns);
        left -= *width;
        columns -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[&str]], room: usize) -> Vec<usize> {
        let rows: Vec<_> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        widths(&rows, room)
    }

    #[test]
    fn what_fits_is_not_broken() {
        assert_eq!(of(&[&["a b", "one two three"], &["", "four"]], 40), [3, 13]);
        assert_eq!(of(&[], 40), Vec::<usize>::new());
    }

    #[test]
    fn columns_fit_if_no_word_is_broken() {
        let rows = [vec!["many short words".to_owned(), "unbreakable".to_owned()]];
        assert!(fit(&rows, 16) && !fit(&rows, 15));
        assert!(fit(&[], 0));
    }

    #[test]
    fn words_stay_whole_as_long_as_there_is_room_for_them() {
        // On one line, the first column would leave too little room for the word of the other.
        assert_eq!(of(&[&["many short words in here", "unbreakable"]], 26), [13, 11]);
        assert_eq!(of(&[&["unbreakable", "another"]], 12), [6, 6]);
    }

    #[test]
    fn room_goes_where_it_saves_lines() {
        // Two columns of three words each, and room for one more word.
        assert_eq!(of(&[&["aa bb cc", "a b"], &["aa bb cc", "a b"]], 7), [5, 1]);
        // Saving a line in a cell that is no higher than its neighbour saves nothing else.
        assert_eq!(of(&[&["a b", "x y z", "1"], &["a b", "x y z", "1"]], 6), [1, 3, 1]);
    }

    #[test]
    fn wide_columns_share_what_narrow_ones_leave() {
        assert_eq!(share(&[3, 50, 5, 60], 68), [3, 30, 5, 30]);
        assert_eq!(share(&[3, 5], 68), [3, 5]);
        assert_eq!(share(&[3, 50, 20], 40), [3, 19, 18]);
        assert_eq!(share(&[], 40), Vec::<usize>::new());
    }
}
