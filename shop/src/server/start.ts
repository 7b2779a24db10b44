// The start of the server: secrets that cannot be read, or invalid settings, stop it, with all problems in one message.

import "server-only";
import { loadSecrets } from "./secrets.ts";
import { settings } from "./settings.ts";

export async function prepare(): Promise<void> {
  try {
    await loadSecrets(process.env);
    settings();
  } catch (problem) {
    console.error(problem instanceof Error ? problem.message : problem);
    process.exit(2);
  }
}
