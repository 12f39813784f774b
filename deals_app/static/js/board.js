// The one island: dragging cards. A drop sends the card's own "Move to…" form, so mouse, touch, keyboard and plain HTML
// make the same request. What the server answers is the truth: `data-in` and `data-position` say where a card belongs.

const board = document.querySelector("[data-board]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const columnOf = (card) => card.closest("[data-stage]");
const isPending = (card) => card.classList.contains("is-pending");

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

// Puts a card where its own data says it belongs; one that left this board goes.
function settle(card) {
  const column = board.querySelector(`[data-stage="${CSS.escape(card.dataset.in)}"]`);
  if (!column) {
    card.remove();
    return;
  }
  const list = column.querySelector("[data-cards]");
  const others = [...list.querySelectorAll("[data-deal-id]")].filter((each) => each !== card && !isPending(each));
  const below =
    others.find((each) => comparePositions(each.dataset.position, card.dataset.position) > 0) ??
    list.querySelector(":scope > :not([data-deal-id])");
  if (card.parentElement === list && card.nextElementSibling === below) return;
  list.insertBefore(card, below);
}

function sendMove(card) {
  const form = card.querySelector("[data-move-form]");
  const neighbour = (element) => (element?.matches("[data-deal-id]") ? element.dataset.dealId : "");
  form.elements.stage.value = columnOf(card).dataset.stageId;
  for (const [name, element] of [["before", card.previousElementSibling], ["after", card.nextElementSibling]]) {
    const input = form.elements[name] ?? Object.assign(document.createElement("input"), { type: "hidden", name });
    input.value = neighbour(element);
    form.append(input);
  }
  card.classList.add("is-dropped");
  form.requestSubmit();
}

function makeSortable(list) {
  if (window.Sortable.get(list)) return;
  window.Sortable.create(list, {
    group: "cards",
    draggable: "[data-deal-id]",
    filter: "[data-deal-id]:not([data-may-drag]), .is-pending, .card-move",
    preventOnFilter: false,
    animation: calm.matches ? 0 : 140,
    delay: 220,
    delayOnTouchOnly: true,
    touchStartThreshold: 5,
    emptyInsertThreshold: 60,
    scrollSensitivity: 70,
    scrollSpeed: 14,
    ghostClass: "is-ghost",
    chosenClass: "is-chosen",
    dragClass: "is-dragged",
    onStart: () => board.classList.add("is-dragging"),
    onEnd: ({ item, from, to, oldDraggableIndex, newDraggableIndex }) => {
      board.classList.remove("is-dragging");
      if (from !== to || oldDraggableIndex !== newDraggableIndex) sendMove(item);
    },
  });
}

const makeAllSortable = () => board.querySelectorAll("[data-cards]").forEach(makeSortable);

const movedCard = (context) => context?.sourceElement?.closest?.("[data-deal-id]");

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.matches("[data-move-form]") && movedCard(ctx);
  if (!card) return;
  ctx.focusWasInside = card.contains(document.activeElement);
  card.classList.add("is-pending");
  card.setAttribute("aria-busy", "true");
});

// A later stretch of a column may hold a card that a move has brought here already.
document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  for (const incoming of tasks.flatMap((task) => [...task.fragment.querySelectorAll("[data-deal-id]")])) {
    const present = document.getElementById(incoming.id);
    if (!present || present === ctx.target) continue;
    if (Number(present.dataset.version) >= Number(incoming.dataset.version)) incoming.remove();
    else present.remove();
  }
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  makeAllSortable();
  const card = ctx.target?.matches?.("[data-deal-id]") && document.getElementById(ctx.target.id);
  if (!card || ctx.swap === "none") return;
  const before = columnOf(card);
  settle(card);
  if (columnOf(card) !== before || ctx.focusWasInside) card.classList.add("is-arrived");
  if (ctx.focusWasInside) {
    card.scrollIntoView({ block: "nearest", inline: "nearest", behavior: calm.matches ? "auto" : "smooth" });
    (card.querySelector("summary") ?? card.querySelector("a")).focus({ preventScroll: true });
  }
});

// No swap happened (refused, broken, no answer): the card still carries its old place and goes back there.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.isConnected && movedCard(ctx);
  if (!card || !isPending(card)) return;
  card.classList.remove("is-pending", "is-dropped");
  card.removeAttribute("aria-busy");
  const form = card.querySelector("[data-move-form]");
  form.reset();
  for (const name of ["before", "after"]) form.elements[name]?.remove();
  settle(card);
});

// A board out of the browser's page cache may be hours old.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

if (window.Sortable && window.htmx) makeAllSortable();
else document.addEventListener("libraries:ready", makeAllSortable, { once: true });
