// Filters and order of a list of products: read from the parameters of a URL, written as SQL conditions.
// Invalid parameters are ignored, so that an old or mistyped link still shows products.

import "server-only";
import { storable, type Sql } from "./db.ts";

export const SORTS = [
  { id: "popular", name: "Most popular" },
  { id: "newest", name: "Newest" },
  { id: "price-asc", name: "Price: low to high" },
  { id: "price-desc", name: "Price: high to low" },
  { id: "name", name: "Name" },
] as const;

export type Sort = (typeof SORTS)[number]["id"];
export type SearchParams = Record<string, string | string[] | undefined>;

export interface ListQuery {
  sort: Sort;
  page: number;
  brands: string[];
  categories: string[];
  minPrice: string | null;
  maxPrice: string | null;
  inStock: boolean;
  onSale: boolean;
}

/** What a page lists before any filter. */
export interface Scope {
  category?: string;
  brand?: string;
  term?: string;
}

/** Words whose plural, the name of a category, does not contain them. */
const PLURALS = new Map([["mouse", "mice"]]);
const MAX_WORDS = 8;
const MAX_PAGE = 10_000;

export function parseQuery(params: SearchParams): ListQuery {
  const one = (name: string) => valuesOf(params[name])[0] ?? "";
  return {
    sort: SORTS.find(({ id }) => id === one("sort"))?.id ?? "popular",
    page: /^[1-9]\d{0,4}$/.test(one("page")) ? Math.min(Number(one("page")), MAX_PAGE) : 1,
    brands: valuesOf(params.brand),
    categories: valuesOf(params.category),
    minPrice: amountOf(one("min")),
    maxPrice: amountOf(one("max")),
    inStock: one("stock") === "1",
    onSale: one("sale") === "1",
  };
}

function valuesOf(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().map(storable).filter((each) => each !== "").slice(0, 50);
}

function amountOf(text: string): string | null {
  return /^\d{1,7}(\.\d{1,2})?$/.test(text) ? text : null;
}

/** A word of a search term, as patterns for LIKE. */
interface Word {
  anywhere: string;
  category: string;
}

function wordsOf(term: string): Word[] {
  const words = storable(term).slice(0, 200).split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  const containing = (text: string) => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return words.map((word) => ({ anywhere: containing(word), category: containing(PLURALS.get(word.toLowerCase()) ?? word) }));
}

/** Return the SQL of a list, for the tables p (products), b, c and i. `except` leaves one filter out, for its choices. */
export function filtersOf(sql: Sql, scope: Scope, query: ListQuery) {
  const always = sql`p.is_active`;
  const price = sql`coalesce(p.discount_price, p.price)`;
  const conditions = {
    category: scope.category ? sql`c.id = ${scope.category}` : null,
    brand: scope.brand ? sql`b.id = ${scope.brand}` : null,
    term: scope.term ? matches(sql, scope.term) : null,
    brands: query.brands.length ? sql`b.id in ${sql(query.brands)}` : null,
    categories: query.categories.length ? sql`c.id in ${sql(query.categories)}` : null,
    price: sql`${price} >= ${query.minPrice ?? "0"}::numeric and (${query.maxPrice}::numeric is null or ${price} <= ${query.maxPrice}::numeric)`,
    inStock: query.inStock ? sql`i.quantity > 0` : null,
    onSale: query.onSale ? sql`p.discount_price is not null` : null,
  };
  const except = (name?: keyof typeof conditions) =>
    Object.entries(conditions).reduce(
      (all, [key, condition]) => (condition && key !== name ? sql`${all} and ${condition}` : all),
      always,
    );
  const orders = {
    popular: sql`${rank(sql, scope.term ?? "")}, coalesce(i.quantity, 0) = 0, coalesce(sales.quantity, 0) desc, p.created_at desc`,
    newest: sql`p.created_at desc`,
    "price-asc": sql`${price}`,
    "price-desc": sql`${price} desc`,
    name: sql`lower(p.name)`,
  };
  return { except, order: orders[query.sort], orderTables: query.sort === "popular" ? recentSales(sql) : sql`` };
}

function matches(sql: Sql, term: string) {
  return wordsOf(term).reduce(
    (all, { anywhere, category }) => sql`${all}
      and (concat_ws(' ', p.name, b.name, c.name, p.description) ilike ${anywhere} or c.name ilike ${category})`,
    sql`true`,
  );
}

/** For each word, a match of the name ranks first, then one of category or brand, then one of the description. */
function rank(sql: Sql, term: string) {
  return wordsOf(term).reduce(
    (sum, { anywhere, category }) => sql`${sum} + case when p.name ilike ${anywhere} then 0
      when c.name ilike ${category} or b.name ilike ${anywhere} then 1 else 2 end`,
    sql`0::int`,
  );
}

function recentSales(sql: Sql) {
  return sql`left join (
    select l.product_id, sum(l.quantity) as quantity from orders o join order_items l on l.order_id = o.id
    where o.placed_at > now() - interval '30 days' and o.status <> 'cancelled' group by l.product_id
  ) sales on sales.product_id = p.id`;
}
