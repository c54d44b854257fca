import type { LoggerService } from '@nestjs/common';
import { describeError, type Log } from '#libs/kernel/src/log.js';

/** Nest tells of every module, controller and route at start: of use to who looks for a fault, to nobody else. */
const CHATTY: ReadonlySet<string> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's own messages as JSON lines. */
export class NestLogger implements LoggerService {
  constructor(private readonly to: Log) {}

  log(message: unknown, ...more: unknown[]): void {
    const { facts, text } = read(message, more);
    if (CHATTY.has(facts.context ?? '')) this.to.debug(facts, text);
    else this.to.info(facts, text);
  }

  error(message: unknown, ...more: unknown[]): void {
    const { facts, text } = read(message, more);
    this.to.error(facts, text);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.error(message, ...more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    const { facts, text } = read(message, more);
    this.to.warn(facts, text);
  }

  debug(message: unknown, ...more: unknown[]): void {
    const { facts, text } = read(message, more);
    this.to.debug(facts, text);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.debug(message, ...more);
  }
}

/** Nest gives the context as the last text, and for errors a stack before it. */
function read(
  message: unknown,
  more: readonly unknown[],
): { facts: { context?: string; error?: object }; text: string } {
  const last = more.at(-1);
  const context = typeof last === 'string' && !last.includes('\n') ? last : undefined;
  const error = [message, ...more].find((each) => each instanceof Error);
  const facts = {
    ...(context !== undefined && { context }),
    ...(error !== undefined && { error: describeError(error) }),
  };
  return { facts, text: typeof message === 'string' ? message : 'nest' };
}
