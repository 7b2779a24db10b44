// GET /api/health: 200 when the database answers, else 503.

import { connection } from "next/server";
import { db } from "../../../server/db.ts";

export async function GET(): Promise<Response> {
  await connection();
  try {
    await db()`select 1`;
    return Response.json({ ok: true }, { headers: { "Cache-Control": "no-store" } });
  } catch {
    return Response.json({ ok: false }, { status: 503, headers: { "Cache-Control": "no-store" } });
  }
}
