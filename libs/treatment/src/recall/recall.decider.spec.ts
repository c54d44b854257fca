import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import fc from 'fast-check';
import { decideRecall, type Notice, type RecallCommand } from './recall.decider.js';
import { type RecallEvent, recallIdOf, recallStream, type RecallStreamEvent } from './recall.events.js';
import { isRecalledOn, recallFold, type RecallState } from './recall.state.js';

const NOW = '2026-03-10T12:00:00.000Z';
const [chainId, ipek, john] = [newId(), newId(), newId()];
const PRODUCT = 'GlowMeso HA';
const recallId = recallIdOf(chainId, PRODUCT, 'L1');
const reason = { code: 'typing-error', reference: 'T-17' } as const;
const NOTICE: Notice = { gtin: '8690000000012', recalledOn: '2026-03-01', reference: 'FSN-42', cause: 'sterility' };

const idOf = (n: number) => `0199a0b1-c2d3-7e4f-8a5b-${String(n).padStart(12, '0')}`;
const stateOf = (events: readonly NewEvent[]): RecallState => {
  const recorded = events.map((event, n) => ({ ...event, recordedAt: NOW, position: n, header: { id: idOf(n) } }));
  const history = effectiveHistory(recorded as unknown as RecordedEvent[]) as RecordedEvent<RecallEvent>[];
  return history.reduce(recallFold.evolve, recallFold.initial);
};
const decide = (given: readonly NewEvent[], command: RecallCommand): RecallStreamEvent[] =>
  decideRecall(command, stateOf(given), NOW);
const after = (given: readonly NewEvent[], ...commands: readonly RecallCommand[]): NewEvent[] =>
  commands.reduce<NewEvent[]>((events, command) => [...events, ...decide(events, command)], [...given]);

/** The rules that refuse a command, after checking that each says everything a caller needs. */
function refusedBy(given: readonly NewEvent[], command: RecallCommand): string[] {
  try {
    decide(given, command);
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    for (const field of error.fields) expect(field).toMatchObject({ facts: [], accepted: expect.any(String) });
    return error.fields.map(({ rule }) => String(rule));
  }
  return [];
}

const recall = (more: Partial<Notice> = {}): RecallCommand => ({
  type: 'RecallLot',
  ...{ recallId, product: PRODUCT, lotNumber: 'L1', notice: { ...NOTICE, ...more } },
});
const lift = (liftedOn = '2026-03-05', reference = 'FSN-42b'): RecallCommand => ({
  type: 'LiftRecall',
  liftedOn,
  reference,
});
const tell = (patientIds: readonly (string | null)[], on = '2026-03-02'): RecallCommand => ({
  type: 'TellPatients',
  ...{ patientIds, on, how: 'phone' },
});
const correct = (entryId: string, data: Extract<RecallCommand, { type: 'CorrectEntry' }>['data']): RecallCommand => ({
  type: 'CorrectEntry',
  ...{ entryId, data, reason },
});
const retract = (entryId: string): RecallCommand => ({ type: 'RetractEntry', entryId, reason });

it('has one stream for each product and lot number of a chain, and never the same for two', () => {
  expect(recallStream(chainId, PRODUCT, 'L1')).toBe(`recall-${recallId}`);
  const names = fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }));
  fc.assert(
    fc.property(names, names, ([a, b], [c, d]) => {
      fc.pre(![a, b, c, d].some((name) => name.includes('\0')));
      expect(recallIdOf(chainId, a, b) === recallIdOf(chainId, c, d)).toBe(a === c && b === d);
    }),
  );
  expect(recallIdOf(chainId, 'a/b', 'c')).not.toBe(recallIdOf(chainId, 'a', 'b/c'));
});

