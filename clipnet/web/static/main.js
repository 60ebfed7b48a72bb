// Starts the page: who is logged in, which view the address asks for.

import { call, connect } from "./api.js";
import { h, toast } from "./dom.js";
import { accountView } from "./account.js";
import { clipView } from "./clip.js";
import { listView } from "./list.js";
import { loginView } from "./login.js";
import { uploadView } from "./upload.js";

const view = document.getElementById("view");
const state = { config: null, user: null, stop: null };

const ROUTES = [
  [/^#\/?$/, listView, true],
  [/^#\/clips\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i, clipView, true],
  [/^#\/upload$/, uploadView, true],
  [/^#\/account$/, accountView, true],
  [/^#\/login$/, loginView, false],
];

async function start() {
  state.config = await (await fetch("/config.json")).json();
  const { api_url, alias } = state.config;
  connect(alias?.web_url === location.origin ? alias.api_url : api_url);
  showBanner();
  await whoAmI();
  addEventListener("hashchange", show);
  addEventListener("clipnet:login", async () => {
    await whoAmI();
    location.hash = "#/";
    show();
  });
  show();
}

function showBanner() {
  const banner = document.getElementById("banner");
  if (!state.config.banner) return;
  banner.textContent = `${state.config.banner} · version ${state.config.version} · nothing here reaches real viewers`;
  banner.hidden = false;
}

async function whoAmI() {
  try {
    const me = await call("GET", "/v1/me");
    state.user = me.user || me;
  } catch (error) {
    state.user = null;
    if (error.status !== 401) toast(error.message, "error");
  }
  showNav();
}

function showNav() {
  const here = location.hash.split("?")[0] || "#/";
  const link = (hash, text) => h("a", { href: hash, "aria-current": here === hash ? "page" : null }, text);
  document.getElementById("nav").replaceChildren(
    ...(state.user
      ? [
          link("#/", "Clips"),
          h("a", { href: "#/upload", class: "button small" }, "New clip"),
          link("#/account", state.user.name),
          h("button", { class: "link", type: "button", onclick: logOut }, "Log out"),
        ]
      : [link("#/login", "Log in")]),
  );
}

async function logOut() {
  await call("DELETE", "/v1/session").catch((error) => toast(error.message, "error"));
  state.user = null;
  showNav();
  location.hash = "#/login";
}

function show() {
  if (state.stop) state.stop();
  state.stop = null;
  const [path, query] = location.hash.split("?");
  const route = ROUTES.find(([pattern]) => pattern.test(path || "#/"));
  if (!route) {
    view.replaceChildren(h("h1", {}, "Not here"), h("p", {}, "There is no such page. ", h("a", { href: "#/" }, "All clips")));
    return;
  }
  const [pattern, render, needsLogin] = route;
  if (needsLogin && !state.user) {
    location.hash = "#/login";
    return;
  }
  showNav();
  const context = {
    config: state.config,
    user: state.user,
    match: pattern.exec(path || "#/"),
    query: new URLSearchParams(query || ""),
    onStop: (stop) => (state.stop = stop),
  };
  view.replaceChildren();
  render(view, context);
  view.focus({ preventScroll: true });
}

start().then(
  () => dispatchEvent(new Event("clipnet:started")),
  (error) => {
    view.replaceChildren(h("h1", {}, "ClipNET did not start"), h("p", {}, error.message));
    if (error instanceof TypeError) dispatchEvent(new Event("clipnet:incomplete")); // what fetch says without a network
  },
);
