// What a form's action answered, announced to screen readers. `children` follow a success.

import type { ReactNode } from "react";
import type { FormState } from "@/form";
import { CheckIcon } from "./icons";

export function FormMessage({ state, children }: { state: FormState; children?: ReactNode }) {
  return (
    <div role="status">
      {state.message && (
        <p
          className={`flex items-center gap-2 rounded-lg px-4 py-3 text-sm font-medium ${state.ok ? "bg-emerald-50 text-good" : "bg-red-50 text-bad"}`}
        >
          {state.ok && <CheckIcon className="size-5 shrink-0" />}
          <span>
            {state.message} {state.ok && children}
          </span>
        </p>
      )}
    </div>
  );
}
