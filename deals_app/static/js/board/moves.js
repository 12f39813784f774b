// Sending a move and hearing what became of it. A drop sends the card's own "Move to…" form, so mouse, touch, keyboard
// and plain HTML make the same request; the server's answer is the truth, and without one the card goes back.

import { reasonOf, speaksForItself } from "../failures.js";
import { say, withdraw } from "../toasts.js";
import { board, columnOf, focusIn, homeOf, isPending, nameOf, reveal, settle } from "./cards.js";
import { askFor } from "./truth.js";

// Trying once more can help: our fault, too much at once, or no answer at all.
const isWorthRetrying = ({ response }) => !response || response.status >= 500 || [408, 429].includes(response.status);

// What a refusal says on the card itself.
const TOLD = "[data-question], [data-too-late]";

const formOf = (card) => card.querySelector("[data-move-form]");
const cardOf = (context) =>
  context.request?.method === "POST" && context.sourceElement?.closest?.("[data-deal-id]");
const kindOf = (card) => `failed ${card.id}`;

function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const input = form.elements[name] ?? Object.assign(document.createElement("input"), { type: "hidden", name });
    input.value = value;
    if (!input.isConnected) form.append(input);
  }
}

// A card stands where a hand has put it: that is the move.
export function drop(card) {
  const isSorted = "sorted" in board.dataset;
  if (isSorted && columnOf(card) === homeOf(card)) {
    settle(card);
    return;
  }
  const neighbour = (element) => (element?.matches("[data-deal-id]") ? element.dataset.dealId : "");
  const place = { before: neighbour(card.previousElementSibling), after: neighbour(card.nextElementSibling) };
  card.classList.add("is-dropped");
  const { version } = card.dataset;
  fill(formOf(card), { stage: columnOf(card).dataset.stageId, version, ...(isSorted ? {} : place) });
  formOf(card).requestSubmit();
}

function letGo(card) {
  card.classList.remove("is-pending", "is-dropped");
  card.removeAttribute("aria-busy");
  const form = formOf(card);
  if (!form) return;
  form.reset();
  fill(form, { version: card.dataset.version });
  for (const name of ["before", "after"]) form.elements[name]?.remove();
}

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  const card = cardOf(ctx);
  if (!card) return;
  ctx.card = card;
  ctx.focus = focusIn(card);
  ctx.shownIn = homeOf(card)?.dataset.stageId;
  withdraw(kindOf(card));
  card.classList.add("is-pending");
  card.setAttribute("aria-busy", "true");
  ctx.isSent = navigator.onLine;
  if (ctx.isSent) return;
  event.preventDefault();
  report(ctx);
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const card = ctx.target?.matches?.("[data-deal-id]") && document.getElementById(ctx.target.id);
  if (!card || ctx.swap === "none") return;
  const before = columnOf(card);
  settle(card);
  if (columnOf(card) !== before || ctx.focus) card.classList.add("is-arrived");
  // What is being answered stays when the board around it asks for itself.
  card.toggleAttribute("hx-morph-skip", Boolean(card.querySelector(TOLD)));
  const asked = card.querySelector("[data-question] [autofocus]");
  if (!asked && !ctx.focus) return;
  const menu = ctx.focus === "menu" && card.querySelector("summary");
  (asked ?? (menu || card.querySelector(".card-name"))).focus({ preventScroll: true });
  reveal(card);
});

// Refused, broken or unanswered: nothing was swapped, and the card still carries its old place.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const card = ctx.card && document.getElementById(ctx.card.id);
  if (card && isPending(card)) {
    const sent = Object.fromEntries(ctx.request.body);
    letGo(card);
    settle(card);
    if (ctx.focus) reveal(card);
    const stages = new Set([ctx.shownIn, sent.stage].filter(Boolean));
    learn(card, sent, { stages, isOpen: ctx.isSent && !ctx.response });
  }
  if (ctx.card) document.dispatchEvent(new Event("card:released"));
});

// What became of a move that brought no card with its answer.
async function learn(card, sent, how) {
  const now = await askFor(card, how);
  if (now === null) say(`“${nameOf(card)}” is no longer there.`, { kind: kindOf(card) });
  if (!now || columnOf(now).dataset.stageId !== sent.stage) return;
  const column = columnOf(now).getAttribute("aria-label");
  say(`It got through after all: “${nameOf(now)}” is in ${column}.`, { tone: "good", kind: kindOf(now) });
}

// The same move with the same version; whatever has happened since, the server will say.
function sendAgain(id, form, sent) {
  if (form.isConnected && form.matches("[data-question]")) return form.requestSubmit();
  const card = document.getElementById(id);
  const again = card && !isPending(card) && formOf(card);
  if (!again) return undefined;
  const { stage, before, after, version } = sent;
  fill(again, { stage, version, ...(before === undefined ? {} : { before, after }) });
  return again.requestSubmit();
}

function report(context, error) {
  const { card, sourceElement: form } = context;
  if (!card || (context.response && speaksForItself(context))) return;
  context.reported = true;
  const sent = Object.fromEntries(context.request.body);
  const action = { label: "Retry", run: () => sendAgain(card.id, form, sent) };
  const consequence = form.dataset.failure ?? "";
  say(`${reasonOf(context, error)} ${consequence}`, {
    kind: kindOf(card),
    action: isWorthRetrying(context) ? action : null,
  });
}

board.addEventListener("htmx:response:error", ({ detail: { ctx } }) => report(ctx));
board.addEventListener("htmx:error", ({ detail: { ctx, error } }) => ctx && !ctx.response && report(ctx, error));

// A question or a note on a card goes away unanswered: the card is where it was all along.
function dismiss(card) {
  card.querySelector(TOLD).remove();
  card.removeAttribute("hx-morph-skip");
  card.querySelector(".card-name").focus();
  // While it stood there the board may have asked for itself, and left this card out.
  askFor(card, { stages: [], isOpen: false });
}

board.addEventListener("click", ({ target }) => {
  if (target.closest("[data-cancel]")) dismiss(target.closest("[data-deal-id]"));
});
board.addEventListener("keydown", (event) => {
  const card = event.key === "Escape" && !event.defaultPrevented && event.target.closest("[data-deal-id]");
  if (card && card.querySelector(TOLD)) dismiss(card);
});
