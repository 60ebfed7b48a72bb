// The one way to the API. Every failure is an Error whose message can be shown to a person.

let base = "";

export function connect(url) {
  base = url;
}

export function url(path) {
  return base + path;
}

export class ApiError extends Error {
  constructor(status, problem) {
    super(words(problem) || `The API answered ${status}.`);
    this.status = status;
    this.code = problem.code;
    this.problem = problem;
  }
}

// "The title. The detail", without saying the same twice.
function words({ title = "", detail = "" }) {
  if (!title || !detail || detail.startsWith(title)) return detail || title;
  return `${title.replace(/[.!]$/, "")}. ${detail}`;
}

export async function call(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(base + path, {
      method,
      credentials: "include",
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, { title: "The API cannot be reached. Is the stack running?" });
  }
  const text = await answer.text();
  const parsed = text ? parse(text) : null;
  if (!answer.ok) throw new ApiError(answer.status, parsed || {});
  return parsed;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { title: "The API sent an answer that is not JSON." };
  }
}

// Uploads with progress (0..1); fetch cannot report it.
export function upload(path, form, onProgress, idempotencyKey) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", base + path);
    request.withCredentials = true;
    request.setRequestHeader("Idempotency-Key", idempotencyKey);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const parsed = request.responseText ? parse(request.responseText) : {};
      if (request.status >= 200 && request.status < 300) resolve(parsed);
      else reject(new ApiError(request.status, parsed));
    });
    request.addEventListener("error", () => reject(new ApiError(0, { title: "The upload was cut off. Please try again." })));
    request.addEventListener("abort", () => reject(new ApiError(0, { title: "The upload was cancelled." })));
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
