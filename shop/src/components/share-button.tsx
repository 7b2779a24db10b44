"use client";

// Shares the page's address: by the device's own dialog where there is one, otherwise by copying it.

import { useState } from "react";
import type { ProductCard } from "@/server/catalogue";
import { trackShare } from "@/track/events";
import { ShareIcon } from "./icons";

export function ShareButton({ product }: { product: ProductCard }) {
  const [message, setMessage] = useState("");
  async function share() {
    const url = location.origin + location.pathname;
    if (typeof navigator.share === "function") {
      trackShare(product, "device");
      await navigator.share({ title: product.name, url }).catch(() => undefined); // the visitor closed the dialog
      return;
    }
    trackShare(product, "copy");
    const isCopied = await navigator.clipboard.writeText(url).then(
      () => true,
      () => false,
    );
    setMessage(isCopied ? "Link copied" : "Copying is blocked");
  }
  return (
    <div>
      <button type="button" onClick={share} className="button w-full">
        <ShareIcon className="size-5" />
        {message || "Share"}
      </button>
      <span role="status" className="sr-only">
        {message}
      </span>
    </div>
  );
}
