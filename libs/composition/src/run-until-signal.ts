import { PistorError } from '#libs/kernel/src/errors.js';

/** How long an orderly end may take, within the patience of Docker; what is under way then is as safe as after a crash. */
const CLOSE_MS_MAX = 8_000;
const FAILED_MS_MAX = 2_000;

/**
 * Runs something until SIGINT or SIGTERM, then closes it in order. A second signal ends it at once.
 * @param start gives back how to close what it started
 */
export async function runUntilSignal(start: () => Promise<() => Promise<void>>): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
  try {
    const close = await start();
    await signalled;
    setTimeout(() => process.exit(1), CLOSE_MS_MAX).unref();
    await close();
  } catch (error) {
    tellFailure(error);
    process.exitCode = 1;
    // Something that was opened and not closed must not keep a process that failed to start.
    setTimeout(() => process.exit(1), FAILED_MS_MAX);
  }
}

/** What a person at a terminal can use: the sentence for an error that is meant for them, all of it for a bug. */
export function tellFailure(error: unknown): void {
  if (error instanceof PistorError) {
    process.stderr.write(`${error.message}\n`);
    for (const { field, message } of error.fields) process.stderr.write(`  ${field}: ${message}\n`);
  } else {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
