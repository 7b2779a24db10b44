// The start of the server: invalid settings stop it, with all problems in one message.

import "server-only";
import { settings } from "./settings.ts";

export function checkSettings(): void {
  try {
    settings();
  } catch (problem) {
    console.error(problem instanceof Error ? problem.message : problem);
    process.exit(2);
  }
}
