import { exactDurationMs } from '#libs/kernel/src/iso-duration.js';
import { type AftercarePlan, aftercarePlan } from '../aftercare.rule.js';
import type { MessageRule } from '../message-rule.schema.js';
import type { Protocol } from '../protocol.schema.js';
import { DAY_MS, isSurelyLonger, lengthsOf } from './durations.lint.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

/** Each message rule speaks of something that the protocol has, and at a time when it helps. */
export function messageFindings(protocol: Protocol): ProtocolFinding[] {
  // Any instant will do: whether a line is there, and whether one ever ends, hangs on none.
  const plan = aftercarePlan(protocol, '2024-01-01T00:00:00.000Z');
  return protocol.messages.flatMap((message, index) => {
    const path = `messages.${index}`;
    return [
      ...causeFindings(plan, message, path),
      ...noticeFindings(protocol, message, path),
      ...timeFindings(protocol, message, path),
    ];
  });
}

function causeFindings({ lines, allClearAt }: AftercarePlan, { kind }: MessageRule, path: string): ProtocolFinding[] {
  if (kind === 'aftercare' && lines.length === 0) {
    return [finding('message-without-cause', path, 'The protocol has no aftercare to tell.')];
  }
  return kind === 'all-clear' && allClearAt === null
    ? [finding('message-without-cause', path, 'Nothing in the aftercare ends, so that there is no all-clear.')]
    : [];
}

function noticeFindings({ preSession }: Protocol, message: MessageRule, path: string): ProtocolFinding[] {
  if (message.kind !== 'precaution-notice') return [];
  const precaution = preSession.precautions.find(({ code }) => code === message.precaution);
  if (!precaution) return [finding('unknown-precaution', path, `No precaution has the code ${message.precaution}.`)];
  return exactDurationMs(message.before) < exactDurationMs(precaution.before)
    ? [finding('notice-too-late', path, `The notice comes when ${precaution.code} should already be kept.`)]
    : [];
}

function timeFindings({ intervalDays }: Protocol, message: MessageRule, path: string): ProtocolFinding[] {
  const { usefulFor } = message;
  const before = 'before' in message ? message.before : null;
  const isLate = message.kind === 'check-in' && lengthsOf(message.after).minMs > intervalDays.max * DAY_MS;
  return [
    ...(before !== null && usefulFor !== null && isSurelyLonger(usefulFor, before)
      ? [finding('useful-too-long', `${path}.usefulFor`, 'What it announces is over before the message is too old.')]
      : []),
    ...(isLate
      ? [finding('message-outside-series', `${path}.after`, 'The check-in comes after the next session.', ['S4-R1'])]
      : []),
  ];
}
