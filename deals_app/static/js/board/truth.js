// Asking the server how things are: one card after a move whose outcome is open, the whole board after `deals-changed`.
// A question that fails is not reported: it is asked again, later and later, until the server can be reached.

import { board, isHeld } from "./cards.js";

const PATIENCE_MS = 10_000;
const PAUSES_MS = [0, 1000, 2000, 4000, 8000, 16_000, 30_000];
// A move that got no answer may still be waiting in the server, so the first answer need not be the last word.
const ANSWERS_WHEN_OPEN = 5;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const connection = () =>
  navigator.onLine || new Promise((resolve) => addEventListener("online", resolve, { once: true }));

async function get(url) {
  await connection();
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    return answer;
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
  let shown = card;
  for (let turn = 0, answers = 0; answers < (isOpen ? ANSWERS_WHEN_OPEN : 1); turn += 1) {
    await pause(PAUSES_MS[Math.min(turn, PAUSES_MS.length - 1)]);
    const answer = await get(url);
    shown = document.getElementById(card.id);
    if (answer?.status === 404) {
      shown?.remove();
      refresh();
      return null;
    }
    // Whoever has taken it in hand again meanwhile will get an answer of their own.
    if (!shown || isHeld(shown)) return undefined;
    if (!answer?.ok) continue;
    answers += 1;
    const swap = answer.headers.get("HX-Reswap") ?? "outerHTML";
    await window.htmx.swap({ text: await answer.text(), target: shown, sourceElement: shown, swap, isTruth: true });
    shown = document.getElementById(card.id);
    if (!shown || Number(shown.dataset.version) > version) return shown ?? undefined;
  }
  return undefined;
}

let isWanted = false;
const isBusy = () => [...board.querySelectorAll("[data-deal-id]")].some(isHeld);

// The whole board; not under a card that somebody has in hand, but as soon as it is put down.
export async function refresh() {
  isWanted = true;
  if (isBusy()) return;
  const answer = await get(location.pathname + location.search);
  if (!answer?.ok || isBusy()) return;
  isWanted = false;
  const text = await answer.text();
  await window.htmx.swap({ text, target: board, sourceElement: board, select: "[data-board]", swap: "outerMorph" });
}

document.addEventListener("deals-changed", refresh);
document.addEventListener("card:released", () => isWanted && refresh());
