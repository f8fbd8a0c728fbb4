"use strict";
(() => {
  const STEP = 100;
  const { rows, flags } = JSON.parse(document.getElementById("data").textContent);
  const body = document.querySelector("#series tbody");
  const heads = [...document.querySelectorAll("#series thead th")];
  const search = document.getElementById("search");
  const show = document.getElementById("show");
  const more = document.getElementById("more");
  const collator = new Intl.Collator(undefined, { numeric: true });
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  // A row: name, file, flags, model, last month, last count, median, low, high, months scored, held, CRPS, line
  const VALUE = [
    (row) => row[0], (row) => row[2].length, (row) => row[4], (row) => row[5], (row) => row[6], (row) => row[9], (row) => row[10], (row) => row[11],
  ];
  const number = (value, digits = 0) =>
    value === null ? "" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const names = new Map(rows.map((row) => [row, plain(row[0] + " " + row[3])]));
  let column = 0, sign = 1, shown = STEP, chosen = [];

  const element = (tag, text, cls) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (cls) made.className = cls;
    return made;
  };
  const picture = (path) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg"), line = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", "0 0 96 22");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("class", "line");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
  const cells = (row) => {
    const name = element("td", undefined, "name");
    const label = element("bdi", row[0]);
    if (row[1]) {
      const link = element("a");
      link.href = "series/" + row[1] + ".html";
      link.append(label);
      name.append(link);
    } else name.append(label);
    const said = [...row[2]].map((code) => flags[code]).join(", ");
    const last = element("td");
    if (row[12]) last.append(picture(row[12]), " ");
    last.append(number(row[5]));
    const interval = row[6] === null ? "" : `${number(row[6])} (${number(row[7])} to ${number(row[8])})`;
    return [
      name, element("td", said, "text flag"), element("td", row[4]), last, element("td", interval), element("td", row[9] ? number(row[9]) : ""),
      element("td", row[10] === null ? "" : number(100 * row[10]) + "%"), element("td", number(row[11], 2)),
    ].map((cell, k) => {
      cell.dataset.label = heads[k].dataset.label;
      return cell;
    });
  };
  const draw = () => {
    const made = document.createDocumentFragment();
    for (const row of chosen.slice(body.rows.length, shown)) {
      const line = element("tr");
      line.append(...cells(row));
      made.append(line);
    }
    body.append(made);
    more.hidden = shown >= chosen.length;
  };
  const compare = (a, b) => {
    const x = VALUE[column](a), y = VALUE[column](b);
    if (x === null || y === null) return (x === null) - (y === null); // whatever has no value comes last
    return sign * (typeof x === "string" ? collator.compare(x, y) : x - y);
  };
  const choose = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const wanted = (row) =>
      words.every((word) => names.get(row).includes(word)) && (!show.value || row[2].includes(show.value));
    chosen = rows.filter(wanted).sort(compare);
    heads.forEach((head, k) => {
      if (k === column) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    document.getElementById("found").textContent = `${number(chosen.length)} of ${number(rows.length)} series`;
    shown = STEP;
    body.replaceChildren();
    draw();
  };
  search.addEventListener("input", choose);
  show.addEventListener("change", choose);
  more.addEventListener("click", () => {
    shown += STEP;
    draw();
  });
  window.addEventListener("beforeprint", () => {
    shown = chosen.length;
    draw();
  });
  heads.forEach((head, k) =>
    head.firstElementChild.addEventListener("click", () => {
      sign = k === column ? -sign : k === 0 ? 1 : -1;
      column = k;
      choose();
    }),
  );
  choose();
})();
