import type { Upcaster } from '#libs/event-store/src/event-type.js';

/** From version 1 to 2 of `EntrySigned`: of what was signed before, nobody knows more than that a sign-in was fresh. */
export const withoutProof: Upcaster = (data) => ({
  ...data,
  leafHash: null,
  signInBy: null,
  passkey: null,
});
