// What a form's action returns to its page: a message, errors by field, and what was entered.

export interface FormState {
  ok: boolean;
  message: string;
  errors: Record<string, string>;
  values: Record<string, string>;
}

export const EMPTY: FormState = { ok: false, message: "", errors: {}, values: {} };
