import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { CheckoutForm } from "@/components/checkout-form";
import { CouponForm } from "@/components/coupon-form";
import { ItemList } from "@/components/item-list";
import { Summary } from "@/components/summary";
import { checkout } from "@/server/checkout";
import { TrackCheckoutStart } from "@/track/views";

export const metadata: Metadata = { title: "Checkout", robots: { index: false } };

export default async function CheckoutPage() {
  const { cart, user, addresses, idempotencyKey } = await checkout();
  if (!cart.lines.length) redirect("/cart");
  const { lines, totals, coupon, couponProblem } = cart;
  const items = lines.map(({ product, quantity, unitPrice }) => ({
    ...product,
    productId: product.id,
    quantity,
    price: unitPrice,
  }));
  return (
    <div className="wrap pt-8">
      <TrackCheckoutStart totals={totals} lines={lines} />
      <h1 className="mb-6">Checkout</h1>
      <CheckoutForm
        user={user && { email: user.email, name: user.name }}
        addresses={addresses}
        idempotencyKey={idempotencyKey}
        total={totals.total}
        currency={totals.currency}
        isReady={lines.every(({ isAvailable }) => isAvailable)}
        summary={
          <>
            <ItemList items={items} currency={totals.currency} />
            <CouponForm coupon={coupon} problem={couponProblem} />
            <Summary amounts={totals} coupon={coupon} />
          </>
        }
      />
    </div>
  );
}
