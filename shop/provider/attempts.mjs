// Limits how often something may fail: per key, within a window of time.

const MAX_KEYS = 10_000;

export function limiter(max, window_ms) {
  const failures = new Map();
  const recent = (key) => (failures.get(key) ?? []).filter((at) => at > Date.now() - window_ms);
  return {
    isBlocked: (key) => recent(key).length >= max,
    fail(key) {
      if (failures.size >= MAX_KEYS) failures.delete(failures.keys().next().value);
      failures.set(key, [...recent(key), Date.now()]);
    },
    clear: (key) => failures.delete(key),
  };
}
