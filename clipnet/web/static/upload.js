// A new clip: from a file, with progress, or from an address.

import { call, upload } from "./api.js";
import { h, toast } from "./dom.js";

export function uploadView(view, { onStop }) {
  let file = null;
  let running = null;
  let last = { wish: "", key: "" };

  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const chooser = h("input", { type: "file", name: "file", accept: "video/*", class: "hidden", onchange: () => choose(chooser.files[0]) });
  const chosen = h("span", {}, "Drop a video here, or choose one");
  const drop = h("label", { class: "drop", ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); choose(event.dataTransfer.files[0]); } }, chooser, chosen);
  const address = h("input", { name: "url", type: "url", placeholder: "http://…/video.mp4" });
  const title = h("input", { name: "title", maxLength: 200, placeholder: "Found from what is said, if left empty" });
  const from = h("input", { name: "start_s", type: "number", min: 0, step: 0.1, placeholder: "best part" });
  const to = h("input", { name: "end_s", type: "number", min: 0, step: 0.1, placeholder: "best part" });
  const youtube = h("input", { type: "checkbox", name: "youtube" });
  const tiktok = h("input", { type: "checkbox", name: "tiktok" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Upload" });
  const percent = h("span", { class: "quiet" });
  const submit = h("button", { class: "button", type: "submit" }, "Make the clip");

  function choose(picked) {
    file = picked || null;
    chosen.textContent = file ? `${file.name} (${(file.size / 1e6).toFixed(1)} MB)` : "Drop a video here, or choose one";
  }

  function complain(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  function wishes() {
    const publish = [youtube.checked && "youtube", tiktok.checked && "tiktok"].filter(Boolean);
    const all = { title: title.value.trim(), start_s: from.value, end_s: to.value };
    return [Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "")), publish];
  }

  // The same wish keeps its key, so that sending it again after an error makes one clip.
  function keyOf(wish) {
    if (wish !== last.wish) last = { wish, key: Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(16)).join("-") };
    return last.key;
  }

  async function send(event) {
    event.preventDefault();
    complain("");
    if (!file && !address.value) return complain("Choose a video file, or give its address.");
    if (from.value && to.value && Number(to.value) <= Number(from.value)) return complain("The end must come after the start.");
    submit.disabled = true;
    try {
      const clip = file ? await sendFile() : await sendAddress();
      location.hash = `#/clips/${clip.id}`;
    } catch (error) {
      complain(error.message);
    } finally {
      submit.disabled = false;
      bar.hidden = true;
      percent.textContent = "";
    }
  }

  async function sendFile() {
    const [fields, publish] = wishes();
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    if (publish.length) form.append("publish_to", publish.join(","));
    form.append("file", file);
    bar.hidden = false;
    running = upload("/v1/clips", form, (share) => {
      bar.value = share;
      percent.textContent = `${Math.round(share * 100)} %`;
    }, keyOf(JSON.stringify([file.name, file.size, file.lastModified, fields, publish])));
    return running.done;
  }

  async function sendAddress() {
    const [fields, publish] = wishes();
    const body = { url: address.value, ...fields, publish_to: publish };
    for (const name of ["start_s", "end_s"]) if (name in body) body[name] = Number(body[name]);
    return call("POST", "/v1/clips", body, { "Idempotency-Key": keyOf(JSON.stringify(body)) });
  }

  view.append(
    h("section", { class: "card wide" },
      h("h1", {}, "New clip"), problem,
      h("form", { class: "stack", onsubmit: send },
        drop,
        h("label", {}, "or its address", address),
        h("label", {}, "Title", title),
        h("div", { class: "pair" }, h("label", {}, "From (s)", from), h("label", {}, "To (s)", to)),
        h("fieldset", {}, h("legend", {}, "When ready, post to"),
          h("label", { class: "check" }, youtube, "YouTube"), h("label", { class: "check" }, tiktok, "TikTok"),
          h("p", { class: "quiet" }, "Needs a linked account: see ", h("a", { href: "#/account" }, "your account"), ".")),
        h("div", { class: "row" }, submit, bar, percent))));
  onStop(() => { if (running) running.cancel(); });
  if (!window.isSecureContext) toast("This page is not in a secure context.");
}
