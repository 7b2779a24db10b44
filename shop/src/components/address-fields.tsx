// The fields of an address, for checkout and account, with what browsers need to fill them in.

import type { FormState } from "@/form";
import { COUNTRIES } from "@/rules";
import type { Address } from "@/server/addresses";
import { Field, FieldError } from "./field";

export function AddressFields({
  address,
  fullName,
  state,
  idPrefix = "",
}: {
  address?: Address;
  /** For a new address. */
  fullName?: string;
  state: FormState;
  idPrefix?: string;
}) {
  const common = { state, idPrefix };
  const country = state.values.country ?? address?.country ?? "";
  const id = `${idPrefix}country`;
  return (
    <div className="grid gap-4 sm:grid-cols-6">
      <Field
        {...common}
        name="fullName"
        label="Full name"
        autoComplete="name"
        required
        maxLength={200}
        defaultValue={address?.fullName ?? fullName}
        className="sm:col-span-6"
      />
      <Field
        {...common}
        name="line1"
        label="Street and number"
        autoComplete="address-line1"
        required
        maxLength={200}
        defaultValue={address?.line1}
        className="sm:col-span-6"
      />
      <Field
        {...common}
        name="line2"
        label="Flat, floor, company"
        autoComplete="address-line2"
        maxLength={200}
        defaultValue={address?.line2}
        className="sm:col-span-6"
      />
      <Field
        {...common}
        name="postalCode"
        label="Postal code"
        autoComplete="postal-code"
        required
        maxLength={20}
        defaultValue={address?.postalCode}
        className="sm:col-span-2"
      />
      <Field
        {...common}
        name="city"
        label="City"
        autoComplete="address-level2"
        required
        maxLength={100}
        defaultValue={address?.city}
        className="sm:col-span-4"
      />
      <div className="sm:col-span-3">
        <label htmlFor={id} className="mb-1 block text-sm font-medium">
          Country
        </label>
        <select
          key={country}
          id={id}
          name="country"
          autoComplete="country"
          required
          defaultValue={country}
          aria-invalid={state.errors.country ? true : undefined}
          aria-describedby={state.errors.country ? `${id}-error` : undefined}
          className="input"
        >
          <option value="">Choose a country</option>
          {COUNTRIES.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
        <FieldError id={`${id}-error`} error={state.errors.country} />
      </div>
      <Field
        {...common}
        name="phone"
        label="Phone"
        type="tel"
        autoComplete="tel"
        maxLength={40}
        defaultValue={address?.phone}
        className="sm:col-span-3"
      />
    </div>
  );
}
