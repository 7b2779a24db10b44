"use client";

// The checkout: contact, delivery, payment. The button that sends the form stands in the summary beside it.

import Link from "next/link";
import { useActionState, useEffect, useRef, useState, type ReactNode } from "react";
import { placeOrder } from "@/app/actions";
import { EMPTY, type FormState } from "@/form";
import { formatMoney } from "@/money";
import type { Address } from "@/server/addresses";
import { TrackerIds } from "@/track/views";
import { AddressFields } from "./address-fields";
import { Field, FieldError } from "./field";
import { FormMessage } from "./form-message";

interface Props {
  user: { email: string; name: string } | null;
  addresses: Address[];
  idempotencyKey: string;
  total: string;
  currency: string;
  isReady: boolean;
  /** Lines, amounts and coupon, from the server. */
  summary: ReactNode;
}

const FORM = "checkout";

export function CheckoutForm({ user, addresses, idempotencyKey, total, currency, isReady, summary }: Props) {
  const [state, action, isPending] = useActionState(placeOrder, EMPTY);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [state]);
  return (
    <div className="items-start gap-8 lg:grid lg:grid-cols-[minmax(0,1fr)_24rem]">
      <div>
        <form ref={form} id={FORM} action={action} noValidate className="space-y-6">
          <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
          <input type="hidden" name="expectedTotal" value={total} />
          <TrackerIds />
          <Contact user={user} state={state} />
          <Delivery user={user} addresses={addresses} state={state} />
          <Payment state={state} />
        </form>
        <a
          href="#your-order"
          className="sticky bottom-0 -mx-4 mt-6 flex min-h-12 items-center justify-between border-t border-line bg-white px-4 text-sm font-semibold tabular-nums lg:hidden"
        >
          <span>Total {formatMoney(total, currency)}</span>
          <span className="link">Show the order</span>
        </a>
      </div>
      <section id="your-order" aria-labelledby="summary" className="panel mt-6 space-y-5 lg:sticky lg:top-24 lg:mt-0">
        <h2 id="summary">Your order</h2>
        {summary}
        <FormMessage state={state} />
        <button type="submit" form={FORM} disabled={isPending || !isReady} className="button-primary w-full">
          {isPending ? "Placing your order …" : `Place order, ${formatMoney(total, currency)}`}
        </button>
        {!isReady && (
          <p className="text-sm font-medium text-bad">
            Some products are not available in this quantity.{" "}
            <Link href="/cart" className="link">
              Change the cart
            </Link>
          </p>
        )}
      </section>
    </div>
  );
}

function Contact({ user, state }: { user: Props["user"]; state: FormState }) {
  return (
    <fieldset className="panel min-w-0">
      <legend className="float-left mb-4 w-full text-xl font-semibold">Contact</legend>
      <div className="clear-both">
        <Field
          name="email"
          label="E-mail"
          type="email"
          autoComplete="email"
          inputMode="email"
          required
          maxLength={200}
          state={state}
          defaultValue={user?.email}
        />
        {!user && (
          <p className="mt-3 text-sm text-muted">
            Have an account?{" "}
            <Link href="/sign-in?return=/checkout" className="link">
              Sign in
            </Link>{" "}
            to use your addresses. You can also order as a guest.
          </p>
        )}
      </div>
    </fieldset>
  );
}

function Delivery({ user, addresses, state }: Pick<Props, "user" | "addresses"> & { state: FormState }) {
  const [chosen, choose] = useState(addresses[0]?.id ?? "");
  const address = addresses.find(({ id }) => id === chosen);
  return (
    <fieldset className="panel min-w-0">
      <legend className="float-left mb-4 w-full text-xl font-semibold">Delivery address</legend>
      <div className="clear-both space-y-4">
        {addresses.length > 0 && (
          <div>
            <label htmlFor="saved" className="mb-1 block text-sm font-medium">
              Saved addresses
            </label>
            <select id="saved" value={chosen} onChange={(event) => choose(event.target.value)} className="input">
              {addresses.map(({ id, fullName, line1, city }) => (
                <option key={id} value={id}>{`${fullName}, ${line1}, ${city}`}</option>
              ))}
              <option value="">Another address</option>
            </select>
          </div>
        )}
        <AddressFields key={chosen} address={address} fullName={user?.name} state={state} />
        {user && !chosen && (
          <label className="flex min-h-9 items-center gap-2.5 text-sm">
            <input type="checkbox" name="saveAddress" value="1" defaultChecked className="size-4.5" />
            Save this address in my account
          </label>
        )}
      </div>
    </fieldset>
  );
}

const METHODS = [
  { id: "test_card", name: "Test card", text: "For trying out the shop: no card details, no money." },
  { id: "pay_on_delivery", name: "Pay on delivery", text: "Pay the courier in cash or by card." },
];

function Payment({ state }: { state: FormState }) {
  const chosen = state.values.paymentMethod ?? "test_card";
  return (
    <fieldset className="panel min-w-0" aria-describedby={state.errors.paymentMethod ? "paymentMethod-error" : undefined}>
      <legend className="float-left mb-4 w-full text-xl font-semibold">Payment</legend>
      <div className="clear-both grid gap-3 sm:grid-cols-2">
        {METHODS.map(({ id, name, text }) => (
          <label
            key={id}
            className="flex cursor-pointer gap-3 rounded-xl border border-gray-300 p-4 has-checked:border-accent has-checked:bg-accent-pale"
          >
            <input
              key={chosen}
              type="radio"
              name="paymentMethod"
              value={id}
              defaultChecked={chosen === id}
              className="mt-1 size-4.5 shrink-0"
            />
            <span>
              <span className="block font-semibold">{name}</span>
              <span className="text-sm text-muted">{text}</span>
            </span>
          </label>
        ))}
      </div>
      <FieldError id="paymentMethod-error" error={state.errors.paymentMethod} />
    </fieldset>
  );
}
