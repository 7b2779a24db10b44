import type { Metadata } from "next";
import { ConsentChoice } from "@/components/consent-banner";
import { readConsent } from "@/server/consent";

export const metadata: Metadata = { title: "Privacy choices" };

export default async function PrivacyPage() {
  return (
    <div className="wrap max-w-3xl space-y-5 pt-8">
      <h1>Privacy choices</h1>
      <p>
        If you accept, the shop records which pages you open, what you search for and what you buy, together with a
        random number that stands for this browser. The records help us to see what works. They stay on our own servers
        and are not given to others.
      </p>
      <p>If you decline, nothing of this is recorded. The cart, the wishlist and your orders work in either case.</p>
      <ConsentChoice initial={await readConsent()} />
    </div>
  );
}
