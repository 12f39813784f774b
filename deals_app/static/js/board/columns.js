// What stands around the cards: the board's address, the small form at the end of a column and the sum on top of it.

// A filter changes the address without loading the page. Whoever goes back, however early, sees what the address says.
const address = (url) => url.pathname + url.search;
let shown = address(new URL(performance.getEntriesByType("navigation")[0]?.name ?? location.href));
const follow = () => shown !== address(location) && location.reload();
document.addEventListener("htmx:after:history:update", () => (shown = address(location)));
window.addEventListener("popstate", follow);
follow();

const quickOf = (element) => element.closest?.("[data-quick][open]");

// What was typed stays for when it is opened again.
document.addEventListener("keydown", (event) => {
  const quick = event.key === "Escape" && !event.defaultPrevented && quickOf(event.target);
  if (!quick) return;
  quick.open = false;
  quick.querySelector("summary").focus();
});

document.addEventListener("toggle", ({ target }) => {
  const quick = quickOf(target);
  if (quick?.querySelector("summary") === document.activeElement) quick.querySelector("input[name=name]").focus();
}, true);

// A sum opens its parts by pointing and by focus (CSS); Escape closes them without going away (WCAG 1.4.13).
const peeks = () => document.querySelectorAll("[data-peek]:is(:hover, :focus-within)");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const peek of peeks()) peek.toggleAttribute("data-dismissed", true);
});
for (const left of ["pointerout", "focusout"]) {
  document.addEventListener(left, ({ target, relatedTarget }) => {
    const peek = target.closest?.("[data-peek]");
    if (peek && !peek.contains(relatedTarget)) peek.removeAttribute("data-dismissed");
  });
}
