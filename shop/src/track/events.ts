// One function for each event of the shop. Names and fields are those of the event contract (docs/guide/http-api.md).

import type { CartLine, Totals } from "../server/cart.ts";
import type { ProductCard } from "../server/catalogue.ts";
import type { CompletedOrder } from "../server/orders.ts";
import { forgetUser, track, type TrackedProduct } from "./tracker.ts";

function tracked(product: ProductCard): TrackedProduct {
  return {
    id: product.id,
    name: product.name,
    category: product.category.name,
    brand: product.brand.name,
    price: product.price,
    ...(product.discountPrice ? { discountPrice: product.discountPrice } : {}),
    currency: product.currency,
    urlPath: `/products/${product.id}`,
  };
}

export function trackHome(): void {
  track("home_view");
}

export function trackCategory(category: { id: string; name: string }): void {
  track("category_view", { properties: { category: category.name, categoryId: category.id } });
}

/** stock: the number left, 0 for a product that is out of stock. */
export function trackProduct(product: ProductCard): void {
  track("product_view", { product: tracked(product), properties: { stock: product.stock } });
}

export function trackSearch(term: string, results: number): void {
  track("search", { search: { term, results } });
}

export function trackAddToCart(product: ProductCard, quantity: number): void {
  track("add_to_cart_click", { product: tracked(product), properties: { quantity } });
}

export function trackRemoveFromCart(product: ProductCard): void {
  track("remove_from_cart_click", { product: tracked(product) });
}

/** isWished: whether the product is on the wishlist after the click. */
export function trackWish(product: ProductCard, isWished: boolean): void {
  track("wishlist_toggle", { product: tracked(product), properties: { isWished } });
}

export function trackShare(product: ProductCard, method: string): void {
  track("share_click", { product: tracked(product), properties: { method } });
}

export function trackLoginOpen(): void {
  track("login_open");
}

export function trackLoginSuccess(): void {
  track("login_success");
}

/** Track the end of the user's session, then forget the user. */
export function trackLogout(): void {
  track("logout");
  forgetUser();
}

export function trackCheckoutStart(totals: Totals, lines: CartLine[]): void {
  const items = lines.map(({ product, unitPrice, quantity }) => {
    const { id, name, category, brand } = tracked(product);
    return { id, name, category, brand, price: unitPrice, quantity };
  });
  track("checkout_start", { order: { total: totals.total, currency: totals.currency, items } });
}

const COMPLETED = "cs_completed";
const MAX_COMPLETED = 20;

/** Track an order once in this browser. Its event id depends on the order alone, so that it counts once in any case. */
export function trackCheckoutComplete({ eventId, order }: CompletedOrder): void {
  const known = (readCompleted() ?? "").split(" ");
  if (known.includes(order.id)) return;
  if (track("checkout_complete", { eventId, order })) writeCompleted([order.id, ...known].slice(0, MAX_COMPLETED).join(" "));
}

function readCompleted(): string | null {
  try {
    return localStorage.getItem(COMPLETED);
  } catch {
    return null; // storage is blocked
  }
}

function writeCompleted(value: string): void {
  try {
    localStorage.setItem(COMPLETED, value);
  } catch {} // the event id still keeps the order from counting twice
}
