/** What messages a course would bring, for those who ask without planning any. */
export { type MessageKind, messageKindSchema } from './message/message.events.js';
export {
  type ComparedMessages,
  compareMessages,
  type ReplayedMessage,
  replayedMessages,
  replayedRules,
  type ReplayedRules,
  type ReplayPlace,
} from './plan/replayed-messages.js';
