// Optional parts, kept out of the main script: one function per shop event, the total of an order, scroll depth.

import { cleanUrl } from "./event.js";
import type { Fields, Order, OrderItem, Product } from "./types.js";

/** A receiver of calls: the tracker, or the array that stores calls until the tracker has loaded. */
export interface Calls {
  push(...calls: ["track", string, Fields][]): unknown;
}

export interface Shop {
  homeView(): void;
  categoryView(category: string): void;
  productView(product: Product): void;
  search(term: string, results?: number): void;
  addToCart(product: Product, quantity?: number): void;
  removeFromCart(product: Product, quantity?: number): void;
  toggleWishlist(product: Product, isOn: boolean): void;
  share(product: Product, channel?: string): void;
  openLogin(): void;
  loginSuccess(): void;
  logout(): void;
  startCheckout(order: Order): void;
  completeCheckout(order: Order): void;
  refundOrder(order: Order): void;
}

/** Return one function per shop event; each tracks the event under the name that the metrics use. */
export function shop(calls: Calls): Shop {
  const track = (name: string, fields: Fields = {}) => void calls.push(["track", name, fields]);
  return {
    homeView: () => track("home_view"),
    categoryView: (category) => track("category_view", { properties: { category } }),
    productView: (product) => track("product_view", { product }),
    search: (term, results) => track("search", { search: { term, results } }),
    addToCart: (product, quantity = 1) => track("add_to_cart_click", { product, properties: { quantity } }),
    removeFromCart: (product, quantity = 1) => track("remove_from_cart_click", { product, properties: { quantity } }),
    toggleWishlist: (product, isOn) => track("wishlist_toggle", { product, properties: { isOn } }),
    share: (product, channel) => track("share_click", { product, properties: { channel } }),
    openLogin: () => track("login_open"),
    loginSuccess: () => track("login_success"),
    logout: () => track("logout"),
    startCheckout: (order) => track("checkout_start", { order }),
    completeCheckout: (order) => track("checkout_complete", { order }),
    refundOrder: (order) => track("order_refunded", { order }),
  };
}

/** Return an order with these items. The total is the sum of price times quantity, exact to four decimals. */
export function orderOf(id: string, items: OrderItem[], currency?: string): Order {
  const total = items.reduce((sum, { price = 0, quantity = 1 }) => sum + Math.round(+price * 10_000) * quantity, 0);
  return { id, items, total: (total / 10_000).toFixed(4), ...(currency && { currency }) };
}

/** Track `scroll` when the visitor reaches 25, 50, 75 and 100 % of a page, each once per page. */
export function watchScroll(calls: Calls): void {
  let page = "";
  let depth = 0;
  addEventListener(
    "scroll",
    () => {
      const current = cleanUrl(location.href);
      if (page !== current) depth = 0;
      page = current;
      const seen = Math.floor(((scrollY + innerHeight + 1) / document.documentElement.scrollHeight) * 4) * 25;
      if (seen > depth) calls.push(["track", "scroll", { properties: { depth: (depth = seen) } }]);
    },
    { passive: true },
  );
}
