import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits, as text: nobody guesses it, so that a fast hash keeps it. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Whether a text is the secret that a hash was made of, in the same time for any wrong one. */
export function isSecret(text: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(text)), Buffer.from(hash));
}
