// Fills and sends the shop's forms as a browser does without scripts.

import assert from "node:assert/strict";
import type { Browser, Page } from "./browser.ts";

const ADDRESS = { fullName: "Ada Example", line1: "Main Street 1", line2: "", city: "Vienna", postalCode: "1010", country: "AT", phone: "" };

/** Send the page's form that has a field of this name. */
export async function submitForm(browser: Browser, page: Page, field: string, values: Record<string, string>): Promise<Page> {
  const form = [...page.html.matchAll(/<form[\s\S]*?<\/form>/g)].map(([html]) => html).find((html) => html.includes(`name="${field}"`));
  assert.ok(form, `no form with ${field} at ${page.url.href}`);
  const data = new FormData();
  for (const [input] of form.matchAll(/<input type="hidden"[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name) data.set(name, (/value="([^"]*)"/.exec(input)?.[1] ?? "").replaceAll("&quot;", '"'));
  }
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return browser.open(page.url, data);
}

/** Put one piece of a product into the browser's cart. */
export async function addToCart(browser: Browser, shop: string, productId: string): Promise<void> {
  const page = await browser.open(`${shop}/products/${productId}`);
  await submitForm(browser, page, "product", { product: productId, quantity: "1" });
}

/** Send a checkout page's form. */
export async function order(browser: Browser, checkout: Page, changes: Record<string, string> = {}): Promise<Page> {
  const values = { ...ADDRESS, email: "ada@example.com", paymentMethod: "pay_on_delivery", ...changes };
  return submitForm(browser, checkout, "idempotencyKey", values);
}

/** Return the number of the order that a page confirms, null if it confirms none. */
export function confirmedNumber(page: Page): string | null {
  return /^\/orders\/(CS-\d+)\/confirmation$/.exec(page.url.pathname)?.[1] ?? null;
}
