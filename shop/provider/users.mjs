// Users and their passwords: a JSON file with scrypt hashes.

import { randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { readJson, writeJson } from "./files.mjs";

const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const hashOf = async (password, salt) => promisify(scrypt)(password.normalize("NFC"), Buffer.from(salt, "base64"), 32, COST);
const keyOf = (email) => email.trim().toLowerCase();

export function openUsers(folder) {
  const path = join(folder, "users.json");
  const users = readJson(path, []);
  const find = (email) => users.find((user) => user.email === keyOf(email));

  async function setPassword(user, password) {
    const salt = randomBytes(16).toString("base64");
    const hash = (await hashOf(password, salt)).toString("base64");
    Object.assign(user, { salt, hash });
  }

  return {
    find,
    byId: (id) => users.find((user) => user.id === id),

    /** Return the user if the password is right. An unknown address takes as long as a wrong password. */
    async check(email, password) {
      const user = find(email);
      const { salt, hash } = user ?? { salt: randomBytes(16).toString("base64"), hash: Buffer.alloc(32).toString("base64") };
      const isRight = timingSafeEqual(await hashOf(password, salt), Buffer.from(hash, "base64"));
      return user && isRight ? user : null;
    },

    /** Add a user; null if the address is taken. */
    async add({ email, name, password }) {
      const user = { id: randomUUID(), email: keyOf(email), name: name.trim(), createdAt: new Date().toISOString() };
      await setPassword(user, password);
      if (find(email)) return null;
      users.push(user);
      writeJson(path, users);
      return user;
    },

    async changePassword(user, password) {
      await setPassword(user, password);
      writeJson(path, users);
    },
  };
}
