// The checkout page's data, and the check of its form.

import "server-only";
import { randomUUID } from "node:crypto";
import { PAYMENT_METHODS, type PaymentMethod } from "../rules.ts";
import { addresses, readAddress, type Address } from "./addresses.ts";
import { cart, cartOwner, type Cart } from "./cart.ts";
import { readConsent } from "./consent.ts";
import { isUuid, readCookie } from "./cookies.ts";
import { storable } from "./db.ts";
import type { OrderRequest, OrderResult } from "./place-order.ts";
import { currentUser, type User } from "./session.ts";
import { formatMoney } from "../money.ts";

export interface Checkout {
  cart: Cart;
  user: User | null;
  addresses: Address[];
  idempotencyKey: string;
}

export async function checkout(): Promise<Checkout> {
  return { cart: await cart(), user: await currentUser(), addresses: await addresses(), idempotencyKey: randomUUID() };
}

/** Read the checkout form. Problems are added to `errors` by field; with problems the request must not be used. */
export async function readOrderRequest(form: FormData, errors: Record<string, string>): Promise<OrderRequest> {
  const text = (name: string) => storable(String(form.get(name) ?? "")).trim();
  const user = await currentUser();
  const email = text("email") || (user?.email ?? "");
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 200) errors.email = "Enter an e-mail address such as name@example.com.";
  const paymentMethod = PAYMENT_METHODS.find((method) => method === text("paymentMethod"));
  if (!paymentMethod) errors.paymentMethod = "Choose how you want to pay.";
  const key = text("idempotencyKey");
  return {
    idempotencyKey: isUuid(key) ? key : randomUUID(),
    owner: await cartOwner(),
    userId: user?.id ?? null,
    email,
    shipTo: readAddress(form, errors),
    paymentMethod: paymentMethod as PaymentMethod,
    couponCode: await readCookie("coupon"),
    expectedTotal: text("expectedTotal"),
    visitor: await readVisitor(text, user),
  };
}

async function readVisitor(text: (name: string) => string, user: User | null): Promise<OrderRequest["visitor"]> {
  if ((await readConsent()) !== "granted") return null;
  const idOf = (name: string) => (/^[\w-]{8,64}$/.test(text(name)) ? text(name) : null);
  return { clientId: idOf("clientId"), sessionId: idOf("sessionId"), userId: user?.subject ?? null };
}

/** Explain to the customer why an order was refused. */
export function explainRefusal({ problem, detail }: Extract<OrderResult, { ok: false }>): string {
  switch (problem) {
    case "empty":
      return "Your cart is empty. If you have just ordered, the order is in your account.";
    case "sold-out":
      return `There is not enough of ${detail} left. Change the quantity in your cart.`;
    case "coupon":
      return `The code ${detail} is not valid any more. Remove it in your cart to continue.`;
    case "price":
      return `A price has changed: the total is now ${formatMoney(detail)}. Check the summary and order again.`;
  }
}
