"use client";

// The addresses of the account: add, change, remove.

import { useActionState, useEffect, useState } from "react";
import { deleteAddress, saveAddress } from "@/app/actions";
import { EMPTY } from "@/form";
import { COUNTRIES } from "@/rules";
import type { Address } from "@/server/addresses";
import { AddressFields } from "./address-fields";
import { FormMessage } from "./form-message";

export function AddressBook({ addresses }: { addresses: Address[] }) {
  const [edited, edit] = useState<string | null>(null);
  return (
    <div className="space-y-4">
      {addresses.length === 0 && edited === null && <p className="text-muted">You have not saved an address yet.</p>}
      <ul className="grid gap-4 sm:grid-cols-2">
        {addresses.map((address) => (
          <li key={address.id} className={`panel ${edited === address.id ? "sm:col-span-2" : ""}`}>
            {edited === address.id ? (
              <AddressForm address={address} onDone={() => edit(null)} />
            ) : (
              <AddressCard address={address} onEdit={() => edit(address.id)} />
            )}
          </li>
        ))}
      </ul>
      {edited === "new" ? (
        <div className="panel">
          <AddressForm onDone={() => edit(null)} />
        </div>
      ) : (
        <button type="button" onClick={() => edit("new")} className="button">
          Add an address
        </button>
      )}
    </div>
  );
}

function AddressCard({ address, onEdit }: { address: Address; onEdit: () => void }) {
  const [, remove, isPending] = useActionState(deleteAddress, EMPTY);
  const { id, fullName, line1, line2, postalCode, city, country, phone } = address;
  const name = COUNTRIES.find(({ code }) => code === country)?.name ?? country;
  return (
    <>
      <address className="text-sm wrap-anywhere not-italic">
        <strong className="block">{fullName}</strong>
        {[line1, line2, `${postalCode} ${city}`, name, phone].filter(Boolean).map((line) => (
          <span key={line} className="block">
            {line}
          </span>
        ))}
      </address>
      <div className="mt-3 flex gap-4">
        <button
          type="button"
          onClick={onEdit}
          aria-label={`Change the address in ${city}`}
          className="link min-h-9 text-sm"
        >
          Change
        </button>
        <form action={remove}>
          <input type="hidden" name="id" value={id} />
          <button
            type="submit"
            disabled={isPending}
            aria-label={`Remove the address in ${city}`}
            className="link min-h-9 text-sm"
          >
            Remove
          </button>
        </form>
      </div>
    </>
  );
}

function AddressForm({ address, onDone }: { address?: Address; onDone: () => void }) {
  const [state, action, isPending] = useActionState(saveAddress, EMPTY);
  useEffect(() => {
    if (state.ok) onDone();
  }, [state]);
  return (
    <form action={action} noValidate className="space-y-4">
      {address && <input type="hidden" name="id" value={address.id} />}
      <AddressFields address={address} state={state} idPrefix={address?.id ?? "new-"} />
      <FormMessage state={state} />
      <div className="flex gap-3">
        <button type="submit" disabled={isPending} className="button-primary">
          Save address
        </button>
        <button type="button" onClick={onDone} className="button min-h-12">
          Back
        </button>
      </div>
    </form>
  );
}
