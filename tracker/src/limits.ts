// Every number of the tracker. The file imports nothing, so that the build can inline the constants.

export const SESSION_GAP_MS = 1_800_000;

/** A batch is sent when this many events wait, after LINGER_MS, or when the page is hidden. */
export const FULL_BATCH = 10;
export const LINGER_MS = 1_000;
export const MAX_BATCH = 25;
/** Browsers refuse keepalive requests of more than 65,536 bytes together. */
export const MAX_BATCH_BYTES = 60_000;

export const TIMEOUT_MS = 30_000;
/** The first retry waits between once and twice this time, at random; each later one waits twice as long. */
export const FIRST_WAIT_MS = 500;
export const MAX_WAIT_MS = 300_000;
/** After more failures in a row, a closing page sends nothing: the collector is down or its responses are hidden. */
export const MAX_LEAVING_FAILURES = 4;

/** The queue drops events above these limits; `events_dropped` reports their number below ROOM_LINES. */
export const MAX_LINES = 500;
export const MAX_CHARACTERS = 250_000;
export const ROOM_LINES = 400;

/** How often a tab checks the queues of other tabs, and how long a queue must be unchanged before it is adopted. */
export const ADOPT_MS = 2_000;
export const SILENT_MS = 2_000;
/** The same without Web Locks: twice the longest wait between two attempts, since each attempt updates the queue. */
export const SILENT_WITHOUT_LOCKS_MS = 600_000;
export const CLAIM_MS = 500;

/** How long a framework may take to render a new page and set its title. */
export const RENDER_MS = 50;
export const MAX_TEXT = 160;
