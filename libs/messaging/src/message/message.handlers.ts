import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import { MessageService } from './message.service.js';

interface OfMessage {
  readonly message: string;
}

export class ReopenMessage extends CommandOf<object, OfMessage> {}
export class ConfirmMessageSent extends CommandOf<{ readonly reference: string }, OfMessage> {}

export const MESSAGE_HANDLERS = [
  handle(ReopenMessage, MessageService, (messages, { meta, target }) => messages.reopen(meta, target.message)),
  handle(ConfirmMessageSent, MessageService, (messages, { meta, target, data }) =>
    messages.confirmSent(meta, target.message, data.reference),
  ),
];
