"use client";

// Signs out here, or on all devices.

import { trackLogout } from "@/track/events";

export function SignOut() {
  return (
    <form method="post" action="/auth/logout" onSubmit={trackLogout} className="flex flex-wrap items-center gap-4">
      <button type="submit" className="button">
        Sign out
      </button>
      <label className="flex min-h-9 items-center gap-2.5 text-sm">
        <input type="checkbox" name="everywhere" value="1" className="size-4.5" />
        on all my devices
      </label>
    </form>
  );
}
