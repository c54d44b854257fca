import type { Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import {
  decideMessage,
  keyOf,
  messageFold,
  messageIdOf,
  messageStream,
} from '#libs/messaging/src/proposals.contract.js';
import { diaryStream, TimeFreed } from '../diary/diary.events.js';
import { diaryFold } from '../diary/diary.state.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { SlotEvent } from './slot.events.js';
import type { HeldTime } from './slot.state.js';

/** That a time is held is told at once, and once more half way to its end. */
const TELLINGS = [0, 1] as const;

const causeOf = ({ ordinal, slotId }: HeldTime) => ({ kind: 'maintenance-slot' as const, ordinal, slotId });

const messageIdAt = (slot: HeldTime, generation: number): Id => {
  const key = { kind: 'maintenance-proposal', cause: causeOf(slot), generation, precaution: undefined } as const;
  return messageIdOf(slot.courseId, keyOf(key, slot.patientId));
};

/** The messages that propose a time. Both are of no use from the end of the hold on. */
export function proposals(slot: HeldTime, now: Instant, facts: readonly string[]): StreamEvents[] {
  const { courseId, patientId, siteId, heldUntil, at } = slot;
  const halfMs = (Date.parse(heldUntil) - Date.parse(now)) / 2;
  return TELLINGS.map((generation) => {
    const messageId = messageIdAt(slot, generation);
    const due = zonedTime(new Date(Date.parse(now) + generation * Math.floor(halfMs)).toISOString(), at.zone);
    const planned = {
      ...{ messageId, kind: 'maintenance-proposal' as const, courseId, patientId, siteId, cause: causeOf(slot) },
      ...{ generation, due, expiresAt: heldUntil, facts: [...facts] },
    };
    const events = decideMessage({ kind: 'plan', planned }, messageFold.initial, now);
    return { stream: messageStream(messageId), expectedRevision: 'no-stream' as const, events };
  });
}

/**
 * What goes with the events of a slot, in the same append: a time that is released is free for others, and what was not
 * said of it yet is not said any more. A message that is being sent is left to whoever sends it.
 */
export async function consequences(
  reads: Reads,
  slot: HeldTime,
  events: readonly SlotEvent[],
): Promise<StreamEvents[]> {
  const { type } = events.find((event) => event.type in SUPPRESSED_BY) ?? {};
  if (type === undefined) return [];
  const reason = SUPPRESSED_BY[type as keyof typeof SUPPRESSED_BY];
  const messages = await Promise.all(
    TELLINGS.map(async (generation) => {
      const stream = messageStream(messageIdAt(slot, generation));
      const { state } = await reads.load(stream, messageFold);
      if (state.status !== 'pending') return [];
      return [{ stream, events: decideMessage({ kind: 'suppress', reason }, state, reads.now) }];
    }),
  );
  return [...(type === 'SlotReleased' ? await freed(reads, slot) : []), ...messages.flat()];
}

const SUPPRESSED_BY = {
  SlotReleased: 'slot-released',
  SlotConfirmed: 'maintenance-booked',
  // The patient has said yes, and needs no reminder of the question.
  SlotAccepted: 'already-told',
} as const;

async function freed(reads: Reads, { siteId, at, slotId }: HeldTime): Promise<StreamEvents[]> {
  const date = at.wall.slice(0, 10);
  const stream = diaryStream(siteId, date);
  const { state } = await reads.load(stream, diaryFold);
  if (!state.some((each) => each.slotId === slotId)) return [];
  return [{ stream, events: [TimeFreed(occurredNow(reads.now), { siteId, date, slotId })] }];
}
