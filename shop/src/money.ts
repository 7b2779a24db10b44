// Amounts of money: decimal text ("1299.00") outside, whole cents for sums. Never a float.
// Amounts of one order stay far below the 2^53 cents that a number holds exactly.

const AMOUNT = /^(-?)(\d{1,10})(?:\.(\d{1,2}))?$/;

/** Return an amount in cents. Throws on text that is not an amount with at most two decimals. */
export function toCents(amount: string): number {
  const [, sign, units, fraction = ""] = AMOUNT.exec(amount) ?? [];
  if (units === undefined) throw new RangeError(`invalid amount: ${JSON.stringify(amount)} (expected such as "12.50")`);
  const cents = Number(units) * 100 + Number(fraction.padEnd(2, "0"));
  return sign ? -cents : cents;
}

/** Return cents as decimal text with two decimals. */
export function toAmount(cents: number): string {
  if (!Number.isSafeInteger(cents)) throw new RangeError(`invalid number of cents: ${cents}`);
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return `${cents < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Return part / whole of an amount, in cents, rounded half up. */
export function shareOf(cents: number, part: number, whole: number): number {
  const product = BigInt(cents) * BigInt(part) * 2n + BigInt(whole);
  return Number(product / (BigInt(whole) * 2n));
}

/** Format an amount for people: "€1,299.00". */
export function formatMoney(amount: string, currency = "EUR"): string {
  return new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(toCents(amount) / 100);
}

/** Return by how many percent the discount price is lower, rounded down. */
export function discountPercent(price: string, discountPrice: string): number {
  const full = toCents(price);
  return Math.floor(((full - toCents(discountPrice)) * 100) / full);
}
