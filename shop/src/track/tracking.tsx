// The tracker of every page: its script from the collector, and who the visitor is. Place it first in the body, so that
// the visitor is known before the page tracks anything.

import { headers } from "next/headers";
import { settings } from "../server/settings.ts";
import { TrackVisitor } from "./views.tsx";

export async function Tracking({ user }: { user: { subject: string } | null }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  const source = `${settings().collectorUrl}/clickstream.js`;
  return (
    <>
      <script async src={source} nonce={nonce} data-consent="required" data-clicks="all" />
      <TrackVisitor userId={user?.subject ?? null} />
    </>
  );
}
