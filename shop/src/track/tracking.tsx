// The tracker of every page: its script, and who the visitor is. Place it first in the body, so that the visitor is known
// before the page tracks anything. The collector serves the script, unless ASSETS_URL serves the shop's static files.

import { headers } from "next/headers";
import { settings } from "../server/settings.ts";
import { TrackVisitor } from "./views.tsx";

export async function Tracking({ user }: { user: { subject: string } | null }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  const { assetsUrl, collectorUrl } = settings();
  return (
    <>
      <script
        async
        src={`${assetsUrl || collectorUrl}/clickstream.js`}
        nonce={nonce}
        data-endpoint={`${collectorUrl}/clickstream`}
        data-consent="required"
        data-clicks="all"
      />
      <TrackVisitor userId={user?.subject ?? null} />
    </>
  );
}
