// Every number of the tracker. In a file of its own, without imports, the build writes them where they are used.

export const SESSION_GAP_MS = 1_800_000;

/** A batch is sent when so many wait, or after LINGER_MS, or when the page is hidden. */
export const FULL_BATCH = 10;
export const LINGER_MS = 1_000;
export const MAX_BATCH = 25;
/** Browsers refuse more than 65,536 bytes that are on their way when a page closes. */
export const MAX_BATCH_BYTES = 60_000;

export const TIMEOUT_MS = 30_000;
/** The first wait after a failure is this and up to as much again by chance; each further one twice as long. */
export const FIRST_WAIT_MS = 500;
export const MAX_WAIT_MS = 300_000;
/** A page that leaves after more failures in a row sends nothing: the collector is away, or its answers are hidden. */
export const MAX_LEAVING_FAILURES = 4;

/** More is dropped, counted, and reported as `events_dropped` once there is room again. */
export const MAX_LINES = 500;
export const MAX_CHARACTERS = 250_000;
export const ROOM_LINES = 400;

/** How often another tab's entry is looked at, and how long it must have been silent. */
export const ADOPT_MS = 2_000;
export const SILENT_MS = 2_000;
/** Without Web Locks: twice the longest wait between two attempts, which refresh an entry. */
export const SILENT_WITHOUT_LOCKS_MS = 600_000;
export const CLAIM_MS = 500;

/** Until a framework has rendered a new page, and with it its title. */
export const RENDER_MS = 50;
export const MAX_TEXT = 160;
