// What is shown: a kind of end, a cause, and the words of the search. All of them are required.
const wanted = { look: null, cause: null, words: [] };
let order = rows; // All rows, as they are sorted.

const search = Object.assign(make('input'), { type: 'search', placeholder: words.filter, ariaLabel: words.filter });
const reset = Object.assign(make('button', words.reset), { type: 'button' });
const count = make('output');
const empty = Object.assign(make('p.empty', words.nothing), { hidden: true });
document.querySelector('.panes').before(make('div.tools', search, count, reset));
region.append(empty);

// The text of each row in which words are looked for, made when the first is.
let texted = null;
const textOf = (row) => {
  texted ??= new Map(rows.map((row) => [row, columns.map((_, column) => cell(row, column)).join('\n').toLowerCase()]));
  return texted.get(row);
};

const fits = (row) => (wanted.look === null || row[LOOK] === wanted.look)
  && (wanted.cause === null || row[CAUSE] === wanted.cause)
  && wanted.words.every((word) => textOf(row).includes(word));

const filter = () => {
  const isAll = wanted.look === null && wanted.cause === null && !wanted.words.length;
  list(isAll ? order : order.filter(fits));
  count.value = fill(words.found, { found: number(found.length), count: number(rows.length) });
  empty.hidden = found.length > 0;
  reset.hidden = isAll;
};

// Makes buttons of the overview switch a part of the filter; at most one of them is on.
const toggles = (part) => {
  const buttons = [...document.querySelectorAll(`button[data-${part}]`)];
  const press = (pressed) => {
    wanted[part] = pressed === null ? null : Number(pressed.dataset[part]);
    buttons.forEach((button) => button.setAttribute('aria-pressed', button === pressed));
  };
  buttons.forEach((button) => {
    button.disabled = false;
    button.addEventListener('click', () => {
      press(button.ariaPressed === 'true' ? null : button);
      filter();
      document.getElementById('connections').scrollIntoView();
    });
  });
  return press;
};
const pressed = [toggles('look'), toggles('cause')];

search.addEventListener('input', () => {
  wanted.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  filter();
});
reset.addEventListener('click', () => {
  search.value = '';
  wanted.words = [];
  pressed.forEach((press) => press(null));
  filter();
  search.focus();
});
