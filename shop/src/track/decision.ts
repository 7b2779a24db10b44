// The visitor's decision on tracking, and the cookie that holds it. The banner writes it, the server reads it.

export type Decision = "granted" | "declined";

export const CONSENT_COOKIE = "cs_consent";
export const CONSENT_MAX_AGE_S = 180 * 86_400;
