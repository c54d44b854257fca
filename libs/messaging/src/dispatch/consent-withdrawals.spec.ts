import { happened, hold, recorded, sign, withdraw } from '#test/support/consultation-given.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { ConsultationEvent } from '#libs/treatment/src/streams.contract.js';
import { consultationWithdrawals } from './consent-withdrawals.js';

const procedures = (...commands: Parameters<typeof happened>[0]) =>
  (recorded(happened([hold(), ...commands])) as unknown as RecordedEvent<ConsultationEvent>[]).reduce(
    consultationWithdrawals.evolve,
    consultationWithdrawals.initial,
  ).procedures;

describe('procedures to which consent was withdrawn', () => {
  const first = sign({ signedOn: '2026-02-01' });
  const end = withdraw('2026-02-20T09:00');

  it('are none where it never was, given or not', () => {
    expect(procedures()).toEqual([]);
    expect(procedures(first)).toEqual([]);
  });
  it('stay so where a consent is entered that was signed before', () => {
    expect(procedures(first, end)).toEqual(['facial']);
    expect(procedures(first, end, sign({ signedOn: '2026-02-10' }))).toEqual(['facial']);
  });
  it('are none where it was given again, entered before or after', () => {
    const again = sign({ signedOn: '2026-02-25' });
    expect(procedures(first, end, again)).toEqual([]);
    expect(procedures(first, again, end)).toEqual([]);
  });
});
