// The data of the page; src/render/html/data.rs describes their form.
const data = JSON.parse(document.getElementById('data').textContent);
const { words, columns, looks, rows, texts } = data;

// The fields of a row. The first column is the number of the connection, the cells are of the others.
const ID = 0, LOOK = 1, CAUSE = 2, MICROS = 3, ADVICE = 4, CELLS = 5;

// Returns the text that a part of the data stands for.
const text = (part) => {
  if (typeof part === 'number') return texts[part];
  return Array.isArray(part) ? part.map(text).join('') : part;
};

// Returns a cell of a row, by the number or the name of its column.
const cell = (row, column) => (column === 0 ? String(row[ID]) : text(row[CELLS - 1 + column]));
const cellOf = (row, name) => cell(row, columns.indexOf(name));

// Makes an element: its name is followed by classes. Strings in its content become texts, never markup.
const make = (name, ...content) => {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  element.append(...content);
  return element;
};

const number = (count) => count.toLocaleString(document.documentElement.lang);
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
