// Dragging with the mouse, and with a finger after a long press, so that a swipe still scrolls.

import { board, calm, remember } from "./cards.js";
import { drop } from "./moves.js";

// The browser's own dragging knows no fingers, and with it on Sortable does not scroll at the edge under one.
const hasFingers = matchMedia("(any-pointer: coarse)").matches;
const NOT_BY_THESE = ".card-move, [data-question], [data-too-late]";

function makeSortable(list) {
  if (window.Sortable.get(list)) return;
  window.Sortable.create(list, {
    group: "cards",
    draggable: "[data-deal-id]",
    filter: `[data-deal-id]:not([data-may-drag]), .is-pending, ${NOT_BY_THESE}`,
    preventOnFilter: false,
    animation: calm.matches ? 0 : 140,
    forceFallback: hasFingers,
    delay: 220,
    delayOnTouchOnly: true,
    touchStartThreshold: 5,
    emptyInsertThreshold: 60,
    scrollSensitivity: 70,
    scrollSpeed: 14,
    ghostClass: "is-ghost",
    chosenClass: "is-chosen",
    dragClass: "is-dragged",
    onStart: ({ item }) => {
      remember(item);
      board.classList.add("is-dragging");
    },
    onEnd: ({ item, from, to, oldDraggableIndex, newDraggableIndex }) => {
      board.classList.remove("is-dragging");
      item.classList.remove("is-chosen");
      if (from !== to || oldDraggableIndex !== newDraggableIndex) drop(item);
      else document.dispatchEvent(new Event("card:released"));
    },
  });
}

const makeAllSortable = () => board.querySelectorAll("[data-cards]").forEach(makeSortable);

if (window.Sortable && window.htmx) makeAllSortable();
else document.addEventListener("libraries:ready", makeAllSortable, { once: true });
document.addEventListener("htmx:after:swap", () => window.Sortable && makeAllSortable());

// A long press picks the card up; it does not open the browser's menu for the link under the finger.
board.addEventListener("contextmenu", (event) => {
  if (event.pointerType === "touch" && event.target.closest("[data-may-drag]")) event.preventDefault();
});
