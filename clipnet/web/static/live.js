// What is shown while things move: a loop that asks again, and words for states and steps.

import { h } from "./dom.js";

const STEPS = {
  fetch: "Fetching the video", probe: "Reading the video", polish: "Cutting and polishing", "ffmpeg:polish": "Cutting and polishing",
  transcribe: "Writing the transcript", whisper: "Writing the transcript", "whisper:batch": "Writing the transcript", score: "Scoring", "ml:score": "Scoring",
  upload: "Uploading to Cloudinary", tag: "Choosing title and tags", ready: "Ready", "clip:process": "Preparing",
  "post:youtube": "Posting to YouTube", "post:tiktok": "Posting to TikTok", "clipbot:post": "Answering in the channel", "clipbot:notify": "Notifying",
};

export function stepWords(step) {
  return STEPS[step] || step || "";
}

export function stateBadge(clip) {
  const words = { queued: "Waiting", processing: stepWords(clip.step) || "In progress", ready: "Ready", failed: "Failed" };
  return h("span", { class: `badge ${clip.state}` }, words[clip.state] || clip.state);
}

// Calls `load` every second while it says that something is moving, else every five.
export function repeat(load, { onError }) {
  let timer = null;
  let stopped = false;
  let lastError = "";

  async function run() {
    clearTimeout(timer);
    let wait = 5000;
    try {
      if (await load()) wait = 1000;
      lastError = "";
    } catch (error) {
      if (!stopped && error.message !== lastError) onError(error);
      lastError = error.message;
    }
    if (!stopped) timer = setTimeout(run, wait);
  }

  run();
  return { now: run, stop: () => { stopped = true; clearTimeout(timer); } };
}
