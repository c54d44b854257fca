import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { decide, type MessageCommand } from './message.decider.js';
import type { MessageEvent } from './message.events.js';
import { evolveWith, messageFold, type MessageState, type PlannedMessage } from './message.state.js';

const NOW = '2026-05-12T09:00:00.000Z';
const planned: PlannedMessage = {
  ...{ messageId: newId(), kind: 'session-reminder', courseId: newId(), patientId: newId(), siteId: newId() },
  cause: { kind: 'session', sessionId: newId() },
  generation: 0,
  due: wallToInstant('2026-05-12T09:00', 'Europe/Istanbul'),
  expiresAt: '2026-05-13T06:00:00.000Z',
  facts: [],
};
const by = {
  ...({ transport: 'outbox', channel: 'email', language: 'en', templateHash: 'ab' } as const),
  idempotencyKey: newId(),
};
const plan: MessageCommand = { kind: 'plan', planned };
const attempt = (after: number): MessageCommand => ({ kind: 'attempt', after, by });
const sent = (of: number): MessageCommand => ({ kind: 'record-sent', attempt: of, providerReference: 'outbox/1' });

const apply = (state: MessageState, command: MessageCommand): MessageState =>
  decide(command, state, NOW).reduce((s, event) => evolveWith(s, event, NOW), state);
const given = (...commands: MessageCommand[]): MessageState => commands.reduce(apply, messageFold.initial);
const types = (events: readonly MessageEvent[]) => events.map(({ type }) => type);
const when = (state: MessageState, command: MessageCommand) => types(decide(command, state, NOW));

describe('a message', () => {
  it('[message.once] is planned once', () => {
    expect(when(given(), plan)).toEqual(['MessagePlanned']);
    expect(when(given(plan), plan)).toEqual([]);
  });

  it('is not touched before it was planned', () => {
    expect(when(given(), { kind: 'suppress', reason: 'superseded' })).toEqual([]);
    expect(when(given(), attempt(0))).toEqual([]);
  });

  it('goes from an attempt to sent', () => {
    expect(when(given(plan), attempt(0))).toEqual(['MessageAttempted']);
    expect(when(given(plan, attempt(0)), sent(1))).toEqual(['MessageSent']);
    expect(given(plan, attempt(0), sent(1))).toMatchObject({ status: 'sent', attempts: 1, sentAt: NOW });
  });

  it('[message.once] refuses an attempt of somebody who has seen fewer attempts than there are', () => {
    expect(when(given(plan, attempt(0)), attempt(0))).toEqual([]);
    expect(when(given(plan, attempt(0)), attempt(1))).toEqual(['MessageAttempted']);
  });

  it('[message.once] ignores the outcome of an attempt that was taken over', () => {
    const takenOver = given(plan, attempt(0), attempt(1));
    expect(when(takenOver, sent(1))).toEqual([]);
    expect(when(takenOver, { kind: 'record-failed', attempt: 1, problem: 'late' })).toEqual([]);
    expect(when(takenOver, sent(2))).toEqual(['MessageSent']);
  });

  it('[message.once] is not suppressed, expired or deferred once it was sent', () => {
    const state = given(plan, attempt(0), sent(1));
    expect(when(state, { kind: 'suppress', reason: 'session-cancelled' })).toEqual([]);
    expect(when(state, { kind: 'expire' })).toEqual([]);
    expect(when(state, attempt(1))).toEqual([]);
  });

  it('waits until a later time only', () => {
    const until = wallToInstant('2026-05-13T08:00', 'Europe/Istanbul');
    expect(when(given(plan), { kind: 'defer', until })).toEqual(['MessageDeferred']);
    expect(given(plan, { kind: 'defer', until })).toMatchObject({ status: 'pending', due: until, deferrals: 1 });
    expect(when(given(plan, { kind: 'defer', until }), { kind: 'defer', until })).toEqual([]);
    expect(when(given(plan), { kind: 'defer', until: planned.due })).toEqual([]);
  });

  it('[message.outcome-unknown] becomes unknown only where a provider was called', () => {
    const unknown: MessageCommand = { kind: 'record-unknown', attempt: 1, problem: 'no answer' };
    expect(when(given(plan), unknown)).toEqual([]);
    expect(when(given(plan, attempt(0)), unknown)).toEqual(['MessageOutcomeUnknown']);
  });
});

