// Being offline is said as long as it lasts; afterwards the board asks for itself.

const banner = document.querySelector("[data-offline]");

const show = () => banner && (banner.hidden = navigator.onLine);

window.addEventListener("offline", show);
window.addEventListener("online", () => {
  show();
  document.dispatchEvent(new Event("deals-changed"));
});
show();

// A board out of the browser's page cache may be hours old.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
