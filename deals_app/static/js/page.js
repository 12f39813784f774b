// What every page does beyond forms and links: toasts, menus that close, and a word about requests that failed.
// Everything here is a convenience; without it the same forms work.

const SAID_BY_STATUS = {
  401: "You are signed out. Sign in again to go on.",
  403: "You may not do that.",
  404: "It is no longer there.",
  413: "That is too large.",
  429: "Too many requests at once. Wait a moment and try again.",
  503: "The server is busy. Try again in a moment.",
};
const READING_TIME_MS = 7000;
const SWAPPED_STATUSES = [409, 422];

const toasts = document.getElementById("toasts");

function arm(toast) {
  const button = toast.querySelector("[data-toast-close]");
  button.hidden = false;
  button.addEventListener("click", () => toast.remove());
  // Bad news stays until it is dismissed; good news leaves unless someone is reading it.
  if (!["good", "info"].includes(toast.dataset.tone)) return;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove());
  setTimeout(leave, READING_TIME_MS);
}

function say(text) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-toast-text]").textContent = text;
  toasts.append(toast);
}

for (const toast of toasts.querySelectorAll("[data-toast]")) arm(toast);
new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) if (node.matches?.("[data-toast]")) arm(node);
  }
  while (toasts.querySelectorAll("[data-toast]").length > 3) toasts.querySelector("[data-toast]").remove();
}).observe(toasts, { childList: true });

// The server's own words where the answer carries a notice (errors/_notice.html), else ours for that status.
function reasonOf(context) {
  const body = new DOMParser().parseFromString(context.text ?? "", "text/html");
  const said = body.querySelector("[data-notice-text]")?.textContent.trim();
  const status = context.response.status;
  return said || SAID_BY_STATUS[status] || `The server could not do that (error ${status}).`;
}

function report(context, reason) {
  const consequence = context?.sourceElement?.dataset?.failure ?? "Nothing was saved.";
  say(`${reason} ${consequence}`);
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (!SWAPPED_STATUSES.includes(ctx.response.status) && !ctx.hx?.redirect && !ctx.hx?.refresh) report(ctx, reasonOf(ctx));
});
document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
  if (!ctx || ctx.response) return;
  report(ctx, error === "timeout" ? "The server took too long to answer." : "The server cannot be reached.");
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
