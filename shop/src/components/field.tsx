// A labelled field with its error beside it.

import type { InputHTMLAttributes } from "react";
import type { FormState } from "@/form";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  name: string;
  label: string;
  state: FormState;
  idPrefix?: string;
}

export function Field({ name, label, state, idPrefix = "", defaultValue, className = "", ...more }: Props) {
  const id = idPrefix + name;
  const error = state.errors[name];
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
        {!more.required && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      <input
        {...more}
        id={id}
        name={name}
        defaultValue={state.values[name] ?? defaultValue}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        className="input"
      />
      <FieldError id={`${id}-error`} error={error} />
    </div>
  );
}

export function FieldError({ id, error }: { id: string; error?: string }) {
  return error ? (
    <p id={id} className="mt-1 text-sm font-medium text-bad">
      {error}
    </p>
  ) : null;
}
