import type { Metadata } from "next";
import Link from "next/link";
import { CartLine } from "@/components/cart-line";
import { CouponForm } from "@/components/coupon-form";
import { Empty } from "@/components/empty";
import { Summary } from "@/components/summary";
import { formatMoney, toAmount, toCents } from "@/money";
import { FREE_SHIPPING_FROM } from "@/rules";
import { cart as readCart, type Cart } from "@/server/cart";
import { recentOrder } from "@/server/orders";

export const metadata: Metadata = { title: "Cart" };

export default async function CartPage() {
  const cart = await readCart();
  return (
    <div className="wrap pt-8">
      <h1 className="mb-6">Cart</h1>
      {cart.lines.length ? (
        <div className="items-start gap-8 lg:grid lg:grid-cols-[minmax(0,1fr)_22rem]">
          <ul className="panel divide-y divide-line py-0 sm:py-0">
            {cart.lines.map((line) => (
              <li key={line.product.id}>
                <CartLine line={line} />
              </li>
            ))}
          </ul>
          <OrderBox cart={cart} />
        </div>
      ) : (
        <EmptyCart />
      )}
    </div>
  );
}

/** The cart may be empty because another tab has ordered it. */
async function EmptyCart() {
  const number = await recentOrder();
  return (
    <Empty
      title="Your cart is empty."
      text="What you add to the cart is kept here for 60 days."
      href="/"
      action="Look around"
    >
      {number && (
        <p className="mt-4">
          You have just placed{" "}
          <Link href={`/orders/${number}`} className="link">
            order {number}
          </Link>
          .
        </p>
      )}
    </Empty>
  );
}

function OrderBox({ cart: { lines, totals, coupon, couponProblem } }: { cart: Cart }) {
  const isReady = lines.every(({ isAvailable }) => isAvailable);
  return (
    <section aria-labelledby="summary" className="panel mt-6 space-y-5 lg:sticky lg:top-24 lg:mt-0">
      <h2 id="summary">Summary</h2>
      <Summary amounts={totals} coupon={coupon} />
      <FreeDelivery totals={totals} />
      <CouponForm coupon={coupon} problem={couponProblem} />
      {isReady ? (
        <Link href="/checkout" className="button-primary w-full">
          Go to checkout
        </Link>
      ) : (
        <p className="text-sm font-medium text-bad">Some products are not available in this quantity.</p>
      )}
    </section>
  );
}

function FreeDelivery({ totals }: { totals: Cart["totals"] }) {
  if (toCents(totals.shipping) === 0) return null;
  const missing = toCents(FREE_SHIPPING_FROM) - (toCents(totals.subtotal) - toCents(totals.discount));
  return (
    <p className="rounded-lg bg-accent-pale px-3 py-2 text-sm text-accent-dark">
      Add {formatMoney(toAmount(missing))} for free delivery.
    </p>
  );
}
