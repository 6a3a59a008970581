// Columns to sort by and rows to search; without a script the tables are as they were written.

const number = (text) => {
  const found = text.replaceAll("−", "-").match(/[-+]?\d[\d,]*\.?\d*(e[-+]?\d+)?/);
  return found ? Number(found[0].replaceAll(",", "")) : NaN;
};

// Numbers by size, texts by their letters; what is missing comes last either way.
const compare = (first, second, isDown) => {
  const [one, other] = [number(first), number(second)];
  const isMissing = [first, second].map((text) => text === "" || text === "–");
  if (isMissing[0] || isMissing[1]) return isMissing[0] - isMissing[1];
  const order = Number.isNaN(one) || Number.isNaN(other)
    ? first.localeCompare(second, document.documentElement.lang, { numeric: true })
    : one - other;
  return isDown ? -order : order;
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
    const text = (row) => row.cells[header.dataset.column].textContent.trim();
    const rows = [...table.tBodies[0].rows];
    rows.sort((first, second) => compare(text(first), text(second), isDown));
    table.tBodies[0].append(...rows);
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
