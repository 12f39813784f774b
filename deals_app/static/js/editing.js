// Changing a deal's facts in place. Opening, saving and cancelling work without this; it adds Escape, moves the focus to
// the field and back to the value, and lets "Saved" stand for a moment.

const SAVED_MS = 3000;

const editorOf = (element) => element?.closest?.("[data-inline-edit]");
const openMenus = () => document.querySelectorAll(".deal-head [data-menu][open]");
const fieldIn = (editor) => editor.querySelector("input:not([type=hidden]), select, textarea");

// What somebody is editing is not overwritten when the page asks for itself again.
function toggled({ target }) {
  if (!target.matches?.("[data-inline-edit], [data-menu]")) return;
  target.toggleAttribute("hx-morph-skip", target.open);
  if (!target.open || !target.matches("[data-inline-edit]") || target.dataset.state) return;
  fieldIn(target)?.focus();
  fieldIn(target)?.select?.();
}
document.addEventListener("toggle", toggled, true);

function close(editor) {
  editor.querySelector("form").reset();
  editor.open = false;
  editor.querySelector("summary").focus();
}

function dismiss(question) {
  const place = question.closest("#deal-question");
  place.replaceChildren();
  document.querySelector(".stepper button, .deal-head summary")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const editor = editorOf(event.target);
  if (editor?.open) close(editor);
  else if (event.target.closest?.("#deal-question")) dismiss(event.target);
});

document.addEventListener("click", (event) => {
  const cancel = event.target.closest("#deal-question [data-cancel]");
  if (!cancel) return;
  event.preventDefault();
  dismiss(cancel);
});

// An answer takes the place of its editor, and the focus goes where the eyes are.
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const fact = ctx.sourceElement.closest?.("[data-fact]");
  ctx.hadFocus = fact?.contains(document.activeElement);
  for (const kept of fact?.querySelectorAll("[hx-morph-skip]") ?? []) kept.removeAttribute("hx-morph-skip");
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "deal-question") for (const menu of openMenus()) menu.open = false;
  const fact = ctx.sourceElement.closest?.("[data-fact]");
  if (!fact) return;
  const editor = fact.querySelector("[data-inline-edit]");
  if (ctx.hadFocus && editor) (editor.open ? fieldIn(editor) : editor.querySelector("summary"))?.focus();
  const status = fact.querySelector("[data-state=saved][role=status]");
  if (!status) return;
  status.toggleAttribute("hx-morph-skip", true);
  setTimeout(() => {
    status.removeAttribute("hx-morph-skip");
    status.replaceChildren();
  }, SAVED_MS);
});
