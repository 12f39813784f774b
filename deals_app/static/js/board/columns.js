// What stands around the cards of a column: the small form at its end and the sum on top, both closed by Escape.

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
