// Sessions, grants, codes and tokens of the provider: in memory, and saved to a file within half a second, so that a
// restart signs no user out. `adapter` is what oidc-provider asks of a storage.

import { join } from "node:path";
import { readJson, writeJson } from "./files.mjs";

const SAVE_AFTER_MS = 500;

export function openRecords(folder) {
  const path = join(folder, "records.json");
  const records = new Map(readJson(path, []));
  let timer = null;

  const isAlive = ({ expiresAt }) => expiresAt === null || expiresAt > Date.now();

  function save() {
    clearTimeout(timer);
    timer = null;
    for (const [key, record] of records) if (!isAlive(record)) records.delete(key);
    writeJson(path, [...records]);
  }
  function changed() {
    timer ??= setTimeout(save, SAVE_AFTER_MS);
  }
  function dropWhere(isMatch) {
    for (const [key, { payload }] of records) if (isMatch(payload)) records.delete(key);
    changed();
  }
  function findBy(model, name, value) {
    for (const [key, record] of records) {
      if (key.startsWith(`${model}:`) && record.payload[name] === value && isAlive(record)) return record.payload;
    }
  }

  class Adapter {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      records.set(`${this.model}:${id}`, { payload, expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : null });
      changed();
    }
    async find(id) {
      const record = records.get(`${this.model}:${id}`);
      return record && isAlive(record) ? record.payload : undefined;
    }
    async findByUid(uid) {
      return findBy(this.model, "uid", uid);
    }
    async findByUserCode(userCode) {
      return findBy(this.model, "userCode", userCode);
    }
    async consume(id) {
      const record = records.get(`${this.model}:${id}`);
      if (record) record.payload.consumed = Math.floor(Date.now() / 1000);
      changed();
    }
    async destroy(id) {
      records.delete(`${this.model}:${id}`);
      changed();
    }
    async revokeByGrantId(grantId) {
      dropWhere((payload) => payload.grantId === grantId);
    }
  }

  return {
    adapter: Adapter,
    save,
    /** End all sessions of a user, and all that was issued to them. */
    forgetUser: (userId) => dropWhere((payload) => payload.accountId === userId),
  };
}
