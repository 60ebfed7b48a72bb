// The account: profile, linked providers, tokens for programs.

import { call, url } from "./api.js";
import { h, NAMES, toast, when } from "./dom.js";

export function accountView(view, { config, user, query }) {
  const linked = h("div");
  const tokens = h("div");
  const fresh = h("p", { class: "secret", hidden: true });
  const name = h("input", { name: "name", value: user.name, required: true, maxLength: 100 });
  const tokenName = h("input", { name: "token", placeholder: "What is it for?", required: true, maxLength: 100 });

  async function safely(action) {
    try {
      await action();
    } catch (error) {
      toast(error.message, "error");
    }
  }

  async function drawLinked() {
    const accounts = (await call("GET", "/v1/oauth/accounts")).items;
    linked.replaceChildren(h("ul", { class: "plain" }, config.providers.map((provider) => {
      const account = accounts.find((one) => one.provider === provider);
      const isLost = account && account.state === "revoked";
      return h("li", { class: "row" }, h("b", {}, NAMES[provider] || provider),
        account ? h("span", {}, account.display_name || account.login) : h("span", { class: "quiet" }, "not linked"),
        isLost ? h("span", { class: "badge failed" }, "access was withdrawn") : null, h("span", { class: "grow" }),
        !account || isLost ? h("a", { class: "button small", href: url(`/v1/oauth/${provider}/start?link=1&next=/%23/account`) }, isLost ? "Reconnect" : "Link") : null,
        account ? h("button", { class: "button small quiet", type: "button", onclick: () => safely(async () => { await call("DELETE", `/v1/oauth/${provider}`); await drawLinked(); }) }, "Unlink") : null);
    })));
  }

  async function drawTokens() {
    const all = (await call("GET", "/v1/tokens")).items;
    tokens.replaceChildren(h("ul", { class: "plain" }, all.map((token) => h("li", { class: "row" },
      h("b", {}, token.name), h("span", { class: "quiet" }, token.last_used_at ? `used ${when(token.last_used_at)}` : "never used"), h("span", { class: "grow" }),
      h("button", { class: "button small quiet", type: "button", onclick: () => safely(async () => { await call("DELETE", `/v1/tokens/${token.id}`); await drawTokens(); }) }, "Revoke")))));
  }

  view.append(
    h("h1", {}, "Your account"),
    query.get("error") ? h("p", { class: "problem", role: "alert" }, query.get("error")) : "",
    h("section", { class: "card" }, h("h2", {}, "Profile"), h("p", { class: "quiet" }, user.email || ""),
      h("form", { class: "row", onsubmit: (event) => { event.preventDefault(); safely(async () => { await call("PATCH", "/v1/me", { name: name.value }); toast("Saved"); }); } },
        h("label", {}, "Name", name), h("button", { class: "button small", type: "submit" }, "Save"))),
    h("section", { class: "card" }, h("h2", {}, "Linked accounts"), h("p", { class: "quiet" }, "Clips are posted to YouTube through Google, and to TikTok."), linked),
    h("section", { class: "card" }, h("h2", {}, "Tokens for programs"), fresh, tokens,
      h("form", { class: "row", onsubmit: (event) => { event.preventDefault(); safely(async () => {
        const made = await call("POST", "/v1/tokens", { name: tokenName.value });
        fresh.textContent = `Copy it now, it is shown only once: ${made.token}`;
        fresh.hidden = false;
        tokenName.value = "";
        await drawTokens();
      }); } }, tokenName, h("button", { class: "button small", type: "submit" }, "New token"))));
  safely(drawLinked);
  safely(drawTokens);
}
