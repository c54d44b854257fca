import { z } from 'zod';
import { codedCorrectionOf, codedRetractionOf, correctedType, effectiveHistory, isRetraction } from './correction.js';
import { eventType, type NewEvent } from './event-type.js';
import type { RecordedEvent } from './recorded-event.js';

/** What a history reads after its entries were corrected and taken back. */
const Weighed = eventType('Weighed', { schema: z.strictObject({ grams: z.number() }) });
const reason = z.enum(['typing-error']);
const WeighedCorrected = codedCorrectionOf(Weighed, reason);
const WeighingRetracted = codedRetractionOf('WeighingRetracted', {}, reason);

const instantOf = (day: number): string => `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`;
const occurred = (day: number) => ({ instant: instantOf(day), precision: 'day' as const });
const idOf = (position: number): string => `0199a000-0000-7000-8000-${String(position).padStart(12, '0')}`;

const weighed = (grams: number, day = 1) => Weighed(occurred(day), { grams });
const corrected = (position: number, grams: number, day = 1) =>
  WeighedCorrected(occurred(day), { grams, corrects: idOf(position), correctionReason: 'typing-error' });
const retracted = (position: number) =>
  WeighingRetracted(occurred(1), { retracts: idOf(position), retractionReason: 'typing-error' });

/** Recorded one a day from 10 January on, at positions from 1 on. */
const recorded = (events: readonly NewEvent[]): RecordedEvent[] =>
  events.map((event, n) => ({
    ...event,
    chain: idOf(0),
    stream: `scales-${idOf(0)}`,
    position: n + 1,
    revision: n,
    recordedAt: instantOf(10 + n),
    header: {
      id: idOf(n + 1),
      type: event.type,
      version: 1,
      occurredAt: event.occurredAt,
      actor: 'user:test',
      origin: 'live',
      commandId: idOf(n + 1),
    },
  }));

const readings = (events: readonly NewEvent[], at: Parameters<typeof effectiveHistory>[1] = {}) =>
  effectiveHistory(recorded(events), at).map(({ position, data }) => [position, (data as { grams: number }).grams]);

describe('a history', () => {
  it('reads as it was entered where nothing was said about it', () => {
    expect(readings([weighed(1), weighed(2)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
  it('has a corrected entry at its own place, with the data and the time of its latest correction', () => {
    const events = [weighed(1), weighed(2), corrected(1, 10), corrected(1, 11, 3)];
    expect(readings(events)).toEqual([
      [1, 11],
      [2, 2],
    ]);
    const [first] = effectiveHistory(recorded(events));
    expect(first).toMatchObject({
      type: 'Weighed',
      data: { grams: 11 },
      occurredAt: occurred(3),
      header: { id: idOf(1), occurredAt: occurred(3) },
      correctness: { entryId: idOf(1), correctedBy: [{ position: 3 }, { position: 4 }] },
    });
  });
  it('takes the correction of a correction for one of the entry', () => {
    expect(readings([weighed(1), corrected(1, 10), corrected(2, 11)])).toEqual([[1, 11]]);
  });
  it('leaves out what was taken back, with all that corrected it', () => {
    expect(readings([weighed(1), corrected(1, 10), weighed(2), retracted(1)])).toEqual([[3, 2]]);
    expect(readings([weighed(1), retracted(1), corrected(1, 10)])).toEqual([]);
  });
  it('reads as before a correction that was taken back, wherever it stands among others', () => {
    expect(readings([weighed(1), corrected(1, 10), retracted(2)])).toEqual([[1, 1]]);
    expect(readings([weighed(1), corrected(1, 10), corrected(1, 11), retracted(3)])).toEqual([[1, 10]]);
    expect(readings([weighed(1), corrected(1, 10), corrected(1, 11), retracted(2)])).toEqual([[1, 11]]);
  });
  it('goes on without what was taken back, though its retraction is named by another one', () => {
    const events = [weighed(1), retracted(1), retracted(2)];
    expect(readings(events)).toEqual([]);
    expect(readings([...events, weighed(1)])).toEqual([[4, 1]]);
  });
  it('reads at an earlier time as it was known then, and only what had occurred by then', () => {
    const events = [weighed(1, 2), corrected(1, 10, 5), weighed(2, 6), retracted(2)];
    expect(readings(events, { knownAt: instantOf(10) })).toEqual([[1, 1]]);
    expect(readings(events, { knownAt: instantOf(11) })).toEqual([[1, 10]]);
    expect(readings(events, { knownAt: instantOf(12), asOf: instantOf(4) })).toEqual([]);
    expect(readings(events, { asOf: instantOf(4) })).toEqual([[1, 1]]);
  });
});

it('knows which type a correction stands for, and what a retraction is', () => {
  expect([correctedType('WeighedCorrected'), correctedType('Weighed')]).toEqual(['Weighed', 'Weighed']);
  expect([isRetraction('WeighingRetracted'), isRetraction('WeighedCorrected')]).toEqual([true, false]);
});

it('has no words in the reasons of what is about nobody', () => {
  const about = eventType('Greeted', { schema: z.strictObject({ personId: z.uuid() }), subject: 'personId' });
  expect(() => codedCorrectionOf(about, reason)).toThrow('is about a person');
});
