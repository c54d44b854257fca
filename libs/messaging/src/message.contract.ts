/** Messages for those who decide from what became of them: the names of their streams, their events and how they fold. */
export {
  categoryOf,
  MESSAGE_EVENTS,
  type MessageEvent,
  MessageFailed,
  type MessageKind,
  messageKindSchema,
  MessageOutcomeUnknown,
  MessagePlanned,
  MessageReopened,
  MessageReplied,
  MessageSent,
  messageStream,
  type ReplyMeaning,
  replyMeaningSchema,
} from './message/message.events.js';
export { type KnownMessage, messageFold, type MessageState } from './message/message.state.js';
