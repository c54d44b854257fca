import type { Provider, Type } from '@nestjs/common';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { Id } from '#libs/kernel/src/ids.js';
import type { CommandMeta, CommandResult } from './command-runner.js';

/** What every command answers: the id of the thing it made or changed, its new revision, and where the log stands. */
export interface CommandAnswer extends CommandResult {
  readonly id: Id;
}

/** A command on the bus: who wants it under which id, what it is about (ids of the path), and what is asked. */
export abstract class CommandOf<Data, Target = undefined> extends Command<CommandAnswer> {
  constructor(
    readonly meta: CommandMeta,
    readonly data: Data,
    readonly target: Target,
  ) {
    super();
  }
}

/**
 * The handler of one command, as one line: which service does it, and how.
 *
 * @example handle(BookSession, CourseService, (courses, { meta, target, data }) => courses.book(meta, target, data))
 */
export function handle<C extends Command<CommandAnswer>, Service>(
  command: new (...args: never[]) => C,
  service: Type<Service>,
  run: (service: Service, command: C) => Promise<CommandAnswer>,
): Provider {
  class Handler {
    constructor(private readonly instance: Service) {}

    execute(given: C): Promise<CommandAnswer> {
      return run(this.instance, given);
    }
  }
  // What the decorators of a class written out by hand would have said.
  Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
  Reflect.defineMetadata('design:paramtypes', [service], Handler);
  CommandHandler(command)(Handler);
  return Handler;
}
