"use client";

// The order of a list.

import { useRouter } from "next/navigation";
import type { ListQuery, Sort } from "@/server/catalogue";
import { listHref, type ListPlace } from "./listing-url";

export function SortSelect({
  place,
  query,
  sorts,
}: {
  place: ListPlace;
  query: ListQuery;
  sorts: { id: Sort; name: string }[];
}) {
  const router = useRouter();
  return (
    <div className="flex flex-1 items-center gap-2 sm:flex-none">
      <label htmlFor="sort" className="hidden text-sm text-muted sm:block">
        Sort by
      </label>
      <select
        id="sort"
        aria-label="Sort by"
        value={query.sort}
        onChange={(event) =>
          router.push(listHref(place, query, { sort: event.target.value as Sort }), { scroll: false })
        }
        className="input py-1.5 sm:w-auto text-sm font-medium"
      >
        {sorts.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
