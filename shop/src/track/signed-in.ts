// A mark that the server leaves after a sign-in, so that the next page tracks login_success once. It holds no secret.

export const SIGNED_IN_COOKIE = "cs_signed_in";
export const SIGNED_IN_MAX_AGE_S = 60;
