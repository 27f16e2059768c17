(() => {
  'use strict';
  const PAGE = 100;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const table = document.querySelector('table.connections');
  if (table) {
    const body = table.tBodies[0], all = [...body.rows], words = table.dataset;
    let rows = all, at = 0;
    const search = make('input', { type: 'search', placeholder: words.filter, ariaLabel: words.filter });
    const bad = make('input', { type: 'checkbox' });
    const label = make('label');
    label.append(bad, ' ', words.bad);
    const before = make('button', { type: 'button', textContent: words.before });
    const next = make('button', { type: 'button', textContent: words.next });
    const shown = make('output');
    const tools = make('div', { className: 'tools' });
    tools.append(search, label, before, next, shown);
    table.closest('.scroll').before(tools);
    const show = () => {
      const page = rows.slice(at, at + PAGE);
      body.replaceChildren(...page);
      before.disabled = at === 0;
      next.disabled = at + PAGE >= rows.length;
      before.hidden = next.hidden = rows.length <= PAGE;
      shown.value = words.shown.replace('{from}', page.length ? at + 1 : 0).replace('{to}', at + page.length).replace('{count}', rows.length.toLocaleString(document.documentElement.lang));
    };
    let order = (a, b) => a.at - b.at;
    all.forEach((row, at) => { row.at = at; });
    const filter = () => {
      const wanted = search.value.toLowerCase();
      rows = all.filter((row) => (!bad.checked || row.className === 'bad') && (!wanted || row.textContent.toLowerCase().includes(wanted)));
      rows.sort(order);
      at = 0;
      show();
    };
    search.addEventListener('input', filter);
    bad.addEventListener('change', filter);
    before.addEventListener('click', () => { at -= PAGE; show(); });
    next.addEventListener('click', () => { at += PAGE; show(); });
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make('button', { type: 'button', textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const sign = head.ariaSort === 'ascending' ? -1 : 1;
        [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', sign === 1 ? 'ascending' : 'descending');
        const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
        const compare = new Intl.Collator(undefined, { numeric: true }).compare;
        order = (a, b) => sign * (column === 2 ? value(a) - value(b) : compare(value(a), value(b))) || a.at - b.at;
        filter();
      });
    });
    show();
  }
  const heading = document.querySelector('#details-title');
  if (heading) {
    const folds = [...document.querySelectorAll('.details details')];
    const fold = (text, open) => {
      const button = make('button', { type: 'button', textContent: text });
      button.addEventListener('click', () => folds.forEach((one) => { one.open = open; }));
      return button;
    };
    const tools = make('div', { className: 'tools' });
    tools.append(fold(heading.dataset.open, true), fold(heading.dataset.close, false));
    heading.after(tools);
    const unfold = () => {
      const aimed = folds.find((one) => '#' + one.id === location.hash);
      if (aimed) { aimed.open = true; aimed.scrollIntoView(); }
    };
    addEventListener('hashchange', unfold);
    unfold();
  }
})();
