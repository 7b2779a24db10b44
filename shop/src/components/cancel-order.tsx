"use client";

// Cancels an order after a second click, because that cannot be undone.

import { useActionState, useState } from "react";
import { cancelOrder } from "@/app/actions";
import { EMPTY } from "@/form";
import { FormMessage } from "./form-message";

export function CancelOrder({ number, canCancel }: { number: string; canCancel: boolean }) {
  const [state, action, isPending] = useActionState(cancelOrder, EMPTY);
  const [isAsking, ask] = useState(false);
  return (
    <div className="space-y-3">
      <FormMessage state={state} />
      {canCancel && !isAsking && (
        <button type="button" onClick={() => ask(true)} className="button">
          Cancel this order
        </button>
      )}
      {canCancel && isAsking && (
        <form action={action} className="panel flex flex-wrap items-center gap-3">
          <p className="mr-auto font-medium">Cancel order {number}? The full amount is refunded.</p>
          <input type="hidden" name="number" value={number} />
          <button type="button" onClick={() => ask(false)} className="button">
            Keep it
          </button>
          <button type="submit" disabled={isPending} className="button border-bad text-bad">
            Yes, cancel it
          </button>
        </form>
      )}
    </div>
  );
}
