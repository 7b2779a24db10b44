"use server";

// What the shop's forms do. Every action takes a form and returns what its page shows; it checks on the server whose
// cart, order or address it is. Next.js compares the Origin of the request with the host before it runs an action.

import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { EMPTY, type FormState } from "../form.ts";
import { insertAddress, readAddress, removeAddress, updateAddress } from "../server/addresses.ts";
import { cartOwner } from "../server/cart.ts";
import { addItem, ensureCart, findCart, setItem } from "../server/cart-store.ts";
import { explainRefusal, readOrderRequest } from "../server/checkout.ts";
import { DAY_S, dropCookie, isUuid, writeCookie } from "../server/cookies.ts";
import { findCoupon } from "../server/coupons.ts";
import { db, inTransaction, storable } from "../server/db.ts";
import { cancel, rememberGuestOrder } from "../server/orders.ts";
import { placeOrder as place } from "../server/place-order.ts";
import { currentUser } from "../server/session.ts";
import { ensureWishlist, toggleItem } from "../server/wishlist-store.ts";
import { wishOwner } from "../server/wishlist.ts";

const CART_DAYS = 60;

/** Report a success, and let the page and the header show what has changed. */
function done(message: string): FormState {
  refresh();
  return { ...EMPTY, ok: true, message };
}

const failed = (message: string): FormState => ({ ...EMPTY, message });
const textOf = (form: FormData, name: string) => storable(String(form.get(name) ?? "")).slice(0, 1_000);

function quantityOf(form: FormData): number {
  const text = textOf(form, "quantity") || "1";
  return /^\d{1,3}$/.test(text) ? Number(text) : 1;
}

export async function addToCart(_state: FormState, form: FormData): Promise<FormState> {
  const owner = await cartOwner();
  const wanted = Math.max(1, quantityOf(form));
  const { cartId, quantity } = await inTransaction(db(), async (query) => {
    const id = await ensureCart(query, owner);
    return { cartId: id, quantity: await addItem(query, id, textOf(form, "product"), wanted) };
  });
  if (!("userId" in owner)) await writeCookie("cart", cartId, CART_DAYS * DAY_S);
  return quantity ? done(`In your cart: ${quantity}.`) : failed("This product is out of stock.");
}

export async function setQuantity(_state: FormState, form: FormData): Promise<FormState> {
  const cartId = await findCart(db(), await cartOwner());
  if (cartId) await setItem(db(), cartId, textOf(form, "product"), quantityOf(form));
  return done("The cart has been updated.");
}

export async function removeFromCart(_state: FormState, form: FormData): Promise<FormState> {
  const cartId = await findCart(db(), await cartOwner());
  if (cartId) await setItem(db(), cartId, textOf(form, "product"), 0);
  return done("The product has been removed.");
}

export async function toggleWish(_state: FormState, form: FormData): Promise<FormState> {
  const owner = await wishOwner();
  const { wishlistId, isWished } = await inTransaction(db(), async (query) => {
    const id = await ensureWishlist(query, owner);
    return { wishlistId: id, isWished: await toggleItem(query, id, textOf(form, "product")) };
  });
  if (!("userId" in owner)) await writeCookie("wishlist", wishlistId, CART_DAYS * DAY_S);
  return done(isWished ? "Added to your wishlist." : "Removed from your wishlist.");
}

export async function applyCoupon(_state: FormState, form: FormData): Promise<FormState> {
  const code = textOf(form, "coupon").trim();
  if (!code) {
    await dropCookie("coupon");
    return done("The code has been removed.");
  }
  const coupon = await findCoupon(db(), code);
  if (!coupon) return { ...EMPTY, errors: { coupon: "This code is not valid." }, values: { coupon: code } };
  await writeCookie("coupon", coupon.code, DAY_S);
  return done(`The code ${coupon.code} has been applied.`);
}

export async function placeOrder(_state: FormState, form: FormData): Promise<FormState> {
  const errors: Record<string, string> = {};
  const request = await readOrderRequest(form, errors);
  if (Object.keys(errors).length) return { ok: false, message: "Check the marked fields.", errors, values: valuesOf(form) };
  const result = await place(db(), request);
  if (!result.ok) {
    refresh(); // the next attempt starts from today's prices and stock
    return { ok: false, message: explainRefusal(result), errors: {}, values: valuesOf(form) };
  }
  if (!request.userId) await rememberGuestOrder(result.id);
  else if (form.get("saveAddress")) await insertAddress(db(), request.userId, request.shipTo);
  await dropCookie("coupon");
  redirect(`/orders/${result.number}/confirmation`);
}

export async function cancelOrder(_state: FormState, form: FormData): Promise<FormState> {
  const isCancelled = await cancel(textOf(form, "number"));
  return isCancelled ? done("The order has been cancelled.") : failed("This order cannot be cancelled any more.");
}

export async function saveAddress(_state: FormState, form: FormData): Promise<FormState> {
  const user = await currentUser();
  if (!user) return failed("Sign in to save addresses.");
  const errors: Record<string, string> = {};
  const address = readAddress(form, errors);
  if (Object.keys(errors).length) return { ok: false, message: "Check the marked fields.", errors, values: valuesOf(form) };
  const id = textOf(form, "id");
  if (isUuid(id)) await updateAddress(db(), user.id, id, address);
  else await insertAddress(db(), user.id, address);
  return done("The address has been saved.");
}

export async function deleteAddress(_state: FormState, form: FormData): Promise<FormState> {
  const user = await currentUser();
  const id = textOf(form, "id");
  if (user && isUuid(id)) await removeAddress(db(), user.id, id);
  return done("The address has been removed.");
}

/** The fields that the page shows again; those that React and the page add are left out. */
function valuesOf(form: FormData): Record<string, string> {
  const hidden = ["idempotencyKey", "expectedTotal", "clientId", "sessionId"];
  const entries = [...form].filter(([name, value]) => typeof value === "string" && !name.startsWith("$") && !hidden.includes(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
