"use client";

// The filters of a list. They are a plain GET form; with JavaScript each change applies at once.

import { useRouter } from "next/navigation";
import { useId, useRef } from "react";
import { toCents } from "@/money";
import type { Counted, ListQuery } from "@/server/catalogue";
import { CloseIcon, FilterIcon } from "./icons";
import { filterCount, formHref, listHref, type ListPlace } from "./listing-url";

interface Props {
  place: ListPlace;
  query: ListQuery;
  choices: { brands: Counted[]; categories: Counted[]; minPrice: string; maxPrice: string };
}

export function Filters({ place, query, choices }: Props) {
  const router = useRouter();
  const id = useId();
  const apply = (form: HTMLFormElement) => router.push(formHref(place.path, form), { scroll: false });
  return (
    <form
      action={place.path}
      onSubmit={(event) => {
        event.preventDefault();
        apply(event.currentTarget);
      }}
      onChange={(event) => {
        if (event.target instanceof HTMLInputElement && event.target.type === "checkbox") apply(event.currentTarget);
      }}
      className="space-y-6"
    >
      {place.term && <input type="hidden" name="q" value={place.term} />}
      {query.sort !== "popular" && <input type="hidden" name="sort" value={query.sort} />}
      <fieldset>
        <legend className="mb-1 font-semibold">Availability</legend>
        <Choice name="stock" value="1" label="In stock" isChecked={query.inStock} />
        <Choice name="sale" value="1" label="On sale" isChecked={query.onSale} />
      </fieldset>
      <ChoiceList legend="Category" name="category" choices={choices.categories} checked={query.categories} />
      <ChoiceList legend="Brand" name="brand" choices={choices.brands} checked={query.brands} />
      <fieldset>
        <legend className="mb-2 font-semibold">Price in €</legend>
        <div className="flex items-end gap-2">
          <PriceField
            id={`${id}-min`}
            name="min"
            label="From"
            value={query.minPrice}
            hint={wholeEuros(choices.minPrice)}
          />
          <PriceField
            id={`${id}-max`}
            name="max"
            label="Up to"
            value={query.maxPrice}
            hint={wholeEuros(choices.maxPrice, 99)}
          />
        </div>
        <button type="submit" className="button mt-3 w-full">
          Apply price
        </button>
      </fieldset>
    </form>
  );
}

/** Whole euros, rounded down, or up when `rounding` cents are added. */
const wholeEuros = (amount: string, rounding = 0) => String(Math.floor((toCents(amount) + rounding) / 100));

function ChoiceList({
  legend,
  name,
  choices,
  checked,
}: {
  legend: string;
  name: string;
  choices: Counted[];
  checked: string[];
}) {
  if (choices.length < 2 && !checked.length) return null;
  return (
    <fieldset>
      <legend className="mb-1 font-semibold">{legend}</legend>
      {choices.map(({ id, name: label, count }) => (
        <Choice key={id} name={name} value={id} label={label} count={count} isChecked={checked.includes(id)} />
      ))}
    </fieldset>
  );
}

function Choice({
  name,
  value,
  label,
  count,
  isChecked,
}: {
  name: string;
  value: string;
  label: string;
  count?: number;
  isChecked: boolean;
}) {
  return (
    <label className="flex min-h-9 cursor-pointer items-center gap-2.5 text-sm hover:text-accent-dark">
      <input type="checkbox" name={name} value={value} defaultChecked={isChecked} className="size-4.5" />
      {label}
      {count !== undefined && (
        <span aria-hidden="true" className="ml-auto text-muted tabular-nums">
          {count}
        </span>
      )}
    </label>
  );
}

function PriceField({
  id,
  name,
  label,
  value,
  hint,
}: {
  id: string;
  name: string;
  label: string;
  value: string | null;
  hint: string;
}) {
  return (
    <div className="min-w-0 flex-1">
      <label htmlFor={id} className="text-sm text-muted">
        {label}
      </label>
      <input
        id={id}
        name={name}
        type="number"
        min="0"
        max="9999999"
        step="1"
        inputMode="numeric"
        defaultValue={value ?? ""}
        placeholder={hint}
        className="input placeholder:text-gray-500"
      />
    </div>
  );
}

/** The filters as a sheet over the page, for narrow screens. */
export function FilterSheet(props: Props & { total: number }) {
  const sheet = useRef<HTMLDialogElement>(null);
  const { query, total } = props;
  const count = filterCount(query);
  return (
    <>
      <button type="button" onClick={() => sheet.current?.showModal()} className="button flex-1 sm:flex-none lg:hidden">
        <FilterIcon className="size-5" />
        Filters{count > 0 && ` (${count})`}
      </button>
      <dialog
        ref={sheet}
        aria-label="Filters"
        className="m-0 ml-auto h-dvh max-h-none w-full max-w-sm flex-col bg-white backdrop:bg-black/40 open:flex lg:hidden"
      >
        <div className="flex items-center justify-between border-b border-line p-4">
          <h2>Filters</h2>
          <button
            type="button"
            aria-label="Close filters"
            onClick={() => sheet.current?.close()}
            className="grid size-11 place-items-center rounded-lg hover:bg-gray-100"
          >
            <CloseIcon />
          </button>
        </div>
        <div className="flex-1 overflow-y-auto p-4">
          <Filters key={listHref(props.place, query, {})} {...props} />
        </div>
        <div className="border-t border-line p-4">
          <button type="button" onClick={() => sheet.current?.close()} className="button-primary w-full">
            Show {total === 1 ? "1 product" : `${total} products`}
          </button>
        </div>
      </dialog>
    </>
  );
}
