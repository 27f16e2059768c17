// The start: all rows, and the details of the connection in the address (#c7), which may be sent to others.
const aimed = () => rows.find((row) => location.hash === `#c${row[ID]}`);
const isBeside = matchMedia('(min-width: 70rem)');

const open = () => {
  const row = aimed();
  if (!row) return;
  select(row);
  if (!isBeside.matches) details.scrollIntoView();
};

// The examples of the causes can be opened, too.
document.querySelectorAll('[data-example]').forEach((place) => {
  place.replaceChildren(Object.assign(make('a', place.textContent), { href: `#c${place.dataset.example}` }));
});

document.body.classList.add('scripted');
filter();
details.append(make('p.remark', words.choose));
if (aimed()) open();
else if (isBeside.matches && rows.length) select(rows[0]);
addEventListener('hashchange', open);

// A printer does not scroll.
addEventListener('beforeprint', () => body.replaceChildren(...found.slice(0, PRINTED).map(line)));
addEventListener('afterprint', draw);
