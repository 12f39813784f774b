// Asking the server how things are: one card after a move whose outcome is open, the whole board after `deals-changed`.
// A question that fails is not reported: it is asked again, later and later, until the server can be reached.

import { board, focusIn, isHeld } from "./cards.js";

const PATIENCE_MS = 10_000;
const PAUSES_MS = [0, 1000, 2000, 4000, 8000, 16_000, 30_000];
// A move that got no answer may still be waiting in the server, so the first answer need not be the last word.
const ANSWERS_WHEN_OPEN = 5;

const pauseOf = (turn) => PAUSES_MS[Math.min(turn, PAUSES_MS.length - 1)];
const pause = (turn) => new Promise((resolve) => setTimeout(resolve, pauseOf(turn)));
const connection = () =>
  navigator.onLine || new Promise((resolve) => addEventListener("online", resolve, { once: true }));

// Counts what this page sends and hears of: an answer that was on its way meanwhile may be older than the screen.
let sent = 0;
for (const phase of ["htmx:before:request", "htmx:after:request", "htmx:error"]) {
  document.addEventListener(phase, ({ detail: { ctx } }) => {
    if (ctx?.request?.method === "POST") sent += 1;
    else if (ctx && phase === "htmx:before:request") ctx.askedAt = sent;
  });
}

// An answer that is good and still true; null for anything else, which is to be asked for again.
async function get(url) {
  await connection();
  const askedAt = sent;
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    const text = await answer.text();
    const isTrue = askedAt === sent && (answer.ok || answer.status === 404);
    return isTrue ? { text, status: answer.status, headers: answer.headers } : null;
  } catch {
    return null;
  }
}

// The heads of such an answer are always swapped in; the card only when the answer knows more than the screen.
board.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  const main = ctx.isTruth && tasks.find((task) => task.type === "main");
  const incoming = main && main.fragment.querySelector("[data-deal-id]")?.dataset;
  if (!incoming) return;
  const { version, position } = ctx.target.dataset;
  const isOlder = Number(incoming.version) < Number(version);
  if (isOlder || (incoming.version === version && incoming.position === position)) main.swapSpec.style = "none";
});

// Asks for a card until the server has said what is true. `isOpen`: a move of it may still be on its way. `stages` are
// the columns whose heads may be old. Resolves to the card if it is newer than before, null if it is gone.
export async function askFor(card, { stages, isOpen }) {
  const version = Number(card.dataset.version);
  const query = new URLSearchParams([...stages].map((stage) => ["stage", stage]));
  const url = `${card.querySelector(".card-name").pathname}/card?${query}`;
  for (let turn = 0, answers = 0; answers < (isOpen ? ANSWERS_WHEN_OPEN : 1); turn += 1) {
    await pause(turn);
    const answer = await get(url);
    const shown = document.getElementById(card.id);
    // Whoever has taken it in hand again meanwhile will get an answer of their own.
    if (!shown || isHeld(shown)) return undefined;
    if (answer?.status === 404) {
      shown.remove();
      refresh();
      return null;
    }
    if (!answer) continue;
    answers += 1;
    const swap = answer.headers.get("HX-Reswap") ?? "outerHTML";
    const how = { target: shown, sourceElement: shown, swap, isTruth: true, focus: focusIn(shown) };
    await window.htmx.swap({ text: answer.text, ...how });
    const now = document.getElementById(card.id);
    if (!now || Number(now.dataset.version) > version) return now ?? undefined;
  }
  return undefined;
}

const isBusy = () => [...board.querySelectorAll("[data-deal-id]")].some(isHeld);
let isWanted = false;
let isAsking = false;

// The whole board, one question at a time; not under a card that somebody has in hand, but as soon as it is put down.
export async function refresh() {
  isWanted = true;
  if (isAsking) return;
  isAsking = true;
  for (let turn = 0; isWanted && !isBusy(); turn += 1) {
    await pause(turn);
    isWanted = false;
    const answer = await get(location.pathname + location.search);
    isWanted ||= !answer || isBusy();
    if (isWanted) continue;
    const how = { target: board, sourceElement: board, select: "[data-board]", swap: "outerMorph" };
    await window.htmx.swap({ text: answer.text, ...how });
  }
  isAsking = false;
}

document.addEventListener("deals-changed", refresh);
document.addEventListener("card:released", () => isWanted && refresh());
// Filters and folding bring the board too, and a move may have been quicker.
board.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target === board && ctx.askedAt !== undefined && ctx.askedAt !== sent) refresh();
});
