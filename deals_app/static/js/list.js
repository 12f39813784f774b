// Selecting rows of a table: all of them, or a stretch with Shift. Without this the checkboxes and the bar below work alike.

const form = () => document.querySelector("[data-selection]");
const boxes = () => [...document.querySelectorAll("[data-selection] [data-select-row]")];

let last = null;

// The head's checkbox says what its rows are; the bar counts by itself (css/tables.css), but not across pages.
function show() {
  const all = document.querySelector("[data-select-all]");
  if (!all) return;
  const rows = boxes();
  const chosen = rows.filter((box) => box.checked).length;
  all.hidden = false;
  all.checked = chosen > 0 && chosen === rows.length;
  all.indeterminate = chosen > 0 && chosen < rows.length;
  const match = document.querySelector("[data-select-match]");
  const said = match?.checked ? `${match.labels[0].textContent.trim()}` : "";
  document.querySelector("[data-bulk-count]").textContent = said;
}

function stretch(from, to) {
  const rows = boxes();
  const [start, end] = [rows.indexOf(from), rows.indexOf(to)].sort((one, other) => one - other);
  if (start >= 0) for (const box of rows.slice(start, end + 1)) box.checked = to.checked;
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("[data-select-row]")) return;
  if (event.shiftKey && last?.isConnected) stretch(last, box);
  last = box;
  show();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-all]")) for (const box of boxes()) box.checked = target.checked;
  if (target.matches("[data-select-row], [data-select-all]")) {
    const match = document.querySelector("[data-select-match]");
    if (match && !target.checked) match.checked = false;
  }
  show();
});
document.addEventListener("reset", () => setTimeout(show));

// Enter in a field of a menu presses that menu's button.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Enter" && event.target.matches("input") && event.target.closest("[data-bulk-bar] [data-menu]");
  if (!menu) return;
  event.preventDefault();
  menu.querySelector("button[name=action]").click();
});

// A menu that somebody has opened stays when the table asks for itself again.
document.addEventListener(
  "toggle",
  ({ target }) => target.matches?.("[data-menu]") && target.toggleAttribute("hx-morph-skip", target.open),
  true,
);

// Done: nothing is selected any more.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement !== form() || !ctx.response.raw.ok) return;
  for (const menu of form().querySelectorAll("[data-menu][open]")) menu.open = false;
  form().reset();
});
document.addEventListener("htmx:after:swap", show);
show();
