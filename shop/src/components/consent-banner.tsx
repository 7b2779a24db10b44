"use client";

// Asks once whether the visit may be measured; /privacy changes the answer later.

import Link from "next/link";
import { useConsent } from "@/track/consent";
import type { Decision } from "@/track/decision";

export function ConsentBanner({ initial }: { initial: Decision | null }) {
  const { decision, decide } = useConsent(initial);
  if (decision) return null;
  const answer = (isGranted: boolean) => {
    decide(isGranted);
    document.getElementById("content")?.focus({ preventScroll: true }); // the button that has the focus disappears
  };
  return (
    <section
      aria-label="Privacy"
      className="fixed inset-x-3 bottom-3 z-40 mx-auto max-w-xl rounded-2xl border border-gray-300 bg-white p-4 shadow-sm"
    >
      <p className="text-sm">
        May we measure how you use this shop? The data stays with us.{" "}
        <Link href="/privacy" className="link">
          More
        </Link>
      </p>
      <div className="mt-3 grid grid-cols-2 gap-3">
        <button type="button" onClick={() => answer(false)} className="button">
          Decline
        </button>
        <button type="button" onClick={() => answer(true)} className="button">
          Accept
        </button>
      </div>
    </section>
  );
}

export function ConsentChoice({ initial }: { initial: Decision | null }) {
  const { decision, decide } = useConsent(initial);
  return (
    <div className="panel space-y-4">
      <p role="status">
        {decision === "granted"
          ? "You have accepted measurement."
          : decision === "declined"
            ? "You have declined measurement."
            : "You have not decided yet."}
      </p>
      <div className="grid max-w-md grid-cols-2 gap-3">
        <button type="button" aria-pressed={decision === "declined"} onClick={() => decide(false)} className="button">
          Decline
        </button>
        <button type="button" aria-pressed={decision === "granted"} onClick={() => decide(true)} className="button">
          Accept
        </button>
      </div>
    </div>
  );
}
