// The table as a list of rows of equal height, of which only those in sight, and some around them, are in the page.
const SPARE = 12;

const table = document.querySelector('table.connections');
const body = table.tBodies[0];

// The rows that are printed: as many as the page has without scripts.
const PRINTED = body.rows.length;

const region = table.closest('.rows');
const heads = [...table.tHead.rows[0].cells];
const headings = heads.map((head) => head.textContent);

let found = rows; // The rows that the filter lets through, in their order.
let selected = null;
let height = body.rows[0]?.offsetHeight ?? 32; // With --top 0, there are no rows.

const line = (row, at) => {
  const cells = columns.map((name, column) => {
    const content = cell(row, column);
    if (column > 0) return Object.assign(make(`td.${name}`, content), { title: content });
    const to = link(row, content);
    if (row === selected) to.setAttribute('aria-current', 'true');
    return Object.assign(make(`th.${name}`, to), { scope: 'row' });
  });
  const element = make(`tr.${looks[row[LOOK]]}`, ...cells);
  element.ariaRowIndex = at + 2; // From 1; the headings are the first row.
  element.dataset.at = at;
  return element;
};

// Takes the place of the rows that are not in the page.
const space = (rows) => {
  const element = make('tr.space', make('td'));
  element.ariaHidden = 'true';
  element.style.height = `${rows * height}px`;
  return element;
};

const draw = () => {
  const first = Math.max(0, Math.floor(region.scrollTop / height) - SPARE);
  const last = Math.min(found.length, first + Math.ceil(region.clientHeight / height) + 2 * SPARE);
  const focused = document.activeElement.closest?.('tr[data-at]')?.dataset.at;
  const lines = found.slice(first, last).map((row, at) => line(row, first + at));
  body.replaceChildren(space(first), ...lines, space(found.length - last));
  // The row of the keyboard's focus is a new element.
  if (focused !== undefined) (lines[focused - first]?.querySelector('a') ?? region).focus({ preventScroll: true });
};

// Shows other rows, from the first one on.
const list = (rows) => {
  found = rows;
  table.ariaRowCount = rows.length + 1;
  region.scrollTop = 0;
  draw();
};

// Scrolls as little as is needed to see a row.
const reveal = (at) => {
  const head = table.tHead.offsetHeight, top = at * height;
  const below = top + height + head - region.clientHeight;
  region.scrollTop = Math.max(below, Math.min(region.scrollTop, top));
};

const select = (row) => {
  selected = row;
  show(row);
  if (found.includes(row)) reveal(found.indexOf(row));
  draw();
};

let isDrawing = false;
region.addEventListener('scroll', () => {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => { isDrawing = false; draw(); });
}, { passive: true });

// Rows are cards in a narrow window.
new ResizeObserver(() => {
  height = body.querySelector('tr[data-at]')?.offsetHeight ?? height;
  draw();
}).observe(region);

// A click anywhere in a row is one on its link; text may still be marked.
body.addEventListener('click', (event) => {
  const clicked = event.target.closest('tr[data-at]');
  if (clicked && !event.target.closest('a') && getSelection().isCollapsed) clicked.querySelector('a').click();
});

// The arrow keys move from row to row.
region.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = event.target.closest('tr[data-at]');
  const row = step && from && found[Number(from.dataset.at) + step];
  if (!row) return;
  event.preventDefault();
  history.replaceState(null, '', `#c${row[ID]}`);
  select(row);
  body.querySelector(`a[href="#c${row[ID]}"]`)?.focus({ preventScroll: true });
});
