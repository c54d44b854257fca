/** What those need who plan a message in one append with the time that it proposes, and hear what the patient answers. */
export type { ClockStop } from './clock/clock-stop.js';
export type { HeldTime, HeldTimes } from './dispatch/held-times.js';
export { consultationWithdrawals } from './dispatch/consent-withdrawals.js';
export { InvitationCounted, invitationStream } from './message/invitation.events.js';
export { cappedUntil, invitationFold } from './message/invitation.state.js';
export { decide as decideMessage } from './message/message.decider.js';
export { MessageReplied, messageStream } from './message/message.events.js';
export { messageFold } from './message/message.state.js';
export { type Allowed, allowedFrom } from './plan/allowed-from.js';
export { keyOf, messageIdOf } from './plan/desired-message.js';
export { spansOf } from './plan/opening-hours.js';
export type { SlotAnswers } from './inbound/slot-answers.js';
export { inGroups } from './reactor/in-groups.js';
export { Ticker } from './ticker.js';
