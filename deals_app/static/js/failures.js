// What went wrong with a request, in words: the server's own where its answer has some, else ours for that status.

const SAID_BY_STATUS = {
  401: "You are signed out. Sign in again to go on.",
  403: "You may not do that.",
  404: "It is no longer there.",
  413: "That is too large.",
  429: "Too many requests at once. Wait a moment and try again.",
  503: "The server is busy. Try again in a moment.",
};
const SWAPPED_STATUSES = [409, 422];

// Whether an answer brings a page with it, or is shown where it belongs: then there is nothing to report.
export const speaksForItself = ({ response, hx }) =>
  SWAPPED_STATUSES.includes(response.status) || hx?.redirect || hx?.refresh;

// htmx's request context; `error` where there was no answer at all.
export function reasonOf(context, error) {
  if (!context.response) {
    if (!navigator.onLine) return "You are offline.";
    return error === "timeout" ? "The server took too long to answer." : "The server cannot be reached.";
  }
  const body = new DOMParser().parseFromString(context.text ?? "", "text/html");
  const said = body.querySelector("[data-notice-text]")?.textContent.trim();
  const status = context.response.status;
  return said || SAID_BY_STATUS[status] || `The server could not do that (error ${status}).`;
}
