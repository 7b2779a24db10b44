// The provider's pages: one card with a form. Text is escaped where it is put into HTML; pages run no script but the one
// that confirms a sign-out.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const style = readFileSync(new URL("style.css", import.meta.url));
const BRAND = "Click<span>Steam</span>";
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

/**
 * Return a page as HTML and headers. body and footer: HTML. shopOrigin: a form of this page ends there, after redirects.
 * nonce: of the one script in the body.
 */
export function pageOf({ title, lead = "", body = "", footer = "", shopOrigin = "", nonce = "" }) {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<p class="brand">${BRAND}</p>
<h1>${escape(title)}</h1>
${lead ? `<p class="lead">${escape(lead)}</p>` : ""}
${body}
${footer ? `<footer>${footer}</footer>` : ""}
</main>
</body>
</html>`;
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `form-action 'self' ${shopOrigin}`.trim(),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(nonce ? [`script-src 'nonce-${nonce}'`] : []),
  ];
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
  };
  return { html, headers };
}

export function sendPage(response, page, status = 200) {
  const { html, headers } = pageOf(page);
  response.writeHead(status, headers).end(html);
}

export function sendStyle(response) {
  response.writeHead(200, { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600" }).end(style);
}

/** Return a labelled input; a problem is shown beside it, and announced with it. */
export function field({ name, label, type = "text", autocomplete, value = "", problem = "", hint = "", extra = "" }) {
  const notes = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(" ");
  return `<div class="field">
<label for="${name}">${escape(label)}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" value="${escape(value)}" required
 ${notes ? `aria-describedby="${notes}"` : ""} ${problem ? 'aria-invalid="true"' : ""} ${extra}>
${hint ? `<p class="hint" id="${name}-hint">${escape(hint)}</p>` : ""}
${problem ? `<p class="problem" id="${name}-problem">${escape(problem)}</p>` : ""}
</div>`;
}

/** Return a form with one button. problem: of the form as a whole. */
export function formOf({ action, fields, button, problem = "" }) {
  return `${problem ? `<p class="alert" role="alert">${escape(problem)}</p>` : ""}
<form method="post" action="${escape(action)}">
${fields.map(field).join("\n")}
<button type="submit">${escape(button)}</button>
</form>`;
}

/** Return the page that confirms a sign-out automatically; without scripts, by its button. form: oidc-provider's HTML. */
export function logoutPage(form, shopOrigin) {
  const nonce = randomBytes(16).toString("base64");
  const body = `${form.replace("</form>", '<input type="hidden" name="logout" value="yes"><button type="submit">Sign out</button></form>')}
<script nonce="${nonce}">document.forms[0].submit();</script>`;
  return pageOf({ title: "Signing out", body, shopOrigin, nonce });
}
