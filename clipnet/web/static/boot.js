// Loads the page again when a part of it did not arrive: a browser drops what it is loading whenever a network
// interface of the machine comes or goes, as one does with each container. After a few times it says so.

(() => {
  const KEY = "clipnet:loads";
  const TRIES = 4;

  function again() {
    const tries = Number(sessionStorage.getItem(KEY)) + 1;
    sessionStorage.setItem(KEY, String(tries));
    setTimeout(() => (tries < TRIES ? location.reload() : giveUp()), 100 * tries);
  }

  function giveUp() {
    sessionStorage.removeItem(KEY);
    document.getElementById("view").textContent = "The page did not load. Is the stack running? Then load it again.";
  }

  const isNeeded = (part) => part instanceof HTMLScriptElement || part instanceof HTMLLinkElement;
  addEventListener("error", (event) => isNeeded(event.target) && again(), true);
  addEventListener("clipnet:incomplete", again);
  addEventListener("clipnet:started", () => sessionStorage.removeItem(KEY));
})();
