// Amounts, tax, shipping, discounts: exact to the cent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { discountPercent, formatMoney, shareOf, toAmount, toCents } from "../src/money.ts";
import { totalsOf } from "../src/rules.ts";

test("an amount survives the way to cents and back", () => {
  for (const amount of ["0.00", "0.01", "0.10", "9.99", "1299.00", "9999999999.99", "-4.05", "-0.01"]) {
    assert.equal(toAmount(toCents(amount)), amount);
  }
  assert.equal(toCents("12"), 1200);
  assert.equal(toCents("12.5"), 1250);
});

test("text that is not an amount is refused", () => {
  for (const text of ["", "1,50", "1.234", "1e3", "NaN", " 1", "1.", ".5", "--1", "€1"]) {
    assert.throws(() => toCents(text), RangeError, text);
  }
  assert.throws(() => toAmount(0.5), RangeError);
  assert.throws(() => toAmount(Number.NaN), RangeError);
});

test("half a cent is rounded up", () => {
  assert.equal(shareOf(3, 1, 2), 2);
  assert.equal(shareOf(1, 1, 3), 0);
  assert.equal(shareOf(5, 1, 3), 2);
  assert.equal(shareOf(999_999_999_999, 20, 120), 166_666_666_667);
});

test("tax is contained in the total, which is what the customer pays", () => {
  const totals = totalsOf([{ price: "1199.00", quantity: 1 }], null);
  assert.deepEqual(totals, {
    subtotal: "1199.00", discount: "0.00", shipping: "0.00", tax: "199.83", total: "1199.00", currency: "EUR",
  });
});

test("shipping costs 4.90 below 100.00 after the discount", () => {
  assert.equal(totalsOf([{ price: "99.99", quantity: 1 }], null).total, "104.89");
  assert.equal(totalsOf([{ price: "100.00", quantity: 1 }], null).total, "100.00");
  const coupon = { percent: 10, amount: null, minSubtotal: "0.00" };
  assert.deepEqual(totalsOf([{ price: "55.00", quantity: 2 }], coupon), {
    subtotal: "110.00", discount: "11.00", shipping: "4.90", tax: "17.32", total: "103.90", currency: "EUR",
  });
  assert.equal(totalsOf([], null).total, "0.00");
});

test("a coupon needs its minimum and never gives more than the subtotal", () => {
  const coupon = { percent: null, amount: "25.00", minSubtotal: "20.00" };
  assert.equal(totalsOf([{ price: "19.99", quantity: 1 }], coupon).discount, "0.00");
  assert.equal(totalsOf([{ price: "20.00", quantity: 1 }], coupon).discount, "20.00");
  assert.equal(totalsOf([{ price: "20.00", quantity: 1 }], coupon).total, "4.90");
  assert.equal(totalsOf([{ price: "0.10", quantity: 3 }], { percent: 15, amount: null, minSubtotal: "0" }).discount, "0.05");
});

test("prices are written for people", () => {
  assert.equal(formatMoney("1299.00"), "€1,299.00");
  assert.equal(discountPercent("1299.00", "1199.00"), 7);
});
