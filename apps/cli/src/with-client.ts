import type { Client } from './client.js';
import { openClient, type TargetOptions } from './target.js';

/** How long an orderly end may take; what is under way by then is as safe as after a crash. */
const CLOSE_MS_MAX = 20_000;

/** 128 and the number of the signal, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof EXIT_CODES;

export interface ClientOptions extends TargetOptions {
  /** Makes the data folder when there is none. */
  readonly mayCreate?: boolean;
  /** What to say when a signal ended it. */
  readonly onInterrupted?: string;
  /** It goes on until a signal ends it, which is no failure then. */
  readonly untilInterrupted?: boolean;
}

/** Runs a command. SIGINT and SIGTERM end what is under way and close the data in order; a second one ends at once. */
export function withClient(
  options: ClientOptions,
  run: (client: Client, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return withSignal(options, async (signal) => {
    const client = await openClient(options, signal);
    await run(client, signal).finally(() => client.close());
  });
}

/** As `withClient`, for a command that opens what it needs itself. */
export async function withSignal(
  options: Pick<ClientOptions, 'onInterrupted' | 'untilInterrupted'>,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  let code: number | undefined;
  const onSignal = (signal: Signal) => {
    if (code !== undefined) process.exit(code);
    code = options.untilInterrupted ? 0 : EXIT_CODES[signal];
    stop.abort();
    setTimeout(() => process.exit(code), CLOSE_MS_MAX).unref();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await run(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    if (options.onInterrupted !== undefined) process.stderr.write(`${options.onInterrupted}\n`);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    if (code !== undefined) process.exitCode = code;
  }
}
