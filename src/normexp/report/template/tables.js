// Columns to sort by and rows to search; without a script the tables are as they were written.

const NUMBER = /^[-+]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?(e[-+]?\d+)?%?$/i;
const isMissing = (text) => text === "" || text === "–";
const number = (text) => Number.parseFloat(text.replaceAll("−", "-").replaceAll(",", ""));
const isNumber = (text) => NUMBER.test(text.replaceAll("−", "-")) && !Number.isNaN(number(text));

// A column by size where each of its cells is a number, else by letters; what is missing comes last
// either way.
const order = (texts, isDown) => {
  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const areNumbers = texts.every((text) => isMissing(text) || isNumber(text));
  return (first, second) => {
    const missing = isMissing(first) - isMissing(second);
    if (missing || isMissing(first)) return missing;
    const found = areNumbers ? number(first) - number(second) : compare(first, second);
    return isDown ? -found : found;
  };
};

for (const header of document.querySelectorAll("th[data-column]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sorts";
  button.append(...header.childNodes);
  header.append(button);
  button.addEventListener("click", () => {
    const table = header.closest("table");
    const isDown = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const cells = [...table.tBodies[0].rows].map((row) => {
      const cell = row.cells[header.dataset.column];
      return [cell.dataset.value ?? cell.textContent.trim(), row];
    });
    const compare = order(cells.map(([text]) => text), isDown);
    cells.sort(([first], [second]) => compare(first, second));
    table.tBodies[0].append(...cells.map(([, row]) => row));
  });
}

for (const box of document.querySelectorAll("[data-searches]")) {
  const items = [...box.querySelectorAll(box.dataset.searches)];
  if (items.length < 8) continue; // all are seen at once
  const field = document.createElement("input");
  const count = document.createElement("span");
  const line = document.createElement("p");
  field.type = "search";
  field.placeholder = box.dataset.search;
  field.setAttribute("aria-label", `${box.dataset.search}: ${box.dataset.of}`);
  count.setAttribute("role", "status");
  line.className = "search note";
  line.append(field, count);
  box.before(line);
  const texts = items.map((item) => item.textContent.toLowerCase());
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    items.forEach((item, i) => (item.hidden = !texts[i].includes(wanted)));
    const found = items.filter((item) => !item.hidden).length;
    count.textContent = wanted ? `${found} / ${items.length}` : "";
  });
}
