// Addresses of a user, and how an address of a form is checked.

import "server-only";
import { COUNTRIES } from "../rules.ts";
import { db, type Query } from "./db.ts";
import type { ShipTo } from "./schema.ts";
import { currentUser } from "./session.ts";

export interface Address extends ShipTo {
  id: string;
}

/** Return the addresses of the current user, the newest first; none for a visitor. */
export async function addresses(): Promise<Address[]> {
  const user = await currentUser();
  if (!user) return [];
  return db()<Address[]>`
    select id, full_name, line1, line2, city, postal_code, country, phone from addresses
    where user_id = ${user.id} order by created_at desc, id`;
}

interface Field {
  name: keyof ShipTo;
  label: string;
  max: number;
  isOptional?: boolean;
}

const FIELDS: Field[] = [
  { name: "fullName", label: "name", max: 200 },
  { name: "line1", label: "street and number", max: 200 },
  { name: "line2", label: "second line", max: 200, isOptional: true },
  { name: "city", label: "city", max: 100 },
  { name: "postalCode", label: "postal code", max: 20 },
  { name: "country", label: "country", max: 2 },
  { name: "phone", label: "phone number", max: 40, isOptional: true },
];

/** Read an address from a form. Problems are added to `errors` by field. */
export function readAddress(form: FormData, errors: Record<string, string>): ShipTo {
  const address = Object.fromEntries(FIELDS.map((field) => [field.name, readField(form, field, errors)])) as unknown as ShipTo;
  if (!errors.country && !COUNTRIES.some(({ code }) => code === address.country)) {
    errors.country = "Choose a country that we deliver to.";
  }
  return address;
}

function readField(form: FormData, { name, label, max, isOptional }: Field, errors: Record<string, string>): string {
  const value = String(form.get(name) ?? "").replace(/\p{Cc}/gu, " ").trim();
  if (!value && !isOptional) errors[name] = `Enter your ${label}.`;
  if (value.length > max) errors[name] = `Use at most ${max} characters.`;
  return value;
}

/** Save a new address of a user, unless it is saved already. */
export async function insertAddress(query: Query, userId: string, address: ShipTo): Promise<void> {
  const { fullName, line1, line2, city, postalCode, country, phone } = address;
  await query`
    insert into addresses (user_id, full_name, line1, line2, city, postal_code, country, phone)
    select ${userId}::uuid, ${fullName}, ${line1}, ${line2}, ${city}, ${postalCode}, ${country}, ${phone}
    where not exists (
      select from addresses where user_id = ${userId} and (full_name, line1, line2, city, postal_code, country, phone)
        = (${fullName}, ${line1}, ${line2}, ${city}, ${postalCode}, ${country}, ${phone}))`;
}

/** Change an address; nothing happens if it is not the user's. */
export async function updateAddress(query: Query, userId: string, id: string, address: ShipTo): Promise<void> {
  const { fullName, line1, line2, city, postalCode, country, phone } = address;
  await query`
    update addresses set full_name = ${fullName}, line1 = ${line1}, line2 = ${line2}, city = ${city},
      postal_code = ${postalCode}, country = ${country}, phone = ${phone}
    where id = ${id} and user_id = ${userId}`;
}

export async function removeAddress(query: Query, userId: string, id: string): Promise<void> {
  await query`delete from addresses where id = ${id} and user_id = ${userId}`;
}
