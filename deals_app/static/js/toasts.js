// Short messages in the corner. The server's come as part of its answers, ours from the templates beside #toasts.

const READING_TIME_MS = 7000;
const MOST = 3;

const region = document.getElementById("toasts");
const isKind = (toast, kind) => toast.dataset.kind === kind;

// A change that can be taken back speaks for the last one only; a failure for the last one of its thing.
function kindOf(toast) {
  return toast.querySelector("[data-undo], [data-redo]") ? "change" : (toast.dataset.kind ?? "");
}

function replaceOlder(toast) {
  toast.dataset.kind = kindOf(toast);
  if (!toast.dataset.kind) return;
  for (const older of region.querySelectorAll("[data-toast]")) {
    if (older === toast || !isKind(older, toast.dataset.kind)) continue;
    if (older.contains(document.activeElement)) toast.querySelector(".toast-action, [data-toast-close]").focus();
    older.remove();
  }
}

function arm(toast) {
  const close = toast.querySelector("[data-toast-close]");
  close.hidden = false;
  close.addEventListener("click", () => toast.remove());
  replaceOlder(toast);
  // Bad news stays until it is dismissed; good news leaves unless someone is reading it.
  if (!["good", "info"].includes(toast.dataset.tone)) return;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove());
  setTimeout(leave, READING_TIME_MS);
}

// `kind` lets a later toast take this one's place; `action` is {label, run}: a button that also closes the toast.
export function say(text, { tone = "bad", kind = "", action = null } = {}) {
  const templates = document.getElementById("toast-template").content;
  const toast = templates.querySelector(`[data-tone=${tone}]`).cloneNode(true);
  toast.querySelector("[data-toast-text]").textContent = text;
  toast.dataset.kind = kind;
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: action.label });
    button.className = "button button-quiet toast-action";
    button.addEventListener("click", () => {
      toast.remove();
      action.run();
    });
    toast.querySelector("[data-toast-close]").before(button);
  }
  region.append(toast);
}

export function withdraw(kind) {
  for (const toast of region.querySelectorAll("[data-toast]")) if (isKind(toast, kind)) toast.remove();
}

for (const toast of region.querySelectorAll("[data-toast]")) arm(toast);
new MutationObserver((records) => {
  for (const { addedNodes } of records) for (const node of addedNodes) if (node.matches?.("[data-toast]")) arm(node);
  while (region.querySelectorAll("[data-toast]").length > MOST) region.querySelector("[data-toast]").remove();
}).observe(region, { childList: true });
