// The smallest API that fulfils docs/contract.md: /health, /ready, /metrics, and a route that makes clips.
// It writes the clip's row, puts `clip:process` into the queue, and the stack's worker does the rest.

import { randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Queue } from "bullmq";
import pg from "pg";

const { DATABASE_URL, REDIS_URL, APP_ENV, APP_VERSION = "0.0.0", SOURCE_HOSTS = "" } = process.env;
const database = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
const redis = new URL(REDIS_URL);
const queue = new Queue("clipnet", { connection: { host: redis.hostname, port: Number(redis.port) } });
const counts = { requests: 0, clips: 0 };
queue.on("error", (error) => log("error", "queue", { error: error.message }));
database.on("error", (error) => log("error", "database", { error: error.message }));

const routes = {
  "GET /health": async () => [200, { status: "ok", environment: APP_ENV, version: APP_VERSION, banner: APP_ENV === "staging" ? "STAGING" : null }],
  "GET /ready": async () => {
    await database.query("SELECT 1 FROM clips LIMIT 1");
    await (await queue.client).ping();
    return [200, { status: "ready" }];
  },
  "GET /version": async () => [200, { version: APP_VERSION }],
  "GET /metrics": async () => [200, `http_requests_total ${counts.requests}\nclips_created_total ${counts.clips}\n`],
  "POST /v1/clips": createClip,
};

async function createClip(request) {
  const { url, title = null } = JSON.parse(await text(request));
  if (!SOURCE_HOSTS.split(",").includes(new URL(url).hostname)) return [422, { title: "this host is not allowed", status: 422 }];
  const clip = { id: randomUUID(), trace: randomBytes(16).toString("hex") };
  await database.query(
    `INSERT INTO clips (id, title, description, state, progress, source_kind, source_url, publish_to, attempt, trace_id, created_at, updated_at)
     VALUES ($1, $2, '', 'queued', 0, 'url', $3, '{}', 1, $4, now(), now())`,
    [clip.id, title, url, clip.trace],
  );
  const traceparent = `00-${clip.trace}-${randomBytes(8).toString("hex")}-01`;
  await queue.add("clip:process", { clip: clip.id }, { jobId: `${clip.id}-clip_process`, attempts: 3, priority: 50,
    backoff: { type: "exponential", delay: 2000 }, telemetry: { metadata: JSON.stringify({ traceparent }) } });
  counts.clips += 1;
  return [201, { id: clip.id, state: "queued" }];
}

async function text(stream) {
  let all = "";
  for await (const part of stream.setEncoding("utf8")) all += part;
  return all;
}

function log(level, event, fields = {}) {
  console.log(JSON.stringify({ ts: new Date().toISOString(), level, event, service: "api", ...fields }));
}

const server = createServer(async (request, response) => {
  counts.requests += 1;
  const route = routes[`${request.method} ${request.url.split("?")[0]}`];
  let status = 404;
  let body = { title: "Not Found", status };
  try {
    if (route) [status, body] = await route(request);
  } catch (error) {
    [status, body] = [503, { title: "Service Unavailable", status: 503, detail: error.message }];
  }
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain; version=0.0.4" : "application/json" });
  response.end(isText ? body : JSON.stringify(body));
});

server.listen(Number(process.env.PORT), process.env.HOST, () => log("info", "listening", { port: process.env.PORT }));
process.on("SIGTERM", async () => {
  server.close();
  await Promise.allSettled([queue.close(), database.end()]);
  process.exit(0);
});
