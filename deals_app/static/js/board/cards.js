// Where cards stand. What the server said of a card is on it: `data-in` is its column, `data-position` its place there,
// `data-version` how old that knowledge is. A card moved by hand goes back there unless the server says otherwise.

export const board = document.querySelector("[data-board]");
const FLIGHT_MS = 220;

export const calm = matchMedia("(prefers-reduced-motion: reduce)");

export const columnOf = (card) => card.closest("[data-stage]");
export const listOf = (column) => column.querySelector("[data-cards]");
export const cardsIn = (column) => [...listOf(column).querySelectorAll("[data-deal-id]")];
export const homeOf = (card) => board.querySelector(`[data-stage="${CSS.escape(card.dataset.in)}"]`);
export const nameOf = (card) => card.querySelector(".card-name").textContent.trim();
export const isPending = (card) => card.classList.contains("is-pending");
// On its way in somebody's hand, or to the server: its place on the screen is not for others to change.
export const isHeld = (card) => isPending(card) || card.matches(".is-grabbed, .is-chosen");

// Positions are exact decimals; numbers decide unless they are too close for a double.
function comparePositions(one, other) {
  const difference = Number(one) - Number(other);
  if (difference || one === other) return difference;
  const digits = Math.max(...[one, other].map((each) => (each.split(".")[1] ?? "").length));
  const [a, b] = [one, other].map((each) => {
    const [whole, fraction = ""] = each.split(".");
    return BigInt(whole + fraction.padEnd(digits, "0"));
  });
  return a < b ? -1 : a > b ? 1 : 0;
}

// Puts a card into a list, with the focus where it was and, unless one prefers stillness, a short flight.
export function put(card, list, before, { isFlying = false } = {}) {
  if (card.parentElement === list && card.nextElementSibling === before) return;
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  const from = card.getBoundingClientRect();
  list.insertBefore(card, before);
  focused?.focus({ preventScroll: true });
  if (!isFlying || calm.matches) return;
  const to = card.getBoundingClientRect();
  const start = `translate(${from.x - to.x}px, ${from.y - to.y}px)`;
  card.animate({ transform: [start, "none"], zIndex: [5, 5] }, { duration: FLIGHT_MS, easing: "ease-out" });
}

// On a board in another order than the hand's, positions say nothing: a card goes back to where it was taken from, and
// the board asks for itself.
let taken = null;
export const remember = (card) => (taken = { id: card.id, list: card.parentElement, next: card.nextElementSibling });

function settleSorted(card, list) {
  const isBack = taken?.id === card.id && taken.list === list && (!taken.next || taken.next.parentElement === list);
  put(card, list, isBack ? taken.next : list.firstElementChild, { isFlying: true });
  document.dispatchEvent(new Event("deals-changed"));
}

// Puts a card where its own data says it belongs; one that left this board goes.
export function settle(card) {
  const column = homeOf(card);
  if (!column) {
    card.remove();
    return;
  }
  if ("sorted" in board.dataset) {
    settleSorted(card, listOf(column));
    return;
  }
  const others = cardsIn(column).filter((each) => each !== card && !isHeld(each));
  const below =
    others.find((each) => comparePositions(each.dataset.position, card.dataset.position) > 0) ??
    listOf(column).querySelector(":scope > :not([data-deal-id])");
  put(card, listOf(column), below, { isFlying: true });
}

// Which part of a card has the focus, so that it can be given back to the same part of the card that takes its place.
export function focusIn(card) {
  const focused = document.activeElement;
  if (!card.contains(focused)) return null;
  return focused.closest("[data-card-menu]") ? "menu" : "name";
}

// The column first: for as long as a card flies, the browser takes it to be where it is seen.
export async function reveal(card) {
  const how = { block: "nearest", inline: "nearest", behavior: calm.matches ? "auto" : "smooth" };
  columnOf(card).scrollIntoView(how);
  const flights = card.getAnimations().filter((each) => !(each instanceof CSSAnimation));
  await Promise.allSettled(flights.map((flight) => flight.finished));
  card.scrollIntoView(how);
}
