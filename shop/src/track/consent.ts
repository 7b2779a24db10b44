"use client";

// The state of the consent banner, the same in every tab.

import { useEffect, useState } from "react";
import type { Decision } from "./decision.ts";
import { decide, watchDecision } from "./tracker.ts";

/** initial: the decision that the server read from the cookie, so that the banner does not flash. */
export function useConsent(initial: Decision | null): { decision: Decision | null; decide: (isGranted: boolean) => void } {
  const [decision, setDecision] = useState(initial);
  useEffect(() => watchDecision(setDecision), []);
  return {
    decision,
    decide(isGranted) {
      decide(isGranted);
      setDecision(isGranted ? "granted" : "declined");
    },
  };
}
