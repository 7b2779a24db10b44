// Sign in, sign up, forgotten password: the pages that a visitor sees between leaving the shop and coming back.
//
// Every request must belong to a sign-in that this browser began (oidc-provider's cookie), and every POST must come from
// the provider's own pages. Unknown address and wrong password have the same answer.

import { randomInt, timingSafeEqual } from "node:crypto";
import { limiter } from "./attempts.mjs";
import { escape, formOf, sendPage } from "./pages.mjs";

const QUARTER_HOUR_MS = 900_000;
const MAX_FAILURES = 5;
const MIN_PASSWORD = 10;
const MAX_BODY_BYTES = 10_000;
const EMAIL = /^[^\s@]{1,100}@[^\s@]+\.[^\s@]{2,}$/;
const TOO_MANY = "Too many attempts. Try again in 15 minutes.";

/** Return the handler of all paths below /interaction/. */
export function createForms({ provider, settings, users, records }) {
  const context = {
    provider,
    users,
    records,
    failures: limiter(MAX_FAILURES, QUARTER_HOUR_MS),
    mails: limiter(MAX_FAILURES, QUARTER_HOUR_MS),
    codes: new Map(), // e-mail address -> { code, expiresAt }, of forgotten passwords
  };
  const origin = new URL(settings.issuer).origin;
  const actions = { "": signIn, "sign-up": signUp, forgot, reset };

  return async function answer(request, response, path) {
    const [, , uid, page = ""] = path.split("/");
    const action = Object.hasOwn(actions, page) ? actions[page] : null;
    const details = await provider.interactionDetails(request, response).catch(() => null);
    if (!action || details?.uid !== uid) return sendPage(response, EXPIRED, 404);
    const base = `/interaction/${uid}`;
    const show = (values, state) => sendForm(response, { page, base, values, shopOrigin: settings.shopOrigin, ...state });
    if (request.method === "GET") return show(Object.fromEntries(new URL(request.url, origin).searchParams), {});
    if (request.method !== "POST" || request.headers.origin !== origin) return sendPage(response, EXPIRED, 403);
    const form = await readForm(request);
    const values = Object.fromEntries(["name", "email", "password", "code"].map((name) => [name, form.get(name) ?? ""]));
    return action({ ...context, request, response, base, show: (state) => show(values, state) }, values);
  };
}

/** Send the browser back to the shop, signed in. */
function finish({ provider, request, response }, user) {
  return provider.interactionFinished(request, response, { login: { accountId: user.id } });
}

async function signIn(exchange, { email, password }) {
  const { failures, users, request, show } = exchange;
  const key = `${request.socket.remoteAddress} ${email.toLowerCase()}`;
  if (failures.isBlocked(key)) return show({ problem: TOO_MANY });
  failures.fail(key); // counted before the check, so that attempts at the same time count too
  const user = await users.check(email, password);
  if (!user) return show({ problem: "The e-mail address or the password is wrong." });
  failures.clear(key);
  return finish(exchange, user);
}

async function signUp(exchange, values) {
  const { users, show } = exchange;
  const problems = {};
  if (!values.name.trim()) problems.name = "Enter your name.";
  if (!EMAIL.test(values.email)) problems.email = "Enter an e-mail address such as name@example.com.";
  if (values.password.length < MIN_PASSWORD) problems.password = `Use at least ${MIN_PASSWORD} characters.`;
  if (Object.keys(problems).length) return show({ problems });
  const user = await users.add(values);
  if (!user) return show({ problems: { email: "This address has an account already. Sign in instead." } });
  return finish(exchange, user);
}

async function forgot({ users, mails, codes, response, base }, { email }) {
  const user = users.find(email);
  if (user && !mails.isBlocked(user.email)) {
    mails.fail(user.email);
    const code = String(randomInt(1_000_000)).padStart(6, "0");
    codes.set(user.email, { code, expiresAt: Date.now() + QUARTER_HOUR_MS });
    console.log(`code for ${user.email}: ${code}`); // there is no mail here: the log is the mailbox
  }
  response.writeHead(303, { Location: `${base}/reset?${new URLSearchParams({ email })}`, "Cache-Control": "no-store" }).end();
}

async function reset(exchange, { email, code, password }) {
  const { users, records, failures, codes, show } = exchange;
  const user = users.find(email);
  const key = `reset ${email.toLowerCase()}`;
  if (failures.isBlocked(key)) return show({ problem: TOO_MANY });
  if (password.length < MIN_PASSWORD) return show({ problems: { password: `Use at least ${MIN_PASSWORD} characters.` } });
  failures.fail(key);
  if (!user || !isSame(codes.get(user.email), code.trim())) return show({ problems: { code: "This code is wrong or too old." } });
  codes.delete(user.email);
  await users.changePassword(user, password);
  records.forgetUser(user.id);
  failures.clear(key);
  return finish(exchange, user);
}

const EXPIRED = { title: "This page has expired", body: "<p>Go back to the shop and sign in again.</p>" };

function isSame(known, code) {
  if (!known || known.expiresAt < Date.now() || !/^\d{6}$/.test(code)) return false;
  return timingSafeEqual(Buffer.from(known.code), Buffer.from(code));
}

async function readForm(request) {
  const parts = [];
  let size_bytes = 0;
  for await (const part of request) {
    size_bytes += part.length;
    if (size_bytes > MAX_BODY_BYTES) throw new Error("the form is too large");
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}

function sendForm(response, { page, base, values, shopOrigin, problem = "", problems = {} }) {
  const email = { name: "email", label: "E-mail address", type: "email", autocomplete: "username", value: values.email ?? "" };
  const password = { name: "password", label: "Password", type: "password", autocomplete: "current-password" };
  const newPassword = {
    ...password, autocomplete: "new-password", hint: `At least ${MIN_PASSWORD} characters.`, extra: `minlength="${MIN_PASSWORD}"`,
  };
  const link = (to, text) => `<a href="${escape(base + to)}">${escape(text)}</a>`;
  const forms = {
    "": {
      title: "Sign in", lead: "Welcome back to the shop.", button: "Sign in", fields: [email, password],
      footer: link("/sign-up", "Create an account") + link("/forgot", "Forgotten password?"),
    },
    "sign-up": {
      title: "Create an account", lead: "Save your addresses and follow your orders.", button: "Create account",
      fields: [{ name: "name", label: "Name", autocomplete: "name", value: values.name ?? "" }, email, newPassword],
      footer: link("", "I have an account"),
    },
    forgot: {
      title: "Forgotten password", lead: "We send a code to your e-mail address.", button: "Send code", fields: [email],
      footer: link("", "Back to sign in"),
    },
    reset: {
      title: "Set a new password", lead: "If the address has an account, a code is on its way. It is valid for 15 minutes.",
      button: "Set password",
      fields: [
        email,
        { name: "code", label: "Code", autocomplete: "one-time-code", extra: 'inputmode="numeric" maxlength="6"' },
        newPassword,
      ],
      footer: link("/forgot", "Send another code") + link("", "Back to sign in"),
    },
  };
  const { title, lead, button, fields, footer } = forms[page];
  const shown = fields.map((each) => ({ ...each, problem: problems[each.name] ?? "" }));
  const body = formOf({ action: page ? `${base}/${page}` : base, fields: shown, button, problem });
  const isProblem = problem || Object.keys(problems).length;
  sendPage(response, { title, lead, body, footer, shopOrigin }, isProblem ? 422 : 200);
}
