const GOOD = new Set(['ok', 'up', 'ready', 'pass', 'healthy', 'true']);

/** A check is a word, a flag, or an object with a `status`. */
function statusOf(check: unknown): string {
  if (typeof check === 'object' && check !== null) {
    const { status, ok } = check as { status?: unknown; ok?: unknown };
    return String((status ?? ok ?? '') as string);
  }
  return String(check as string);
}

export const isGood = (check: unknown): boolean => GOOD.has(statusOf(check).toLowerCase());

/** The check in words, with what else it says. */
export function checkText(check: unknown): string {
  if (typeof check !== 'object' || check === null) return check === true ? 'ok' : statusOf(check);
  const rest = Object.entries(check)
    .filter(([name, value]) => name !== 'status' && name !== 'ok' && ['string', 'number'].includes(typeof value))
    .map(([name, value]) => (name === 'detail' ? '' : `${name} `) + String(value as string | number));
  const status = statusOf(check);
  return [status === 'true' ? 'ok' : status, ...rest].filter(Boolean).join(', ');
}
