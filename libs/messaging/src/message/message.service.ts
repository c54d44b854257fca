import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Conflict, NotFound } from '#libs/kernel/src/errors.js';
import { isId } from '#libs/kernel/src/ids.js';
import { decide, type MessageCommand } from './message.decider.js';
import { messageStream } from './message.events.js';
import { type KnownMessage, messageFold } from './message.state.js';

/** What people decide of a message of which nobody knows whether it was sent, or that was given up. */
@Injectable()
export class MessageService {
  constructor(private readonly runner: CommandRunner) {}

  /**
   * Lets it go again: what kept it from going is mended, or somebody has made sure that it did not arrive, or takes it
   * upon them that it comes twice.
   * @throws NotFound `message.unknown`; Conflict `message.not-unknown`
   */
  reopen(meta: CommandMeta, messageId: string): Promise<CommandAnswer> {
    return this.decided(meta, messageId, ['unknown', 'failed'], () => ({ kind: 'reopen' }));
  }

  /**
   * Somebody has made sure that it was sent.
   * @throws NotFound `message.unknown`; Conflict `message.not-unknown`, `message.never-attempted`
   */
  confirmSent(meta: CommandMeta, messageId: string, reference: string): Promise<CommandAnswer> {
    return this.decided(meta, messageId, ['unknown'], (state) => {
      if (state.openAttempt === undefined) {
        throw new Conflict(
          'message.never-attempted',
          'No attempt to send it is on record here, so it cannot be said to have been sent. Let it go again, or leave it unknown.',
        );
      }
      return { kind: 'record-sent', attempt: state.attempts, providerReference: reference };
    });
  }

  private async decided(
    meta: CommandMeta,
    messageId: string,
    statuses: readonly KnownMessage['status'][],
    command: (state: KnownMessage) => MessageCommand,
  ): Promise<CommandAnswer> {
    if (!isId(messageId)) throw unknownMessage();
    const stream = messageStream(messageId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, messageFold);
      if (state.status === 'none') throw unknownMessage();
      if (!statuses.includes(state.status)) {
        throw new Conflict(
          'message.not-unknown',
          `Only a message that is ${statuses.join(' or ')} can be decided by hand; this one is ${state.status}.`,
          { data: { status: state.status } },
        );
      }
      return [{ stream, events: decide(command(state), state, reads.now) }];
    });
    return { id: messageId, ...result };
  }
}

const unknownMessage = () => new NotFound('message.unknown', 'There is no such message.');
