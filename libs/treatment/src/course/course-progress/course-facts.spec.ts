import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { ConsentSigned, ConsentWithdrawn } from '../../consultation/consultation.events.js';
import { type ConsentEvent, evolveConsents, NO_CONSENTS } from './course-facts.js';

const of = { consultationId: newId(), patientId: newId(), procedure: 'facial' };
const at = (wall: string) => wallToInstant(wall, 'Europe/Istanbul');
const signed = (day: string, procedure = 'facial') =>
  ConsentSigned(occurredAt(at(`${day}T00:00`), 'day'), { ...of, procedure, signedOn: day, validUntil: null });
const withdrawn = (wall: string) => ConsentWithdrawn(occurredAt(at(wall)), of);
const ends = (...events: readonly object[]) =>
  (events as readonly ConsentEvent[])
    .reduce(evolveConsents, NO_CONSENTS)
    .consents.map(({ signedOn, withdrawnAt }) => [signedOn, withdrawnAt]);

describe('consents that a read model knows', () => {
  const END = at('2026-02-20T09:00').instant;

  it('[consent.withdrawn] end with a withdrawal after their signature, entered before or after it', () => {
    expect(ends(signed('2026-02-01'), withdrawn('2026-02-20T09:00'), signed('2026-02-10'))).toEqual([
      ['2026-02-01', END],
      ['2026-02-10', END],
    ]);
    expect(ends(withdrawn('2026-02-20T09:00'), signed('2026-02-10'))).toEqual([['2026-02-10', END]]);
    expect(ends(signed('2026-02-20'), withdrawn('2026-02-20T09:00'))).toEqual([['2026-02-20', END]]);
  });
  it('[consent.withdrawn] hold where they were given afterwards, or for something else', () => {
    expect(ends(signed('2026-02-21'), withdrawn('2026-02-20T09:00'))).toEqual([['2026-02-21', null]]);
    expect(ends(withdrawn('2026-02-20T09:00'), signed('2026-02-20'))).toEqual([['2026-02-20', null]]);
    expect(ends(signed('2026-02-01', 'hair'), withdrawn('2026-02-20T09:00'))).toEqual([['2026-02-01', null]]);
  });
  it('[consent.withdrawn] end with the earliest of several withdrawals', () => {
    const both = [withdrawn('2026-02-25T09:00'), withdrawn('2026-02-20T09:00')];
    expect(ends(signed('2026-02-01'), ...both)).toEqual([['2026-02-01', END]]);
    expect(ends(...both, signed('2026-02-01'))).toEqual([['2026-02-01', END]]);
  });
});
