import { Unavailable } from '#libs/kernel/src/errors.js';

/**
 * Classes of SQLSTATE that speak of the server and not of the statement: connection, resources, input/output, a
 * statement that took too long (57014), a server that is read-only after a failover (25006).
 */
const SQLSTATE_OF_SERVER = /^(?:08...|53...|58030|57P0.|57014|25P03|25006)$/;

/** Deadlock, serialization failure, lock not to be had: this transaction was given up for another one. */
const COLLISIONS: ReadonlySet<unknown> = new Set(['40P01', '40001', '55P03']);

/** Was the transaction rolled back only because of another one? Then the same again may succeed. */
export const isCollision = (error: unknown): boolean =>
  isErrorLike(error) && COLLISIONS.has((error as { code?: unknown }).code);

/** Codes of node and of the operating system that mean the same. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** The driver reports these without any code. */
const MESSAGES =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed and is not queryable|Cannot use a pool after calling end)/;

/** Is this an error of the database as such, after which its connection cannot be trusted any more? */
export function isDatabaseLost(error: unknown): boolean {
  if (!(error instanceof Error) && !isErrorLike(error)) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (SQLSTATE_OF_SERVER.test(code) || SYSTEM_CODES.has(code))) return true;
  // The socket file of a server that is not running.
  if (code === 'ENOENT' && (error as { syscall?: unknown }).syscall === 'connect') return true;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseLost);
  return typeof message === 'string' && MESSAGES.test(message);
}

/** Maps a lost, full or closing database to Unavailable and passes everything else through unchanged. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof Unavailable || !isDatabaseLost(error)) return error;
  const { code, message } = error as { code?: string; message: string };
  const reason = [code, message].filter(Boolean).join(' ');
  return new Unavailable('database.unavailable', `The database cannot be used now: ${reason}`, { cause: error });
}

/** Errors cross realms (worker threads, test runners), where instanceof does not hold. */
function isErrorLike(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'message' in error;
}
