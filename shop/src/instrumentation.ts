// Runs once when the server starts: invalid settings stop it there, with all problems in one message.

export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { settings } = await import("./server/settings.ts");
  try {
    settings();
  } catch (problem) {
    console.error(problem instanceof Error ? problem.message : problem);
    process.exit(2);
  }
}
