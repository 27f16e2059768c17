// The details of one connection, beside the table.
const details = make('section.details');
details.id = 'details';
details.setAttribute('aria-label', words.details);
details.tabIndex = 0; // It may be scrolled.
document.querySelector('.panes').append(details);

// Builds an element from the data: an array of its name and its content.
const build = (part) => (Array.isArray(part) ? make(part[0], ...part.slice(1).map(build)) : text(part));

const link = (row, label) => Object.assign(make('a', label), { href: `#c${row[ID]}` });

// Describes a connection of which the page has only the row.
const describe = (row) => {
  const facts = make('dl');
  if (row[ADVICE] !== '') facts.append(make('dt', words.advice), make('dd', text(row[ADVICE])));
  columns.forEach((name, column) => {
    if (['id', 'code', 'why'].includes(name) || cell(row, column) === '') return;
    facts.append(make('dt', headings[column]), make('dd', cell(row, column)));
  });
  const example = row[CAUSE] === null ? null : rows.find((other) => other[CAUSE] === row[CAUSE] && data.details[other[ID]]);
  const about = make('p.remark', fill(words.ask, { id: row[ID] }));
  return example ? [facts, make('p', link(example, fill(words.example, { id: example[ID] }))), about] : [facts, about];
};

const show = (row) => {
  const title = make('h3', `#${row[ID]} · ${cellOf(row, 'code')} · ${cellOf(row, 'why')}`);
  title.classList.add(looks[row[LOOK]]);
  const back = Object.assign(make('a.back', words.back), { href: '#connections' });
  const known = data.details[row[ID]];
  details.replaceChildren(title, ...(known ? known.map(build) : describe(row)), back);
  details.scrollTop = 0;
};
