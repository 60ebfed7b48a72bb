// All clips, newest first, with their live state.

import { call } from "./api.js";
import { h, length, nameOf, toast, when } from "./dom.js";
import { repeat, stateBadge } from "./live.js";

const FILTERS = [["", "All"], ["ready", "Ready"], ["processing", "In progress"], ["failed", "Failed"]];
const PAGE = 24;

export function listView(view, { onStop, query }) {
  let state = query.get("state") || "";
  let mine = query.get("mine") === "1";
  let pages = 1;
  let cursor = null;
  const cards = new Map();

  const grid = h("div", { class: "grid", id: "clips" });
  const empty = h("div", { class: "empty", hidden: true }, h("p", {}, "No clips here yet."), h("a", { class: "button", href: "#/upload" }, "Make the first clip"));
  const more = h("button", { class: "button quiet", type: "button", hidden: true, onclick: () => { pages += 1; live.now(); } }, "Show more");
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": "Show" });
  const mineBox = h("input", { type: "checkbox", checked: mine, onchange: () => { mine = mineBox.checked; pages = 1; live.now(); } });

  function drawTabs() {
    tabs.replaceChildren(...FILTERS.map(([value, text]) =>
      h("button", { type: "button", class: value === state ? "tab on" : "tab", "aria-pressed": String(value === state),
        onclick: () => { state = value; pages = 1; drawTabs(); live.now(); } }, text)));
  }

  async function load() {
    const items = [];
    cursor = null;
    for (let page = 0; page < pages; page += 1) {
      const part = new URLSearchParams({ limit: String(PAGE) });
      if (state) part.set("state", state);
      if (mine) part.set("mine", "1");
      if (cursor) part.set("cursor", cursor);
      const answer = await call("GET", `/v1/clips?${part}`);
      items.push(...answer.items);
      cursor = answer.next_cursor;
      if (!cursor) break;
    }
    draw(items);
    return items.some((clip) => clip.state === "queued" || clip.state === "processing");
  }

  function draw(items) {
    const seen = new Set(items.map((clip) => clip.id));
    for (const [id, card] of cards) if (!seen.has(id)) { card.remove(); cards.delete(id); }
    items.forEach((clip, position) => {
      const fingerprint = JSON.stringify([clip.state, clip.step, clip.progress, clip.title, clip.poster_url, clip.score, clip.votes]);
      let card = cards.get(clip.id);
      if (!card || card.dataset.fingerprint !== fingerprint) {
        const fresh = clipCard(clip);
        fresh.dataset.fingerprint = fingerprint;
        if (card) card.replaceWith(fresh);
        cards.set(clip.id, fresh);
        card = fresh;
      }
      if (grid.children[position] !== card) grid.insertBefore(card, grid.children[position] || null);
    });
    empty.hidden = items.length > 0;
    more.hidden = !cursor;
  }

  view.append(
    h("div", { class: "bar" }, h("h1", {}, "Clips"), tabs, h("label", { class: "check" }, mineBox, "Only mine")),
    grid, empty, more,
  );
  drawTabs();
  const live = repeat(load, { onError: (error) => toast(error.message, "error") });
  onStop(live.stop);
}

function clipCard(clip) {
  const picture = clip.poster_url
    ? h("img", { src: clip.poster_url, alt: "", loading: "lazy" })
    : h("div", { class: "blank" }, clip.state === "failed" ? "⚠" : "…");
  return h("a", { class: "clip card", href: `#/clips/${clip.id}` },
    h("div", { class: "frame" }, picture, clip.duration_s ? h("span", { class: "length" }, length(clip.duration_s)) : null,
      clip.score !== null && clip.score !== undefined ? h("span", { class: "score", title: "Score out of 100" }, Math.round(clip.score)) : null),
    h("div", { class: "body" },
      h("strong", {}, nameOf(clip)),
      h("div", { class: "row" }, stateBadge(clip), h("span", { class: "quiet" }, when(clip.created_at))),
      clip.state === "processing" || clip.state === "queued" ? h("progress", { max: 100, value: clip.progress || 0 }) : null));
}
