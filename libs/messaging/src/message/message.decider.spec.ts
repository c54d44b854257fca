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
    expect(when(given(plan), { kind: 'defer', until, reason: 'quiet-hours' })).toEqual(['MessageDeferred']);
    expect(given(plan, { kind: 'defer', until, reason: 'quiet-hours' })).toMatchObject({
      status: 'pending',
      due: until,
      deferrals: 1,
    });
    expect(
      when(given(plan, { kind: 'defer', until, reason: 'quiet-hours' }), {
        kind: 'defer',
        until,
        reason: 'quiet-hours',
      }),
    ).toEqual([]);
    expect(when(given(plan), { kind: 'defer', until: planned.due, reason: 'quiet-hours' })).toEqual([]);
  });

  it('is planned for another instant by newer rules of its zone, sooner as well, and that once', () => {
    const due = { ...planned.due, tzdb: '2099a', instant: '2026-05-12T05:00:00.000Z' };
    const again = { kind: 're-plan', due, expiresAt: '2026-05-13T05:00:00.000Z' } as const;
    expect(when(given(plan), again)).toEqual(['MessageReplanned']);
    expect(given(plan, again)).toMatchObject({
      ...{ status: 'pending', due, deferrals: 1 },
      planned: { due, expiresAt: again.expiresAt, generation: 0 },
    });
    expect(when(given(plan, again), again)).toEqual([]);
    expect(when(given(plan, attempt(0)), again)).toEqual([]);
    expect(when(given(plan, attempt(0), sent(1)), again)).toEqual([]);
  });

  it('is still held where newer rules move it', () => {
    const due = { ...planned.due, tzdb: '2099a', instant: '2026-05-12T07:00:00.000Z' };
    const held = given(plan, { kind: 'hold', reasons: ['session.held'] });
    const moved = apply(held, { kind: 're-plan', due, expiresAt: '2026-05-13T07:00:00.000Z' });
    expect(moved).toMatchObject({ status: 'pending', heldFor: ['session.held'], due });
  });

  it('[message.outcome-unknown] becomes unknown only where a provider was called', () => {
    const unknown: MessageCommand = { kind: 'record-unknown', attempt: 1, problem: 'no answer' };
    expect(when(given(plan), unknown)).toEqual([]);
    expect(when(given(plan, attempt(0)), unknown)).toEqual(['MessageOutcomeUnknown']);
  });
});

describe('a message that its provider did not take', () => {
  const retryAt = wallToInstant('2026-05-12T12:05', 'Europe/Istanbul');
  const refused = (of: number): MessageCommand => ({ kind: 'record-refused', attempt: of, problem: '451', retryAt });

  it('[message.refused] is pending again, and due when the provider is to be asked', () => {
    expect(when(given(plan, attempt(0)), refused(1))).toEqual(['MessageRefused']);
    const again = given(plan, attempt(0), refused(1));
    expect(again).toMatchObject({ status: 'pending', due: retryAt, deferrals: 1, attempts: 1, refusals: 1 });
    expect(when(again, refused(1))).toEqual([]);
    expect(when(again, attempt(1))).toEqual(['MessageAttempted']);
  });

  it('[message.refused] is not put back by somebody whose attempt was taken over', () => {
    expect(when(given(plan, attempt(0), attempt(1)), refused(1))).toEqual([]);
  });
});

describe('a message of which nobody knows whether it was sent', () => {
  const unknown = given(plan, attempt(0), { kind: 'record-unknown', attempt: 1, problem: 'no answer' });

  it('[message.outcome-unknown] was sent when the provider says so later, and that once', () => {
    expect(when(unknown, sent(1))).toEqual(['MessageSent']);
    expect(when(apply(unknown, sent(1)), sent(1))).toEqual([]);
    expect(when(unknown, sent(2))).toEqual([]);
  });

  it('[message.outcome-unknown] is not tried again by itself', () => {
    expect(when(unknown, attempt(1))).toEqual([]);
    expect(when(unknown, { kind: 'suppress', reason: 'course-stopped' })).toEqual([]);
  });

  it('[message.reopened] goes again where somebody lets it, under a later attempt', () => {
    expect(when(unknown, { kind: 'reopen' })).toEqual(['MessageReopened']);
    const reopened = apply(unknown, { kind: 'reopen' });
    expect(reopened).toMatchObject({ status: 'pending', deferrals: 1, attempts: 1 });
    expect(when(reopened, { kind: 'reopen' })).toEqual([]);
    expect(when(reopened, attempt(1))).toEqual(['MessageAttempted']);
    expect(when(given(plan), { kind: 'reopen' })).toEqual([]);
  });

  it('[message.doubted] is one, too, that was due after the backup that the system was restored from', () => {
    const doubted = given(plan, { kind: 'doubt', problem: 'restored' });
    expect(doubted).toMatchObject({ status: 'unknown', attempts: 0, openAttempt: undefined });
    // No attempt is on record here that could have been accepted; only the provider can say that it has it.
    expect(when(doubted, sent(0))).toEqual([]);
    const receipt: MessageCommand = {
      ...({ kind: 'record-sent', attempt: 0, providerReference: 'SM1' } as const),
      by: { transport: 'twilio', channel: 'sms' },
    };
    expect(when(doubted, receipt)).toEqual(['MessageSent']);
    expect(when(given(plan), receipt)).toEqual([]);
    expect(when(given(plan, attempt(0), sent(1)), { kind: 'doubt', problem: 'restored' })).toEqual([]);
  });
});

