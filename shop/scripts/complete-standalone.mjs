// Copies what `next build` leaves out of the standalone folder: scripts and styles, and the public files.

import { cp } from "node:fs/promises";

const standalone = ".next/standalone";
await cp(".next/static", `${standalone}/.next/static`, { recursive: true });
await cp("public", `${standalone}/public`, { recursive: true });
