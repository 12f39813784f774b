// The board by keyboard: arrows go from card to card; Space picks a card up, arrows carry it, Space puts it down and
// Escape puts it back. A drop is the same request as a drag. Every step is said in a live region.

import { say } from "../toasts.js";
import { board, cardsIn, columnOf, listOf, nameOf, put, remember, reveal, settle } from "./cards.js";
import { drop } from "./moves.js";

const HOW = "Space picks the card up, arrow keys go from card to card.";
const CARRIED = "Arrow keys carry it, Space puts it down, Escape puts it back.";
const FIXED = { open: "Only its owner or a manager may move this deal.", closed: "A closed deal is not moved." };

const columns = () => [...board.querySelectorAll("[data-stage]")];
const titleOf = (column) => column.getAttribute("aria-label");
const countOf = (column) => Number(column.querySelector("[data-count]")?.dataset.count ?? 0);
const fixedBecause = (card) => FIXED[card.dataset.status === "open" ? "open" : "closed"];

const addHidden = (attributes) => {
  const element = Object.assign(document.createElement("p"), { className: "sr-only", ...attributes });
  board.after(element);
  return element;
};
const voice = addHidden({ id: "board-voice", ariaLive: "assertive" });
const hints = { may: addHidden({ id: "card-keys", textContent: HOW, hidden: true }) };
for (const [status, text] of Object.entries(FIXED)) {
  hints[status] = addHidden({ id: `card-fixed-${status}`, textContent: text, hidden: true });
}

const reminder = document.createElement("p");
Object.assign(reminder, { className: "grab-hint", ariaHidden: "true", hidden: true });
reminder.innerHTML = "<span><kbd>←</kbd> <kbd>→</kbd> column</span><span><kbd>↑</kbd> <kbd>↓</kbd> place</span>"
  + "<span><kbd>Space</kbd> put down</span><span><kbd>Esc</kbd> put back</span>";
board.after(reminder);

// The card in hand and where it came from.
let held = null;

// How many there are in all, loaded or not; in another column the card comes on top of them.
function placeOf(card) {
  const column = columnOf(card);
  const isGuest = column.dataset.stage !== card.dataset.in;
  const total = Math.max(countOf(column) + (isGuest ? 1 : 0), cardsIn(column).length);
  return `${titleOf(column)}, position ${cardsIn(column).indexOf(card) + 1} of ${total}`;
}

function mark(card, isHeld) {
  card.classList.toggle("is-grabbed", isHeld);
  board.classList.toggle("is-grabbing", isHeld);
  reminder.hidden = !isHeld;
  for (const column of columns()) column.classList.toggle("is-target", isHeld && column === columnOf(card));
}

function pickUp(card) {
  if (card.classList.contains("is-pending")) return;
  if (!("mayDrag" in card.dataset)) {
    say(fixedBecause(card), { tone: "info", kind: "fixed" });
    return;
  }
  held = { card, ...remember(card) };
  mark(card, true);
  voice.textContent = `Picked up ${nameOf(card)}. ${placeOf(card)}. ${CARRIED}`;
}

function release() {
  const { card } = held;
  mark(card, false);
  held = null;
  return card;
}

// The list it was taken from, as long as the place there can still be told.
const isWhereFrom = (list) => list === held.list && (held.next === null || held.next.parentElement === list);

function putBack() {
  const { list, next } = held;
  const isKnown = isWhereFrom(list);
  const card = release();
  if (isKnown) put(card, list, next);
  else settle(card);
  reveal(card);
  voice.textContent = `${nameOf(card)} is back in ${placeOf(card)}.`;
  document.dispatchEvent(new Event("card:released"));
}

function putDown() {
  const { list, next } = held;
  const card = release();
  voice.textContent = `${nameOf(card)} put down in ${placeOf(card)}.`;
  if (card.parentElement !== list || card.nextElementSibling !== next) drop(card);
  else document.dispatchEvent(new Event("card:released"));
}

// One step of the card in hand; at an edge nothing happens.
function carry(card, key) {
  const column = columnOf(card);
  const cards = cardsIn(column);
  const at = cards.indexOf(card);
  const end = listOf(column).querySelector(":scope > :not([data-deal-id])");
  if (key === "ArrowUp" && at > 0) put(card, listOf(column), cards[at - 1]);
  else if (key === "ArrowDown" && at < cards.length - 1) put(card, listOf(column), cards[at + 2] ?? end);
  else if (key === "ArrowLeft" || key === "ArrowRight") {
    const other = columns()[columns().indexOf(column) + (key === "ArrowLeft" ? -1 : 1)];
    if (!other) return;
    const last = listOf(other).querySelector(":scope > :not([data-deal-id])");
    put(card, listOf(other), isWhereFrom(listOf(other)) ? held.next : (cardsIn(other)[at] ?? last));
  } else return;
  mark(card, true);
  reveal(card);
  voice.textContent = `${nameOf(card)}, ${placeOf(card)}.`;
}

// From card to card; sideways over columns without cards.
function go(card, key) {
  const cards = cardsIn(columnOf(card));
  const at = cards.indexOf(card);
  const steps = { ArrowUp: cards[at - 1], ArrowDown: cards[at + 1], Home: cards[0], End: cards.at(-1) };
  let next = steps[key];
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const all = columns();
    const here = all.indexOf(columnOf(card));
    const side = key === "ArrowLeft" ? all.slice(0, here).reverse() : all.slice(here + 1);
    const there = side.map(cardsIn).find((list) => list.length);
    next = there && there[Math.min(at, there.length - 1)];
  }
  next?.querySelector(".card-name").focus({ preventScroll: true });
  if (next) reveal(next);
}

const HELD_KEYS = { " ": putDown, Enter: putDown, Escape: putBack };

board.addEventListener("keydown", (event) => {
  const card = event.target.matches(".card-name") && event.target.closest("[data-deal-id]");
  if (!card || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const isArrow = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key);
  if (held?.card === card) {
    if (isArrow) carry(card, event.key);
    else if (HELD_KEYS[event.key]) HELD_KEYS[event.key]();
    else return;
  } else if (event.key === " ") pickUp(card);
  else if (isArrow || event.key === "Home" || event.key === "End") go(card, event.key);
  else return;
  event.preventDefault();
});

board.addEventListener("focusin", ({ target }) => {
  const card = target.matches(".card-name") && target.closest("[data-deal-id]");
  if (!card) return;
  const hint = "mayDrag" in card.dataset ? hints.may : hints[card.dataset.status === "open" ? "open" : "closed"];
  target.setAttribute("aria-describedby", hint.id);
});

// Who goes elsewhere has not put the card down.
document.addEventListener("focusin", ({ target }) => held && !target.matches(".is-grabbed > .card-name") && putBack());
document.addEventListener("pointerdown", () => held && putBack());
