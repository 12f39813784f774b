// Brings htmx and Sortable from the CDN or, where it does not answer or says something else, our own copies of them.
// Until `libraries:ready` the page works by its plain forms. A classic async script: nothing waits for it.
(() => {
  const PATIENCE_MS = 2500;
  const libraries = JSON.parse(document.currentScript.dataset.libraries);

  function run(attributes) {
    return new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), attributes, { onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }

  // A script element waits for as long as the browser does, and the page's load event with it. A fetch can be given up;
  // what it has brought, and compared with its hash, the element takes from the browser's cache.
  async function fromCdn({ cdn, integrity }) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(cdn, { integrity, credentials: "omit", signal });
    await answer.arrayBuffer();
    await run({ src: cdn, integrity, crossOrigin: "anonymous" });
  }

  const fromHere = ({ local }) => (local ? run({ src: local }) : Promise.reject(new Error("no copy of our own")));

  // Who has waited for a silent CDN once need not do so on every page of the visit.
  const isAway = () => sessionStorage.getItem("cdn") === "away";

  async function load(library) {
    if (isAway() && library.local) return fromHere(library).catch(() => fromCdn(library));
    return fromCdn(library).catch(() => {
      sessionStorage.setItem("cdn", "away");
      return fromHere(library);
    });
  }

  // Sortable needs nothing of htmx: each comes as soon as it can.
  Promise.all(libraries.map(load)).then(
    () => document.dispatchEvent(new Event("libraries:ready")),
    () => {},
  );
})();
