// What every page does beyond forms and links: a word about requests that failed, menus that close, files that are
// dropped. Everything here is a convenience; without it the same forms work.

import { reasonOf, speaksForItself } from "./failures.js";
import { say } from "./toasts.js";
import "./shortcuts.js";

// Whoever can say more about a failure of its own (the board) has listened before and set `reported`.
function report(context, error) {
  if (context.reported) return;
  say(`${reasonOf(context, error)} ${context.sourceElement?.dataset?.failure ?? "Nothing was saved."}`);
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => speaksForItself(ctx) || report(ctx));
document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => ctx && !ctx.response && report(ctx, error));

// htmx may come late, and until then nobody has heard what was typed into a search.
document.addEventListener("htmx:after:init", ({ target }) => {
  const field = target.querySelector?.("[data-search]");
  if (field && field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Menus close on a click elsewhere and on Escape, which gives the focus back.
const openMenus = () => document.querySelectorAll("[data-menu][open], [data-card-menu][open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// A file may be dropped anywhere on its zone, not only on the browser's small button.
for (const zone of document.querySelectorAll("[data-drop-zone]")) {
  const mark = (isOver) => (event) => {
    event.preventDefault();
    zone.classList.toggle("is-over", isOver);
  };
  zone.addEventListener("dragover", mark(true));
  zone.addEventListener("dragleave", mark(false));
  zone.addEventListener("drop", (event) => {
    mark(false)(event);
    if (event.dataTransfer.files.length) zone.querySelector("input[type=file]").files = event.dataTransfer.files;
  });
}
