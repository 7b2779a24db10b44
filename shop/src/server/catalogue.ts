// The catalogue as pages show it: home, categories, brands, search, one product. Reads only; amounts are decimal text.

import "server-only";
import { db, storable } from "./db.ts";
import { filtersOf, parseQuery, type ListQuery, type Scope, type SearchParams } from "./listing.ts";
import { settings } from "./settings.ts";

export type { ListQuery, SearchParams, Sort } from "./listing.ts";
export { SORTS } from "./listing.ts";

export interface Named {
  id: string;
  name: string;
}

export interface Counted extends Named {
  count: number;
}

export interface ProductCard extends Named {
  brand: Named;
  category: Named;
  price: string;
  discountPrice: string | null;
  currency: string;
  picture: string;
  stock: number;
  createdAt: string;
}

export interface Product extends ProductCard {
  description: string;
  specs: [string, string][];
  pictures: string[];
}

export interface CategoryCard extends Named {
  productCount: number;
  picture: string;
}

/** A page of products with the choices that would narrow it. The price bounds ignore the price filter. */
export interface Listing {
  products: ProductCard[];
  total: number;
  page: number;
  pages: number;
  query: ListQuery;
  brands: Counted[];
  categories: Counted[];
  minPrice: string;
  maxPrice: string;
}

export const PAGE_SIZE = 24;

export interface CardRow extends Named {
  brandId: string;
  brandName: string;
  categoryId: string;
  categoryName: string;
  price: string;
  discountPrice: string | null;
  currency: string;
  stock: number;
  createdAt: Date;
}

const pictureUrl = (productId: string, number: number) => `${settings().assetsUrl}/pictures/${productId}-${number}.svg`;

/** Return the columns of a product card; for use after `select` with the tables of `cardTables`. */
export function cardColumns() {
  return db()`
    p.id, p.name, p.price, p.discount_price, p.currency, p.created_at, coalesce(i.quantity, 0) as stock,
    b.id as brand_id, b.name as brand_name, c.id as category_id, c.name as category_name`;
}

export function cardTables() {
  return db()`
    products p join brands b on b.id = p.brand_id join categories c on c.id = p.category_id
    left join inventory i on i.product_id = p.id`;
}

export function toCard(row: CardRow): ProductCard {
  return {
    id: row.id,
    name: row.name,
    brand: { id: row.brandId, name: row.brandName },
    category: { id: row.categoryId, name: row.categoryName },
    price: row.price,
    discountPrice: row.discountPrice,
    currency: row.currency,
    picture: pictureUrl(row.id, 1),
    stock: row.stock,
    createdAt: row.createdAt.toISOString(),
  };
}

/** Return the URL of a product's first picture. */
export function firstPicture(productId: string): string {
  return pictureUrl(productId, 1);
}

/** Return the categories in their order, with the picture of their newest product. */
export async function categories(): Promise<CategoryCard[]> {
  const rows = await db()<(Named & { productCount: number; productId: string })[]>`
    select c.id, c.name, count(*)::int as product_count, (array_agg(p.id order by p.created_at desc, p.id))[1] as product_id
    from categories c join products p on p.category_id = c.id and p.is_active
    group by c.id order by c.position, c.id`;
  return rows.map(({ id, name, productCount, productId }) => ({ id, name, productCount, picture: pictureUrl(productId, 1) }));
}

/** Return the brands with the number of their products, by name. */
export async function brands(): Promise<Counted[]> {
  return db()<Counted[]>`
    select b.id, b.name, count(*)::int as count from brands b join products p on p.brand_id = b.id and p.is_active
    group by b.id order by b.name`;
}

export async function home(): Promise<{ categories: CategoryCard[]; deals: ProductCard[]; newest: ProductCard[] }> {
  const sql = db();
  const [all, deals, newest] = await Promise.all([
    categories(),
    sql<CardRow[]>`
      select ${cardColumns()} from ${cardTables()}
      where p.is_active and p.discount_price is not null and i.quantity > 0
      order by p.discount_price / p.price, p.id limit 8`,
    sql<CardRow[]>`
      select ${cardColumns()} from ${cardTables()} where p.is_active order by p.created_at desc, p.id limit 8`,
  ]);
  return { categories: all, deals: deals.map(toCard), newest: newest.map(toCard) };
}

export async function category(id: string, params: SearchParams): Promise<{ category: Named; listing: Listing } | null> {
  const [found] = await db()<Named[]>`select id, name from categories where id = ${storable(id)}`;
  return found ? { category: found, listing: await list({ category: id }, parseQuery(params)) } : null;
}

export async function brand(id: string, params: SearchParams): Promise<{ brand: Named; listing: Listing } | null> {
  const [found] = await db()<Named[]>`select id, name from brands where id = ${storable(id)}`;
  return found ? { brand: found, listing: await list({ brand: id }, parseQuery(params)) } : null;
}

/** Return the products in which every word of the term occurs. Without a term: all products. */
export async function search(term: string, params: SearchParams): Promise<Listing> {
  return list({ term }, parseQuery(params));
}

export async function product(id: string): Promise<{ product: Product; related: ProductCard[] } | null> {
  const sql = db();
  const [row] = await sql<(CardRow & { description: string; specs: [string, string][]; pictures: number })[]>`
    select ${cardColumns()}, p.description, p.specs, p.pictures from ${cardTables()} where p.id = ${storable(id)} and p.is_active`;
  if (!row) return null;
  const related = await sql<CardRow[]>`
    select ${cardColumns()} from ${cardTables()}
    where p.is_active and p.category_id = ${row.categoryId} and p.id <> ${id}
    order by coalesce(i.quantity, 0) = 0, abs(p.price - ${row.price}::numeric), p.id limit 4`;
  const pictures = Array.from({ length: row.pictures }, (_, index) => pictureUrl(id, index + 1));
  const { description, specs } = row;
  return { product: { ...toCard(row), description, specs, pictures }, related: related.map(toCard) };
}

async function list(scope: Scope, query: ListQuery): Promise<Listing> {
  const sql = db();
  const filters = filtersOf(sql, scope, query);
  const tables = cardTables();
  const [counts, brandCounts, categoryCounts, bounds] = await Promise.all([
    sql<{ total: number }[]>`select count(*)::int as total from ${tables} where ${filters.except()}`,
    sql<Counted[]>`
      select b.id, b.name, count(*)::int as count from ${tables} where ${filters.except("brands")}
      group by b.id order by b.name`,
    sql<Counted[]>`
      select c.id, c.name, count(*)::int as count from ${tables} where ${filters.except("categories")}
      group by c.id order by c.position`,
    sql<{ low: string | null; high: string | null }[]>`
      select min(coalesce(p.discount_price, p.price)) as low, max(coalesce(p.discount_price, p.price)) as high
      from ${tables} where ${filters.except("price")}`,
  ]);
  const total = counts[0]?.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
  const page = Math.min(query.page, pages);
  const rows = await sql<CardRow[]>`
    select ${cardColumns()} from ${tables} ${filters.orderTables} where ${filters.except()}
    order by ${filters.order}, p.id limit ${PAGE_SIZE} offset ${(page - 1) * PAGE_SIZE}`;
  return {
    products: rows.map(toCard),
    total,
    page,
    pages,
    query: { ...query, page },
    brands: brandCounts,
    categories: categoryCounts,
    minPrice: bounds[0]?.low ?? "0.00",
    maxPrice: bounds[0]?.high ?? "0.00",
  };
}
