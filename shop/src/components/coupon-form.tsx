"use client";

// Applies a coupon code to the cart, or removes it.

import { useActionState, useEffect, useRef } from "react";
import { applyCoupon } from "@/app/actions";
import { EMPTY } from "@/form";

export function CouponForm({ coupon, problem }: { coupon: string | null; problem: string | null }) {
  const [state, action, isPending] = useActionState(applyCoupon, EMPTY);
  const error = state.errors.coupon ?? problem;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // The button that was pressed is gone, or the code must be corrected.
    if (state !== EMPTY) form.current?.querySelector<HTMLElement>("input:not([type=hidden]), button")?.focus();
  }, [state, coupon]);
  if (coupon) {
    return (
      <form ref={form} action={action} className="flex flex-wrap items-center justify-between gap-2 text-sm">
        <p className="min-w-0 wrap-anywhere">
          Code <strong>{coupon}</strong>
        </p>
        <input type="hidden" name="coupon" value="" />
        <button type="submit" disabled={isPending} className="link min-h-9">
          Remove code
        </button>
        {problem && (
          <p role="status" className="w-full font-medium text-bad">
            {problem}
          </p>
        )}
      </form>
    );
  }
  return (
    <form ref={form} action={action}>
      <label htmlFor="coupon" className="text-sm font-medium">
        Coupon code
      </label>
      <div className="mt-1 flex gap-2">
        <input
          id="coupon"
          name="coupon"
          maxLength={40}
          autoComplete="off"
          autoCapitalize="characters"
          required
          defaultValue={state.values.coupon}
          aria-invalid={error ? true : undefined}
          aria-describedby="coupon-error"
          className="input uppercase"
        />
        <button type="submit" disabled={isPending} className="button">
          Apply
        </button>
      </div>
      <p id="coupon-error" role="status" className="text-sm font-medium text-bad">
        {error}
      </p>
    </form>
  );
}
