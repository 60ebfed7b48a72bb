// One clip: player, transcript that follows the video, scores, tags, votes, posts, history.

import { call } from "./api.js";
import { h, length, NAMES, nameOf, toast, when } from "./dom.js";
import { repeat, stateBadge, stepWords } from "./live.js";

export function clipView(view, { match, user, onStop }) {
  const id = match[1];
  const parts = { head: h("div"), stage: h("div", { class: "stage" }), words: h("section", { class: "card" }), side: h("div", { class: "side" }), history: h("section", { class: "card" }) };
  let shown = {};
  view.append(parts.head, h("div", { class: "columns" }, h("div", {}, parts.stage), h("div", { class: "middle" }, parts.words, parts.history), parts.side));

  // Redraws a part only when what it shows has changed, so that a playing video is left alone.
  function redraw(name, value, draw) {
    const fingerprint = JSON.stringify(value);
    if (shown[name] === fingerprint) return;
    shown[name] = fingerprint;
    parts[name].replaceChildren(...[draw(value)].flat().filter(Boolean));
  }

  async function load() {
    let clip;
    try {
      clip = await call("GET", `/v1/clips/${id}`);
    } catch (error) {
      if (error.status !== 404) throw error;
      live.stop();
      view.replaceChildren(h("h1", {}, "No such clip"), h("p", {}, "It may have been deleted. ", h("a", { href: "#/" }, "All clips")));
      return false;
    }
    const timeline = (await call("GET", `/v1/clips/${id}/timeline`)).items;
    const isOwner = !clip.owner || clip.owner.id === user.id || user.role === "admin";
    redraw("head", [nameOf(clip), clip.description, clip.state, clip.step, clip.progress, clip.error_detail, clip.owner, clip.created_at, isOwner], () => head(clip, isOwner));
    redraw("stage", [clip.video_url, clip.poster_url, clip.state], () => stage(clip));
    redraw("words", [clip.segments, clip.transcript, clip.state], () => transcript(clip));
    redraw("side", [clip.scores, clip.tags, clip.votes, clip.posts, clip.state, isOwner], () => side(clip, isOwner));
    redraw("history", timeline, () => history(timeline));
    const posting = (clip.posts || []).some((post) => post.state === "queued" || post.state === "posting");
    return clip.state === "queued" || clip.state === "processing" || posting;
  }

  async function act(text, action) {
    try {
      await action();
      if (text) toast(text);
      await live.now();
    } catch (error) {
      toast(error.message, "error");
    }
  }

  function head(clip, isOwner) {
    const owner = clip.owner ? `by ${clip.owner.name}` : "by ClipBOT";
    return [
      h("div", { class: "bar" },
        h("h1", {}, nameOf(clip)), stateBadge(clip),
        h("span", { class: "quiet" }, `${owner}, ${when(clip.created_at)}`), h("span", { class: "grow" }),
        isOwner && clip.state === "failed" ? h("button", { class: "button", type: "button", onclick: () => act("Trying again", () => call("POST", `/v1/clips/${id}/retry`)) }, "Try again") : null,
        isOwner ? h("button", { class: "button quiet", type: "button", onclick: remove }, "Delete") : null),
      clip.description ? h("p", {}, clip.description) : null,
      clip.state === "failed" ? h("p", { class: "problem", role: "alert" }, clip.error_detail || "This clip could not be made.") : null,
      clip.state === "queued" || clip.state === "processing"
        ? h("div", { class: "row" }, h("progress", { max: 100, value: clip.progress || 0, "aria-label": "Progress" }), h("span", { class: "quiet" }, `${stepWords(clip.step) || "Waiting for the worker"}… ${clip.progress || 0} %`))
        : null,
    ];
  }

  async function remove() {
    if (!confirm("Delete this clip and its video?")) return;
    try {
      await call("DELETE", `/v1/clips/${id}`);
      location.hash = "#/";
    } catch (error) {
      toast(error.message, "error");
    }
  }

  function stage(clip) {
    if (clip.video_url) {
      const video = h("video", { id: "player", src: clip.video_url, poster: clip.poster_url, controls: true, playsInline: true, preload: "metadata" });
      video.addEventListener("timeupdate", () => follow(video.currentTime));
      return video;
    }
    return h("div", { class: "blank tall" }, clip.state === "failed" ? "No video" : "The video appears here");
  }

  function follow(time) {
    for (const word of parts.words.querySelectorAll("[data-start]")) {
      word.classList.toggle("on", time >= Number(word.dataset.start) && time < Number(word.dataset.end));
    }
  }

  function jump(seconds) {
    const video = parts.stage.querySelector("video");
    if (!video) return;
    video.currentTime = seconds;
    video.play().catch(() => {});
  }

  function spoken(word) {
    return h("span", { class: "word", "data-start": word.start_s, "data-end": word.end_s, onclick: () => jump(word.start_s) }, word.word.trim() + " ");
  }

  function transcript(clip) {
    const segments = clip.segments || [];
    const body = segments.length
      ? segments.map((segment) => h("p", { class: "segment" },
          h("button", { class: "time link", type: "button", onclick: () => jump(segment.start_s) }, length(segment.start_s)),
          (segment.words || []).length ? segment.words.map(spoken) : spoken({ word: segment.text, start_s: segment.start_s, end_s: segment.end_s })))
      : h("p", { class: "quiet" }, { ready: "Nothing is said in this clip.", failed: "No transcript." }[clip.state] || "The transcript appears here.");
    return [h("h2", {}, "Transcript"), body].flat();
  }

  function side(clip, isOwner) {
    return [scores(clip), votes(clip), posts(clip, isOwner)];
  }

  function scores(clip) {
    const all = clip.scores;
    const bar = (name, value) => h("div", { class: "meter" }, h("span", {}, name), h("meter", { min: 0, max: 1, value }), h("span", {}, Math.round(value * 100)));
    return h("section", { class: "card" }, h("h2", {}, "Score"),
      all ? [h("div", { class: "total" }, h("b", {}, Math.round(all.total)), h("span", { class: "quiet" }, " of 100")),
        ["motion", "speech", "visual", "relevance"].filter((name) => all[name] !== null && all[name] !== undefined).map((name) => bar(name, all[name]))]
        : h("p", { class: "quiet" }, "Not scored yet."),
      h("div", { class: "tags" }, (clip.tags || []).map((tag) => h("span", { class: "tag" }, `#${tag}`))));
  }

  function votes(clip) {
    const count = clip.votes || { up: 0, down: 0, mine: null };
    const vote = (value) => act("", () => count.mine === value ? call("DELETE", `/v1/clips/${id}/vote`) : call("PUT", `/v1/clips/${id}/vote`, { value }));
    const button = (value, sign, number) => h("button", { type: "button", class: count.mine === value ? "vote on" : "vote", "aria-pressed": String(count.mine === value),
      "aria-label": value > 0 ? "Vote up" : "Vote down", onclick: () => vote(value) }, `${sign} ${number}`);
    return h("section", { class: "card" }, h("h2", {}, "Votes"), h("div", { class: "row" }, button(1, "▲", count.up), button(-1, "▼", count.down)));
  }

  function posts(clip, isOwner) {
    const all = clip.posts || [];
    const words = { queued: "waiting", posting: "posting…", posted: "posted", failed: "failed", delayed: "waiting for the platform" };
    const row = (post) => h("li", {},
      h("b", {}, NAMES[post.platform] || post.platform), " ", h("span", { class: `badge ${post.state}` }, words[post.state] || post.state), " ",
      post.url ? h("a", { href: post.url, target: "_blank", rel: "noreferrer" }, "open") : null,
      post.error ? h("p", { class: "problem small" }, post.error) : null);
    const canPost = (platform) => !all.some((post) => post.platform === platform && post.state !== "failed");
    return h("section", { class: "card" }, h("h2", {}, "Posts"),
      all.length ? h("ul", { class: "plain" }, all.map(row)) : h("p", { class: "quiet" }, "Not posted anywhere."),
      isOwner && clip.state === "ready" ? h("div", { class: "row" }, ["youtube", "tiktok"].filter(canPost).map((platform) =>
        h("button", { class: "button small", type: "button", onclick: () => act(`Posting to ${NAMES[platform]}`, () => call("POST", `/v1/clips/${id}/publish`, { platforms: [platform] })) }, `Post to ${NAMES[platform]}`))) : null);
  }

  function history(timeline) {
    const row = (step) => h("li", { class: step.state },
      h("span", { class: "step" }, stepWords(step.step)), step.attempt > 1 ? h("span", { class: "quiet" }, ` attempt ${step.attempt}`) : null,
      h("span", { class: "grow" }), h("span", { class: "quiet" }, step.duration_ms === null || step.duration_ms === undefined ? step.state : `${Math.round(step.duration_ms)} ms`),
      step.error ? h("p", { class: "problem small" }, step.error) : null);
    return [h("h2", {}, "History"), timeline.length ? h("ol", { class: "plain history" }, timeline.map(row)) : h("p", { class: "quiet" }, "Nothing has happened yet.")];
  }

  const live = repeat(load, { onError: (error) => toast(error.message, "error") });
  onStop(live.stop);
}
