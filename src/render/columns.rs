//! How wide the columns of a table are.

use super::wrap::Measured;

/// Columns of a text below the header that is not broken where there is room for it: "20.5 ms".
const SHORT: usize = 12;

/// How much lower a table counts for, against one line less in one of its cells.
const ROW: usize = 8;

/// The widths of the columns of a table, the header its first row, which need no more than `room` together: no word is broken
/// where there is room for it, and what is left goes where it saves most lines.
pub fn widths(rows: &[Vec<String>], room: usize) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let column = |at: usize| rows.iter().map(|row| Measured::new(row.get(at).map_or("", |cell| cell))).collect();
    let measured: Vec<Vec<_>> = (0..count).map(column).collect();
    let least = |short| -> Vec<usize> {
        let of = |(row, cell): (usize, &Measured)| cell.least(if row == 0 { 0 } else { short });
        measured.iter().map(|cells| cells.iter().enumerate().map(of).max().unwrap_or_default()).collect()
    };
    let fits = |widths: &Vec<usize>| widths.iter().sum::<usize>() <= room;
    let Some(mut widths) = [SHORT, 0].into_iter().map(least).find(fits) else {
        return share(&least(0), room);
    };
    let whole: Vec<_> =
        measured.iter().map(|cells| cells.iter().map(Measured::width).max().unwrap_or_default()).collect();
    let columns = measured.into_iter().zip(&widths).zip(&whole);
    let mut columns: Vec<_> = columns.map(|((cells, least), most)| Column::new(&cells, *least, *most)).collect();
    let mut left = room - widths.iter().sum::<usize>();
    while let Some((at, more)) = best(&columns, left) {
        if let (Some(column), Some(width)) = (columns.get_mut(at), widths.get_mut(at)) {
            column.more += more;
            *width += more;
        }
        left -= more;
    }
    widths
}

/// A column, and how many lines its cells take at each width.
struct Column {
    /// By how much it is wider than its widest word.
    more: usize,
    /// By that: the lines of each cell.
    lines: Vec<Vec<usize>>,
}

impl Column {
    fn new(cells: &[Measured], least: usize, most: usize) -> Self {
        let at = |width| cells.iter().map(|cell| cell.lines(width)).collect();
        Self { more: 0, lines: (least..=most.max(least)).map(at).collect() }
    }

    /// The lines of its cells if it were so much wider.
    fn wider(&self, more: usize) -> Option<&[usize]> {
        self.lines.get(self.more + more).map(Vec::as_slice)
    }
}

/// The column that saves most lines for its additional width, and that width, at most `left`; none where nothing helps.
fn best(columns: &[Column], left: usize) -> Option<(usize, usize)> {
    let rows = columns.first().map_or(0, |column| column.wider(0).map_or(0, <[_]>::len));
    // Of each row: its height, and the height without the one column that makes it so high.
    let of =
        |column: &Column, row: usize| column.wider(0).and_then(|lines| lines.get(row)).copied().unwrap_or_default();
    let heights: Vec<[usize; 2]> = (0..rows)
        .map(|row| {
            columns.iter().map(|column| of(column, row)).fold([0, 0], |[first, second], lines| {
                if lines > first { [lines, first] } else { [first, second.max(lines)] }
            })
        })
        .collect();
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

/// The widths of columns whose words are so wide, so that they need no more than `room` together: narrow ones have what they
/// need, wide ones share what is left.
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
    fn words_stay_whole_as_long_as_there_is_room_for_them() {
        // On one line the first column would leave the other too little for its word.
        assert_eq!(of(&[&["many short words in here", "unbreakable"]], 26), [13, 11]);
        assert_eq!(of(&[&["unbreakable", "another"]], 12), [6, 6]);
    }

    #[test]
    fn room_goes_where_it_saves_lines() {
        // Two columns of three words each, and room for one more word.
        assert_eq!(of(&[&["aa bb cc", "a b"], &["aa bb cc", "a b"]], 7), [5, 1]);
        // A line less in a cell that is no higher than its neighbour saves nothing but itself.
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
