// What a swap may not do to cards that are on the screen already.

import { board } from "./cards.js";

// A later stretch of a column may hold a card that a move has brought here: the newer one stays.
document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  if (ctx.swap === "outerMorph") return;
  for (const incoming of tasks.flatMap((task) => [...task.fragment.querySelectorAll("[data-deal-id]")])) {
    const present = document.getElementById(incoming.id);
    if (!present || present === ctx.target) continue;
    if (Number(present.dataset.version) >= Number(incoming.dataset.version)) incoming.remove();
    else present.remove();
  }
});

// An open menu stays open, and speaks of the card that the person saw when it was opened.
board.addEventListener(
  "toggle",
  ({ target: menu }) => {
    if (!menu.matches("[data-card-menu]")) return;
    menu.toggleAttribute("hx-morph-skip", menu.open);
    if (!menu.open) menu.querySelector("[name=version]").value = menu.closest("[data-deal-id]").dataset.version;
  },
  true,
);
