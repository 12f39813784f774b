// ASSETS=auto: where the CDN did not answer, loads our copies of the libraries, in order, then says so on the document.
// A classic deferred script behind the CDN's: when it runs, each of those has either run or failed.
(() => {
  const wanted = document.currentScript.dataset.libraries
    .split(", ")
    .map((each) => each.split(" "))
    .filter(([makes]) => !(makes in window));
  const load = () => {
    const next = wanted.shift();
    if (!next) {
      document.dispatchEvent(new Event("libraries:ready"));
      return;
    }
    const script = document.createElement("script");
    script.src = next[1];
    script.onload = load;
    script.onerror = load;
    document.head.append(script);
  };
  if (wanted.length) load();
})();
