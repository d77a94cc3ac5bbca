// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"use strict";

const element = (id) => document.getElementById(id);
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// ---- few rows first

const FEW = document.body.dataset.few;

function showFew(table) {
  let count = 0;
  for (const row of table.tBodies[0].rows) {
    if (!row.hidden) count += 1;
    row.classList.toggle("beyond", count > FEW);
  }
  const button = table.parentElement.nextElementSibling;
  button.hidden = count <= FEW || !table.classList.contains("few");
  button.textContent = `Show all ${count}`;
}

for (const table of document.querySelectorAll("table.few")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "all";
  button.addEventListener("click", () => {
    table.classList.remove("few");
    showFew(table);
    table.parentElement.focus();
  });
  table.parentElement.after(button);
  showFew(table);
}

// ---- sort

const key = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.key ?? cell.textContent;
};

function sort(table, header) {
  const column = header.cellIndex;
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => [key(row, column), row]);
  const isNumber = rows.every(([value]) => value !== "" && !Number.isNaN(Number(value)));
  const compare = isNumber ? ([a], [b]) => a - b : ([a], [b]) => collator.compare(a, b);
  rows.sort(down ? (a, b) => compare(b, a) : compare);
  const sorted = document.createElement("tbody");
  sorted.append(...rows.map(([, row]) => row));
  body.replaceWith(sorted);
  if (table.parentElement.nextElementSibling?.className === "all") showFew(table);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const header of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(table, header));
    header.replaceChildren(button);
  }
}

// ---- search and filter

const sessions = element("sessions");
const total = sessions.tBodies[0].rows.length;
let texts = new Map();

function filter() {
  const words = element("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const server = element("server").value;
  const state = element("state").value;
  const result = element("result")?.value;
  let found = 0;
  for (const row of sessions.tBodies[0].rows) {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    const text = texts.get(row);
    const fits =
      (!server || row.cells[0].textContent === server) &&
      (!state || row.dataset.state === state) &&
      (!result || row.dataset.result === result) &&
      words.every((word) => text.includes(word));
    row.hidden = !fits;
    found += fits;
  }
  element("found").textContent = `${found} of ${total} sessions`;
  showFew(sessions);
}

let waiting;
element("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 150);
});
for (const id of ["server", "state", "result"]) element(id)?.addEventListener("change", filter);
for (const form of document.forms) {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
element("found").textContent = `${total} sessions`;

// ---- masks

element("mask")?.addEventListener("change", () => {
  for (const name of document.querySelectorAll("bdi.name")) {
    const other = name.dataset.mask;
    name.dataset.mask = name.textContent;
    name.textContent = other;
  }
  texts = new Map();
  filter();
});
