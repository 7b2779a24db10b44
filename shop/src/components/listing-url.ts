// Addresses of a list of products: the query without its default values.

import type { ListQuery } from "@/server/catalogue";

export interface ListPlace {
  path: string;
  term?: string;
}

/** Return the address of a list with some of its filters changed. Any change but the page starts at the first page. */
export function listHref({ path, term }: ListPlace, query: ListQuery, changes: Partial<ListQuery>): string {
  const next = { ...query, page: 1, ...changes };
  const params = new URLSearchParams();
  if (term) params.set("q", term);
  for (const brand of next.brands) params.append("brand", brand);
  for (const category of next.categories) params.append("category", category);
  if (next.minPrice) params.set("min", next.minPrice);
  if (next.maxPrice) params.set("max", next.maxPrice);
  if (next.inStock) params.set("stock", "1");
  if (next.onSale) params.set("sale", "1");
  if (next.sort !== "popular") params.set("sort", next.sort);
  if (next.page > 1) params.set("page", String(next.page));
  return params.size ? `${path}?${params}` : path;
}

/** Return how many filters are on. */
export function filterCount({ brands, categories, minPrice, maxPrice, inStock, onSale }: ListQuery): number {
  return brands.length + categories.length + [minPrice, maxPrice, inStock, onSale].filter(Boolean).length;
}

/** Return the fields of a form without its empty ones, as an address. */
export function formHref(path: string, form: HTMLFormElement): string {
  const params = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && value !== "") params.append(name, value);
  return params.size ? `${path}?${params}` : path;
}