describe('what comes back after a message was sent', () => {
  const retryAt = wallToInstant('2026-05-12T12:05', 'Europe/Istanbul');
  const refused: MessageCommand = { kind: 'record-refused', attempt: 1, problem: '451', retryAt };
  const report = (status: 'delivered' | 'undelivered'): MessageCommand => ({
    ...({ kind: 'report-delivery', reference: 'outbox/1', status } as const),
  });
  const state = given(plan, attempt(0), sent(1));

  it('[message.receipts] comes to the same, however often and in whatever order it is said', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['delivered', 'undelivered', 'delivered', 'undelivered'] as const), (reports) => {
        const after = reports.map(report).reduce(apply, state);
        const expected = reports.includes('delivered') ? 'delivered' : (reports[0] ?? 'not-reported');
        expect(after).toMatchObject({ status: 'sent', delivery: expected });
      }),
    );
    expect(when(given(plan), report('delivered'))).toEqual([]);
    // Of a call before the one that counts.
    expect(when(state, { kind: 'report-delivery', reference: 'other', status: 'undelivered' })).toEqual([]);
  });

  it('[message.receipts] settles a message that somebody has let go again meanwhile', () => {
    const reopened = given(
      plan,
      attempt(0),
      { kind: 'record-unknown', attempt: 1, problem: 'no answer' },
      { kind: 'reopen' },
    );
    expect(when(reopened, sent(1))).toEqual(['MessageSent']);
    expect(when(given(plan, attempt(0), refused), sent(1))).toEqual([]);
  });

  it('[message.refused] sets right who has taken an attempt for unknown', () => {
    const unknown = given(plan, attempt(0), { kind: 'record-unknown', attempt: 1, problem: 'no answer' });
    expect(when(unknown, refused)).toEqual(['MessageRefused']);
    expect(when(unknown, { kind: 'record-failed', attempt: 1, problem: '550' })).toEqual(['MessageFailed']);
  });

  it('[message.reopened] lets go again what was given up', () => {
    const failed = given(plan, attempt(0), { kind: 'record-failed', attempt: 1, problem: '550' });
    expect(when(failed, { kind: 'reopen' })).toEqual(['MessageReopened']);
    expect(apply(failed, { kind: 'reopen' })).toMatchObject({ status: 'pending', refusals: 0 });
  });

  it('[message.replies] is kept, and a link that is followed twice is one answer', () => {
    const reply = (via: 'sms' | 'link'): MessageCommand => ({ kind: 'reply', meaning: 'well', via, text: null });
    expect(when(state, reply('link'))).toEqual(['MessageReplied']);
    expect(when(apply(state, reply('link')), reply('link'))).toEqual([]);
    expect(apply(state, reply('sms'))).toMatchObject({ status: 'sent', replies: ['well'] });
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
    expect(when(held, { kind: 'defer', until, reason: 'quiet-hours' })).toEqual(['MessageReleased', 'MessageDeferred']);
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
      return { kind: 'defer', until, reason: 'quiet-hours' };
    }),
    fc.integer({ min: 1, max: 3 }).map((n): MessageCommand => {
      const retryAt = wallToInstant('2026-06-01T08:00', 'Europe/Istanbul');
      return { kind: 'record-refused', attempt: n, problem: 'x', retryAt };
    }),
    fc.constant<MessageCommand>({ kind: 'doubt', problem: 'x' }),
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
        // Of an unknown one the provider may still say what became of it.
        if (!open && state.status !== 'unknown') expect(apply(state, command)).toBe(state);
      }),
    );
  });
});
