import type { Metadata } from "next";
import { Empty } from "@/components/empty";

export const metadata: Metadata = { title: "Page not found" };

export default function NotFound() {
  return (
    <div className="wrap pt-10">
      <h1 className="sr-only">Page not found</h1>
      <Empty
        title="This page does not exist."
        text="The product may have left the shop, or the address has a typing error."
        href="/"
        action="Go to the start page"
      />
    </div>
  );
}
