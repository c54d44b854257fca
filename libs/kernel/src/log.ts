import { pino } from 'pino';

/** Structured log: first the facts, then one constant sentence. Never bodies, addresses with values or names. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** The level that PISTOR_LOG names, else `otherwise` (`warn` for the CLI, `info` for servers). */
export function logLevel(otherwise: LogLevel, named: string | undefined = process.env['PISTOR_LOG']): LogLevel {
  return LEVELS.find((level) => level === named?.toLowerCase()) ?? otherwise;
}

/**
 * A log of JSON lines on stderr, one object a line: whatever a value holds, it cannot start a line of its own. Written
 * at once, so that the last line before a crash is there.
 */
export function createLog(app: string, level: LogLevel, write?: (line: string) => void): Log {
  const destination = write ? { write } : pino.destination({ dest: 2, sync: true });
  const serializers = { err: (error: unknown) => describeError(error) };
  const options = { level, serializers, base: { app, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, destination);
}

/** For tests, and for places that have nothing to say. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface ErrorDescription {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly frames: readonly string[];
  readonly cause?: ErrorDescription;
}

const FRAMES_MAX = 20;

/**
 * What of an error may stand in a log. Messages of parsers and of the database quote the values they stumbled over, so
 * of those only name, code and place are kept.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const { code } = error as { code?: unknown };
  const quotes = error.name === 'SyntaxError' || 'severity' in error || 'routine' in error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!quotes && { message: error.message }),
    frames: frames.slice(0, FRAMES_MAX).map((frame) => frame.trim()),
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  };
}
