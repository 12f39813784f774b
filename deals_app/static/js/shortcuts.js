// Keys that work on every page, outside of fields. Each presses a button or enters a field that is there anyway.

const TYPING =
  "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";

const press = (selector) => () => {
  const form = document.querySelector(selector);
  form?.requestSubmit();
  return Boolean(form);
};

function search() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  field?.select();
  return Boolean(field);
}

function help() {
  const panel = document.getElementById("keys");
  panel?.togglePopover();
  return Boolean(panel);
}

// Keys without Ctrl can get in the way of dictation and of screen readers: they can be switched off (WCAG 2.1.4).
const isOff = () => localStorage.getItem("single-keys") === "off";

function shortcutOf({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (altKey) return null;
  const letter = key.toLowerCase();
  if (ctrlKey || metaKey) {
    if (letter === "z") return press(shiftKey ? "[data-redo-latest]" : "[data-undo-latest]");
    return { y: press("[data-redo-latest]"), k: search }[letter];
  }
  return isOff() ? null : { "?": help, "/": search }[key];
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.target.closest?.(TYPING)) return;
  if (shortcutOf(event)?.()) event.preventDefault();
});

for (const box of document.querySelectorAll("[data-single-keys]")) {
  box.checked = !isOff();
  box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
}
