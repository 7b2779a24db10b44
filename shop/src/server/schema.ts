// The tables of the database as types. The SQL files of the Python package are the truth
// (src/clickstream/shop/schema); test/schema.test.ts compares them with this file, column by column.

import { sql } from "drizzle-orm";
import { bigint, boolean, char, customType, integer, jsonb, numeric, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });
const money = (name: string) => numeric(name, { precision: 12, scale: 2 });
const time = (name: string) => timestamp(name, { withTimezone: true });

/** An address as it was at checkout. */
export interface ShipTo {
  fullName: string;
  line1: string;
  line2: string;
  city: string;
  postalCode: string;
  country: string;
  phone: string;
}

export const users = pgTable("users", {
  id: uuid("id").primaryKey().defaultRandom(),
  issuer: text("issuer").notNull(),
  subject: text("subject").notNull(),
  email: text("email").notNull().default(""),
  name: text("name").notNull().default(""),
  createdAt: time("created_at").notNull().defaultNow(),
});

export const webSessions = pgTable("web_sessions", {
  tokenHash: bytea("token_hash").primaryKey(),
  userId: uuid("user_id").notNull().references(() => users.id),
  refreshToken: text("refresh_token"),
  idToken: text("id_token"),
  accessExpiresAt: time("access_expires_at").notNull(),
  createdAt: time("created_at").notNull().defaultNow(),
  expiresAt: time("expires_at").notNull(),
});

export const brands = pgTable("brands", { id: text("id").primaryKey(), name: text("name").notNull() });

export const categories = pgTable("categories", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  position: integer("position").notNull(),
});

export const products = pgTable("products", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  brandId: text("brand_id").notNull().references(() => brands.id),
  categoryId: text("category_id").notNull().references(() => categories.id),
  description: text("description").notNull(),
  specs: jsonb("specs").$type<[string, string][]>().notNull().default([]),
  pictures: integer("pictures").notNull().default(3),
  price: money("price").notNull(),
  discountPrice: money("discount_price"),
  currency: char("currency", { length: 3 }).notNull().default("EUR"),
  isActive: boolean("is_active").notNull().default(true),
  createdAt: time("created_at").notNull().defaultNow(),
});

export const inventory = pgTable("inventory", {
  productId: text("product_id").primaryKey().references(() => products.id),
  quantity: integer("quantity").notNull(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

export const carts = pgTable("carts", {
  id: uuid("id").primaryKey().defaultRandom(),
  userId: uuid("user_id").references(() => users.id),
  createdAt: time("created_at").notNull().defaultNow(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

export const cartItems = pgTable(
  "cart_items",
  {
    cartId: uuid("cart_id").notNull().references(() => carts.id),
    productId: text("product_id").notNull().references(() => products.id),
    quantity: integer("quantity").notNull(),
    addedAt: time("added_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.cartId, table.productId] })],
);

export const wishlists = pgTable("wishlists", {
  id: uuid("id").primaryKey().defaultRandom(),
  userId: uuid("user_id").references(() => users.id),
  createdAt: time("created_at").notNull().defaultNow(),
});

export const wishlistItems = pgTable(
  "wishlist_items",
  {
    wishlistId: uuid("wishlist_id").notNull().references(() => wishlists.id),
    productId: text("product_id").notNull().references(() => products.id),
    addedAt: time("added_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.wishlistId, table.productId] })],
);

export const addresses = pgTable("addresses", {
  id: uuid("id").primaryKey().defaultRandom(),
  userId: uuid("user_id").notNull().references(() => users.id),
  fullName: text("full_name").notNull(),
  line1: text("line1").notNull(),
  line2: text("line2").notNull().default(""),
  city: text("city").notNull(),
  postalCode: text("postal_code").notNull(),
  country: char("country", { length: 2 }).notNull(),
  phone: text("phone").notNull().default(""),
  createdAt: time("created_at").notNull().defaultNow(),
});

export const coupons = pgTable("coupons", {
  code: text("code").primaryKey(),
  percent: integer("percent"),
  amount: money("amount"),
  minSubtotal: money("min_subtotal").notNull().default("0"),
  endsAt: time("ends_at"),
  maxUses: integer("max_uses"),
  uses: integer("uses").notNull().default(0),
});

export const orders = pgTable("orders", {
  id: uuid("id").primaryKey().defaultRandom(),
  number: text("number").notNull().default(sql`'CS-' || nextval('order_numbers')`),
  idempotencyKey: uuid("idempotency_key").notNull(),
  userId: uuid("user_id").references(() => users.id),
  email: text("email").notNull(),
  status: text("status").$type<"placed" | "paid" | "shipped" | "delivered" | "cancelled">().notNull().default("placed"),
  currency: char("currency", { length: 3 }).notNull(),
  subtotal: money("subtotal").notNull(),
  discount: money("discount").notNull().default("0"),
  shipping: money("shipping").notNull().default("0"),
  tax: money("tax").notNull().default("0"),
  total: money("total").notNull(),
  refunded: money("refunded").notNull().default("0"),
  coupon: text("coupon").references(() => coupons.code),
  paymentMethod: text("payment_method").$type<"test_card" | "pay_on_delivery">().notNull(),
  shipTo: jsonb("ship_to").$type<ShipTo>().notNull(),
  clientId: text("client_id"),
  sessionId: text("session_id"),
  placedAt: time("placed_at").notNull().defaultNow(),
});

export const orderItems = pgTable(
  "order_items",
  {
    orderId: uuid("order_id").notNull().references(() => orders.id),
    line: integer("line").notNull(),
    productId: text("product_id").notNull(),
    name: text("name").notNull(),
    category: text("category").notNull(),
    brand: text("brand").notNull(),
    price: money("price").notNull(),
    quantity: integer("quantity").notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.line] })],
);

export const refunds = pgTable("refunds", {
  id: uuid("id").primaryKey().defaultRandom(),
  orderId: uuid("order_id").notNull().references(() => orders.id),
  amount: money("amount").notNull(),
  reason: text("reason").notNull().default(""),
  refundedAt: time("refunded_at").notNull().defaultNow(),
});

export const outbox = pgTable("outbox", {
  id: bigint("id", { mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
  eventId: uuid("event_id").notNull(),
  event: jsonb("event").$type<Record<string, unknown>>().notNull(),
  createdAt: time("created_at").notNull().defaultNow(),
  attempts: integer("attempts").notNull().default(0),
  lastError: text("last_error"),
  sentAt: time("sent_at"),
});