describe('a message that is held', () => {
  const hold = (...reasons: string[]): MessageCommand => ({ kind: 'hold', reasons });
  const until = wallToInstant('2026-05-13T08:00', 'Europe/Istanbul');

  it('[message.held] says why, once, and again when the reasons change', () => {
    expect(when(given(plan), hold('lot.recalled'))).toEqual(['MessageHeld']);
    expect(given(plan, hold('lot.recalled'))).toMatchObject({ status: 'pending', heldFor: ['lot.recalled'] });
    expect(when(given(plan, hold('lot.recalled')), hold('lot.recalled'))).toEqual([]);
    expect(when(given(plan, hold('lot.recalled')), hold('session.contraindication'))).toEqual(['MessageHeld']);
  });

  it('[message.released] is released by whatever goes on with it', () => {
    const held = given(plan, hold('lot.recalled'));
    expect(when(held, attempt(0))).toEqual(['MessageReleased', 'MessageAttempted']);
    expect(when(held, { kind: 'defer', until })).toEqual(['MessageReleased', 'MessageDeferred']);
    expect(given(plan, hold('lot.recalled'), attempt(0))).toMatchObject({ status: 'attempted', heldFor: undefined });
  });

  it('[message.released] expires with what it was held for, or is suppressed when its cause is gone', () => {
    const held = given(plan, hold('lot.recalled'));
    expect(decide({ kind: 'expire' }, held, NOW)).toMatchObject([
      { type: 'MessageExpired', data: { heldFor: ['lot.recalled'] } },
    ]);
    expect(when(held, { kind: 'suppress', reason: 'course-stopped' })).toEqual(['MessageSuppressed']);
  });

  it('[message.held] is held after an attempt that came to nothing as well', () => {
    expect(given(plan, attempt(0), hold('lot.recalled'))).toMatchObject({ status: 'pending', attempts: 1 });
  });

  it('[message.held] is not held once it is settled', () => {
    expect(when(given(plan, attempt(0), sent(1)), hold('lot.recalled'))).toEqual([]);
  });
});

describe('every command', () => {
  const commands = fc.oneof(
    fc.constant(plan),
    fc.constantFrom<MessageCommand>({ kind: 'suppress', reason: 'course-stopped' }, { kind: 'expire' }),
    fc.constantFrom<MessageCommand>(
      { kind: 'hold', reasons: ['lot.recalled'] },
      { kind: 'hold', reasons: ['lot.recalled', 'session.contraindication'] },
    ),
    fc.integer({ min: 0, max: 3 }).map(attempt),
    fc.integer({ min: 0, max: 3 }).map(sent),
    fc.integer({ min: 0, max: 3 }).map((n): MessageCommand => ({ kind: 'record-failed', attempt: n, problem: 'x' })),
    fc.integer({ min: 1, max: 3 }).map((n): MessageCommand => ({ kind: 'record-unknown', attempt: n, problem: 'x' })),
    fc.integer({ min: 1, max: 28 }).map((day): MessageCommand => {
      const until = wallToInstant(`2026-06-${String(day).padStart(2, '0')}T08:00`, 'Europe/Istanbul');
      return { kind: 'defer', until };
    }),
  );

  it('[message.once] adds nothing when it is repeated', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 12 }), commands, (before, command) => {
        const state = before.reduce(apply, messageFold.initial);
        expect(decide(command, apply(state, command), NOW)).toEqual([]);
      }),
    );
  });

  it('[message.once] leaves a settled message as it is', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 12 }), commands, (before, command) => {
        const state = before.reduce(apply, messageFold.initial);
        const open = ['none', 'pending', 'attempted'].includes(state.status);
        if (!open) expect(apply(state, command)).toBe(state);
      }),
    );
  });
});
