// Log in, sign up, or come in through a provider.

import { call, url } from "./api.js";
import { h, NAMES } from "./dom.js";

export function loginView(view, { config, query }) {
  let isNew = false;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const name = h("input", { name: "name", autocomplete: "name", required: true, maxLength: 100 });
  const nameRow = h("label", { hidden: true }, "Your name", name);
  const email = h("input", { name: "email", type: "email", autocomplete: "email", required: true });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true, minLength: 8 });
  const submit = h("button", { class: "button", type: "submit" }, "Log in");
  const title = h("h1", {}, "Log in");
  const toggle = h("button", { class: "link", type: "button", onclick: () => choose(!isNew) }, "New here? Sign up");

  function choose(value) {
    isNew = value;
    nameRow.hidden = !isNew;
    name.disabled = !isNew;
    password.autocomplete = isNew ? "new-password" : "current-password";
    title.textContent = submit.textContent = isNew ? "Sign up" : "Log in";
    toggle.textContent = isNew ? "Have an account? Log in" : "New here? Sign up";
  }

  function complain(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  async function send(event) {
    event.preventDefault();
    complain("");
    submit.disabled = true;
    try {
      const body = { email: email.value, password: password.value };
      if (isNew) await call("POST", "/v1/users", { ...body, name: name.value });
      else await call("POST", "/v1/session", body);
      dispatchEvent(new Event("clipnet:login"));
    } catch (error) {
      complain(error.message);
    } finally {
      submit.disabled = false;
    }
  }

  view.append(
    h("section", { class: "card narrow" },
      title,
      problem,
      h("form", { class: "stack", onsubmit: send }, nameRow, h("label", {}, "Email", email), h("label", {}, "Password", password), submit),
      toggle,
      h("p", { class: "or" }, "or"),
      h("div", { class: "providers" }, config.providers.map((provider) =>
        h("a", { class: `button provider ${provider}`, href: url(`/v1/oauth/${provider}/start?next=/`) }, `Continue with ${NAMES[provider] || provider}`))),
    ),
  );
  choose(false);
  complain(query.get("error") || "");
  email.focus();
}
