// Sorts by a column when its heading is clicked, and in the other direction when it is clicked again.
const { compare } = new Intl.Collator(undefined, { numeric: true });

// Times are of one form, and of equal length unless they are seconds: their order is that of their characters.
const inTime = (one, other) => one.length - other.length || (one < other ? -1 : 1);

// Returns a number for each row by which the column is sorted. Each text is compared once, however many rows have it.
const ranks = (column) => {
  const name = columns[column];
  if (name === 'id') return (row) => row[ID];
  if (name === 'lifetime') return (row) => row[MICROS];
  const cells = new Map(rows.map((row) => [row, cell(row, column)]));
  const sorted = [...new Set(cells.values())].sort(name === 'time' ? inTime : compare);
  const rank = new Map(sorted.map((text, at) => [text, at]));
  return (row) => rank.get(cells.get(row));
};

heads.forEach((head, column) => {
  const button = Object.assign(make('button', headings[column]), { type: 'button' });
  head.replaceChildren(button);
  button.addEventListener('click', () => {
    const direction = head.ariaSort === 'ascending' ? 'descending' : 'ascending';
    heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', direction);
    const rank = ranks(column), sign = direction === 'ascending' ? 1 : -1;
    order = [...rows].sort((a, b) => sign * (rank(a) - rank(b)));
    filter();
  });
});