describe('a recall', () => {
  it('keeps its notice, and holds from its day on', () => {
    const events = after([], recall());
    expect(events).toMatchObject([
      { type: 'LotRecalled', occurredAt: { precision: 'day' }, data: { gtin: '08690000000012', reference: 'FSN-42' } },
    ]);
    const state = stateOf(events);
    expect(['2026-02-28', '2026-03-01', '2027-01-01'].map((on) => isRecalledOn(state, on))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('[recall.once] is said once; the same again adds nothing, anything else is refused', () => {
    const once = after([], recall());
    expect(decide(once, recall())).toEqual([]);
    expect(decide(once, recall({ gtin: '08690000000012' }))).toEqual([]);
    expect(refusedBy(once, recall({ cause: 'labelling' }))).toEqual(['recall.once']);
  });

  it('[recall.in-future] [recall.gtin] is refused with all that is wrong in it', () => {
    expect(refusedBy([], recall({ recalledOn: '2026-03-12', gtin: '12' }))).toEqual([
      'recall.in-future',
      'recall.gtin',
    ]);
    // It is the eleventh already where the day begins first.
    expect(refusedBy([], recall({ recalledOn: '2026-03-11' }))).toEqual([]);
  });
});

describe('the lifting of a recall', () => {
  it('lets the lot be used from its day on, and leaves the days of the recall what they were', () => {
    const state = stateOf(after([], recall(), lift()));
    const days = ['2026-02-28', '2026-03-01', '2026-03-04', '2026-03-05'];
    expect(days.map((on) => isRecalledOn(state, on))).toEqual([false, true, true, false]);
    expect(state).toMatchObject({ status: 'lifted', liftedOn: '2026-03-05' });
  });

  it('[recall.not-recalled] is of a recall that holds, and not before its day', () => {
    expect(refusedBy([], lift())).toEqual(['recall.not-recalled']);
    expect(refusedBy(after([], recall()), lift('2026-02-28'))).toEqual(['recall.not-recalled']);
    const lifted = after([], recall(), lift());
    expect(decide(lifted, lift())).toEqual([]);
    expect(refusedBy(lifted, lift('2026-03-06'))).toEqual(['recall.not-recalled']);
  });

  it('lets the lot be recalled again, and both times hold', () => {
    const again = after([], recall(), lift(), recall({ recalledOn: '2026-03-08', reference: 'FSN-43' }));
    const state = stateOf(again);
    const days = ['2026-03-04', '2026-03-06', '2026-03-08'];
    expect(days.map((on) => isRecalledOn(state, on))).toEqual([true, false, true]);
    expect(decide(again, recall({ recalledOn: '2026-03-08', reference: 'FSN-43' }))).toEqual([]);
  });
});

describe('the telling of patients', () => {
  it('is recorded for each, once for a day and a way', () => {
    const told = after([], recall(), tell([ipek, john, ipek]));
    expect(told.slice(1).map(({ data }) => (data as { patientId: string }).patientId)).toEqual([ipek, john]);
    expect(decide(told, tell([john]))).toEqual([]);
    expect(decide(told, tell([john, newId()]))).toHaveLength(1);
    expect(decide(told, tell([john], '2026-03-03'))).toHaveLength(1);
  });

  it('goes on after the recall was lifted: they are told of that, too', () => {
    expect(decide(after([], recall(), lift()), tell([ipek], '2026-03-06'))).toHaveLength(1);
  });

  it('[recall.patient-unknown] names everybody who is no patient, and records nobody', () => {
    expect(refusedBy(after([], recall()), tell([ipek, null, null]))).toEqual([
      'recall.patient-unknown',
      'recall.patient-unknown',
    ]);
  });

  it('[recall.told-early] is refused before the recall, and in the future', () => {
    const given = after([], recall());
    expect(refusedBy(given, tell([ipek], '2026-02-28'))).toEqual(['recall.told-early']);
    expect(refusedBy(given, tell([ipek], '2026-03-12'))).toEqual(['recall.in-future']);
    expect(refusedBy([], tell([ipek]))).toEqual(['recall.not-recalled']);
  });
});

describe('a mistake in the entries of a recall', () => {
  const full = after([], recall(), tell([ipek]), lift());
  const [noticeId, toldId, liftId] = [idOf(0), idOf(1), idOf(2)];

  it('is said anew as an event beside it, and the state reads the corrected value', () => {
    const notice: Notice = { ...NOTICE, recalledOn: '2026-02-25', gtin: undefined };
    const corrected = after(
      full,
      correct(noticeId, { kind: 'notice', notice }),
      correct(toldId, { kind: 'told', on: '2026-03-03', how: 'letter' }),
      correct(liftId, { kind: 'lift', liftedOn: '2026-03-07', reference: 'FSN-42c' }),
    );
    expect(corrected.slice(3).map(({ type }) => type)).toEqual([
      'LotRecalledCorrected',
      'RecallPatientToldCorrected',
      'LotRecallLiftedCorrected',
    ]);
    const state = stateOf(corrected);
    expect(state).toMatchObject({
      recalledOn: '2026-02-25',
      latest: { gtin: null, lift: { liftedOn: '2026-03-07' } },
      told: [{ patientId: ipek, on: '2026-03-03', how: 'letter' }],
    });
    expect(isRecalledOn(state, '2026-03-06')).toBe(true);
  });

  it('is corrected once: the same correction again adds nothing', () => {
    for (const command of [
      correct(noticeId, { kind: 'notice', notice: { ...NOTICE, cause: 'other' } }),
      correct(toldId, { kind: 'told', on: '2026-03-04', how: 'phone' }),
      correct(liftId, { kind: 'lift', liftedOn: '2026-03-06', reference: 'x' }),
    ]) {
      expect(decide(after(full, command), command)).toEqual([]);
    }
    expect(decide(full, correct(noticeId, { kind: 'notice', notice: NOTICE }))).toEqual([]);
  });

  it('[recall.entry-unknown] is corrected only where it stands, as the kind of entry that it is', () => {
    const told = { kind: 'told', on: '2026-03-03', how: 'sms' } as const;
    expect(refusedBy(full, correct(newId(), told))).toEqual(['recall.entry-unknown']);
    expect(refusedBy(full, correct(noticeId, told))).toEqual(['recall.entry-unknown']);
    expect(refusedBy(full, correct(toldId, { kind: 'notice', notice: NOTICE }))).toEqual(['recall.entry-unknown']);
    expect(refusedBy(full, retract(newId()))).toEqual(['recall.entry-unknown']);
    expect(refusedBy(after(full, retract(toldId)), retract(toldId))).toEqual(['recall.entry-unknown']);
  });

  it('[recall.entry-in-use] is taken back after what stands on it', () => {
    expect(refusedBy(full, retract(noticeId))).toEqual(['recall.entry-in-use']);
    const unlifted = after(full, retract(liftId));
    expect(stateOf(unlifted)).toMatchObject({ status: 'recalled' });
    expect(refusedBy(unlifted, retract(noticeId))).toEqual(['recall.entry-in-use']);
    expect(stateOf(after(unlifted, retract(toldId), retract(noticeId)))).toEqual({ status: 'none' });
    const again = after(full, recall({ recalledOn: '2026-03-08' }));
    expect(refusedBy(again, retract(liftId))).toEqual(['recall.entry-in-use']);
    expect(stateOf(after(again, retract(idOf(3))))).toMatchObject({ status: 'lifted' });
  });
});

it('never holds on a day that none of its notices covers, whatever was recalled, lifted, told and taken back', () => {
  const day = fc.integer({ min: 1, max: 10 }).map((n) => `2026-03-${String(n).padStart(2, '0')}`);
  const command = fc.oneof(
    day.map((recalledOn) => recall({ recalledOn })),
    day.map((on) => lift(on)),
    day.map((on) => tell([ipek, john], on)),
    fc.nat(15).map((n) => retract(idOf(n))),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 15 }), day, (commands, on) => {
      let events: NewEvent[] = [];
      for (const each of commands) {
        if (refusedBy(events, each).length > 0) continue;
        events = after(events, each);
        // What was just done adds nothing when it is done again, or is refused.
        if (refusedBy(events, each).length === 0) expect(decide(events, each)).toEqual([]);
      }
      const state = stateOf(events);
      if (state.status === 'none') return expect(isRecalledOn(state, on)).toBe(false);
      expect(state.status === 'recalled').toBe(state.latest.lift === null);
      // Only the latest notice may be open.
      expect(state.notices.slice(0, -1).every((notice) => notice.lift !== null)).toBe(true);
      if (state.status === 'recalled' && on >= state.recalledOn) expect(isRecalledOn(state, on)).toBe(true);
      const first = state.notices.map(({ recalledOn }) => recalledOn).sort()[0] as string;
      if (on < first) expect(isRecalledOn(state, on)).toBe(false);
    }),
  );
});
