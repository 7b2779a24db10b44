"use client";

// Components that track what a page shows, once when it appears, and those that connect page and tracker.

import { usePathname, useSearchParams } from "next/navigation";
import { useEffect, useRef } from "react";
import type { CartLine, Totals } from "../server/cart.ts";
import type { ProductCard } from "../server/catalogue.ts";
import type { CompletedOrder } from "../server/orders.ts";
import {
  trackCategory, trackCheckoutComplete, trackCheckoutStart, trackHome, trackLoginOpen, trackLoginSuccess, trackProduct, trackSearch,
} from "./events.ts";
import { SIGNED_IN_COOKIE } from "./signed-in.ts";
import { identify, trackerIds, trackPage } from "./tracker.ts";

/** Run an effect when the key changes, not when other properties do. */
function useOnce(key: string, effect: () => void): void {
  useEffect(effect, [key]);
}

export function TrackHome() {
  useOnce("home", trackHome);
  return null;
}

export function TrackCategory({ category }: { category: { id: string; name: string } }) {
  useOnce(category.id, () => trackCategory(category));
  return null;
}

export function TrackProduct({ product }: { product: ProductCard }) {
  useOnce(product.id, () => trackProduct(product));
  return null;
}

export function TrackSearch({ term, results }: { term: string; results: number }) {
  useOnce(term, () => trackSearch(term, results));
  return null;
}

export function TrackLoginOpen() {
  useOnce("login", trackLoginOpen);
  return null;
}

export function TrackCheckoutStart({ totals, lines }: { totals: Totals; lines: CartLine[] }) {
  useOnce("checkout", () => trackCheckoutStart(totals, lines));
  return null;
}

export function TrackCheckoutComplete({ completed }: { completed: CompletedOrder }) {
  useOnce(completed.order.id, () => trackCheckoutComplete(completed));
  return null;
}

/** Keep the tracker's consent and user in line with the shop's; track pages, and a sign-in that has just succeeded. */
export function TrackVisitor({ userId }: { userId: string | null }) {
  const address = `${usePathname()}?${useSearchParams()}`;
  useOnce(userId ?? "", () => {
    identify(userId); // before the first page, whose view has the user then
    if (userId === null || !document.cookie.includes(`${SIGNED_IN_COOKIE}=1`)) return;
    document.cookie = `${SIGNED_IN_COOKIE}=; Path=/; Max-Age=0; SameSite=Lax`;
    trackLoginSuccess();
  });
  useOnce(address, trackPage);
  return null;
}

/** Hidden fields of the checkout form: the tracker's ids at the moment of sending it. */
export function TrackerIds() {
  const client = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const form = client.current?.form;
    const fill = ({ formData }: FormDataEvent) => {
      for (const [name, value] of Object.entries(trackerIds())) formData.set(name, value);
    };
    form?.addEventListener("formdata", fill);
    return () => form?.removeEventListener("formdata", fill);
  }, []);
  return (
    <>
      <input ref={client} type="hidden" name="clientId" />
      <input type="hidden" name="sessionId" />
    </>
  );
}
