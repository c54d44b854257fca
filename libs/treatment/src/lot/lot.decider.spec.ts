import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { type ErrorField, PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import fc from 'fast-check';
import type { RecallState } from '../recall/recall.state.js';
import { receiveLotSchema } from './lot.commands.js';
import { decideLot, type LotCommand, type Receipt } from './lot.decider.js';
import type { LotEvent, LotStreamEvent } from './lot.events.js';
import { isUsableOn, lotFold, type LotState, type ReceivedLot, vialUsableAt, volumeLeft } from './lot.state.js';
import { receiptOf } from './receipt.rules.js';

const ZONE = 'Europe/Istanbul';
const at = (wall: string) => wallToInstant(wall, ZONE);
const PLACE = { now: at('2026-03-02T18:00').instant, timeZone: ZONE };
const [lotId, siteId, vialId] = [newId(), newId(), newId()];
const NOT_RECALLED: RecallState = { status: 'none' };
const reason = { code: 'miscounted' } as const;

const RECEIPT: Receipt = {
  gtin: '8690000000012',
  expiresOn: '2026-12-31',
  receivedOn: '2026-01-05',
  ingredients: ['hyaluronic acid'],
  volumeMl: 20,
  units: 4,
};

/** Events as they stand in the lot's stream, in the order in which they were recorded. */
const recorded = (events: readonly NewEvent[]): RecordedEvent[] =>
  events.map(
    (event, n) =>
      ({
        ...event,
        recordedAt: PLACE.now,
        position: n,
        revision: n,
        header: { id: idOf(n) },
      }) as unknown as RecordedEvent,
  );
const idOf = (n: number) => `0199a0b1-c2d3-7e4f-8a5b-${String(n).padStart(12, '0')}`;

const stateOf = (events: readonly NewEvent[]): LotState =>
  (effectiveHistory(recorded(events)) as RecordedEvent<LotEvent>[]).reduce(lotFold.evolve, lotFold.initial);

const received = (receipt: Partial<Receipt> = {}): LotStreamEvent[] =>
  decideLot(receive(receipt), { status: 'none' }, PLACE);
const receive = (receipt: Partial<Receipt> = {}): LotCommand => ({
  type: 'ReceiveLot',
  ...{ lotId, siteId, product: 'GlowMeso HA', lotNumber: 'L1' },
  receipt: { ...RECEIPT, ...receipt },
});
const open = (more: Partial<Extract<LotCommand, { type: 'OpenVial' }>> = {}): LotCommand => ({
  type: 'OpenVial',
  vialId,
  openedAt: at('2026-03-01T10:00'),
  usableUntil: at('2026-03-02T10:00'),
  recall: NOT_RECALLED,
  ...more,
});
const waste = (more: Partial<Extract<LotCommand, { type: 'WasteLot' }>> = {}): LotCommand => ({
  type: 'WasteLot',
  wasteId: newId(),
  vialId: undefined,
  volumeMl: 2,
  cause: 'broken',
  on: '2026-03-01',
  usedMl: 0,
  ...more,
});

/** What a command adds to a history. */
const decide = (given: readonly NewEvent[], command: LotCommand): LotStreamEvent[] =>
  decideLot(command, stateOf(given), PLACE);

/** The rules that refuse a command, after checking that each says everything a caller needs. */
function refusedBy(given: readonly NewEvent[], command: LotCommand): string[] {
  try {
    decide(given, command);
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    for (const field of error.fields) {
      expect(field).toMatchObject({ rule: expect.any(String), facts: [], accepted: expect.any(String) });
    }
    return error.fields.map((field: ErrorField) => String(field.rule));
  }
  return [];
}
const lotAfter = (events: readonly NewEvent[]): ReceivedLot => {
  const state = stateOf(events);
  if (state.status === 'none') throw new Error('It was not received');
  return state;
};

describe('the receipt of a lot', () => {
  it('keeps what was counted, and the GTIN with 14 digits', () => {
    expect(received()).toMatchObject([
      {
        type: 'LotReceived',
        occurredAt: { precision: 'day', time: { wall: '2026-01-05T00:00' } },
        data: { lotId, siteId, gtin: '08690000000012', volumeMl: 20, units: 4 },
      },
    ]);
  });

  it('leaves out what nobody counted', () => {
    const [event] = received({ gtin: undefined, volumeMl: undefined, units: undefined });
    expect(Object.keys(event?.data ?? {}).sort()).toEqual(
      ['expiresOn', 'ingredients', 'lotId', 'lotNumber', 'product', 'receivedOn', 'siteId'].sort(),
    );
  });

  it('[lot.received-once] refuses the same lot with other values, and takes the same values for a repeat', () => {
    expect(decide(received(), receive())).toEqual([]);
    expect(decide(received(), receive({ gtin: '08690000000012' }))).toEqual([]);
    expect(refusedBy(received(), receive({ volumeMl: 21 }))).toEqual(['lot.received-once']);
  });

  it('[lot.gtin] refuses a GTIN whose check digit is wrong', () => {
    expect(refusedBy([], receive({ gtin: '8690000000017' }))).toEqual(['lot.gtin']);
  });

  it('[lot.expired-at-receipt] refuses a lot that has expired already', () => {
    expect(refusedBy([], receive({ expiresOn: '2026-01-04' }))).toEqual(['lot.expired-at-receipt']);
    expect(refusedBy([], receive({ expiresOn: '2026-01-05' }))).toEqual([]);
  });

  it('[lot.in-future] refuses a receipt before its day has come at the site', () => {
    expect(refusedBy([], receive({ receivedOn: '2026-03-03' }))).toEqual(['lot.in-future']);
    expect(refusedBy([], receive({ receivedOn: '2026-03-02' }))).toEqual([]);
  });

  it('names everything that stands against it at once', () => {
    const wrong = { gtin: '1', receivedOn: '2026-03-03', expiresOn: '2026-03-01' };
    expect(refusedBy([], receive(wrong))).toEqual(['lot.gtin', 'lot.in-future', 'lot.expired-at-receipt']);
  });
});

describe('a receipt that was scanned', () => {
  const asked = (more: object) =>
    receiveLotSchema.parse({ site: 'IST1', product: 'Glow', receivedOn: '2026-01-05', ingredients: [], ...more });
  const scan = ']d2010869000000001217261231' + '10L1\u001d21S7';

  it('takes number, expiry, GTIN and serial number from the code', () => {
    expect(receiptOf(asked({ scan, volumeMl: 20 }))).toMatchObject({
      lotNumber: 'L1',
      receipt: { gtin: '08690000000012', expiresOn: '2026-12-31', serial: 'S7', volumeMl: 20 },
    });
  });

  it('[lot.scan-contradicted] refuses typed values that are not those of the code, all of them at once', () => {
    const typed = { lotNumber: 'L2', expiresOn: '2027-01-01', gtin: '4006381333931', serial: 'S8' };
    expect(() => receiptOf(asked({ scan, ...typed }))).toThrow(
      expect.objectContaining({
        fields: ['gtin', 'lotNumber', 'expiresOn', 'serial'].map((field) =>
          expect.objectContaining({ field, rule: 'lot.scan-contradicted' }),
        ),
      }),
    );
    expect(receiptOf(asked({ scan, lotNumber: 'L1', gtin: '8690000000012' })).lotNumber).toBe('L1');
  });

  it('[lot.scan] refuses a code that cannot be read', () => {
    expect(() => receiptOf(asked({ scan: 'L1' }))).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ field: 'scan', rule: 'lot.scan' })] }),
    );
  });

  it('needs lot number and expiry where nothing was scanned', () => {
    const { error } = receiveLotSchema.safeParse({
      site: 'IST1',
      product: 'Glow',
      receivedOn: '2026-01-05',
      ingredients: [],
    });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['lotNumber', 'expiresOn']);
  });
});

describe('an opened vial', () => {
  it('has an expiry of its own', () => {
    const events = [...received(), ...decide(received(), open())];
    const lot = lotAfter(events);
    expect(lot.vials).toMatchObject([{ vialId, usableUntil: { wall: '2026-03-02T10:00' } }]);
    expect(vialUsableAt(lot, vialId, at('2026-03-01T09:59').instant)).toBe(false);
    expect(vialUsableAt(lot, vialId, at('2026-03-01T10:00').instant)).toBe(true);
    expect(vialUsableAt(lot, vialId, at('2026-03-02T09:59').instant)).toBe(true);
    expect(vialUsableAt(lot, vialId, at('2026-03-02T10:00').instant)).toBe(false);
    expect(vialUsableAt(lot, newId(), at('2026-03-01T12:00').instant)).toBe(false);
  });

  it('is opened once under its id', () => {
    expect(decide([...received(), ...decide(received(), open())], open())).toEqual([]);
  });

  it('[lot.not-received] is of a lot that was received by then', () => {
    expect(refusedBy([], open())).toEqual(['lot.not-received']);
    const openedAt = at('2026-01-04T10:00');
    expect(refusedBy(received(), open({ openedAt }))).toEqual(['lot.not-received']);
  });

  it('[lot.expired] is not of a lot that has expired', () => {
    const given = received({ expiresOn: '2026-02-28' });
    expect(refusedBy(given, open({ usableUntil: at('2026-02-28T23:00') }))).toContain('lot.expired');
  });

  it('[lot.recalled] is not of a lot that is recalled on that day', () => {
    const notice = {
      entryId: newId(),
      gtin: null,
      recalledOn: '2026-03-01',
      recordedAt: '2026-03-01T09:00:00.000Z',
      reference: 'FSN',
      cause: 'sterility',
      lift: null,
    } as const;
    const recall = {
      status: 'recalled',
      ...{ recallId: newId(), product: 'GlowMeso HA', lotNumber: 'L1', notices: [notice], latest: notice },
      ...{ recalledOn: '2026-03-01', reference: 'FSN', told: [] },
    } as const;
    expect(refusedBy(received(), open({ recall }))).toEqual(['lot.recalled']);
    expect(refusedBy(received(), open({ recall, openedAt: at('2026-02-28T10:00') }))).toEqual([]);
  });

  it('[lot.vial-expiry] ends after its opening, and not after its lot', () => {
    expect(refusedBy(received(), open({ usableUntil: at('2026-03-01T10:00') }))).toEqual(['lot.vial-expiry']);
    expect(refusedBy(received(), open({ usableUntil: at('2027-01-01T00:00') }))).toEqual(['lot.vial-expiry']);
    expect(refusedBy(received(), open({ usableUntil: at('2026-12-31T23:59') }))).toEqual([]);
  });

  it('[lot.in-future] is not opened at a time to come', () => {
    const later = { openedAt: at('2026-03-02T18:01'), usableUntil: at('2026-03-03T18:00') };
    expect(refusedBy(received(), open(later))).toEqual(['lot.in-future']);
  });

  it('[lot.vials-spent] is one of those that were received', () => {
    const one = [...received({ units: 1 }), ...decide(received({ units: 1 }), open())];
    expect(refusedBy(one, open({ vialId: newId() }))).toEqual(['lot.vials-spent']);
    expect(refusedBy([...received({ units: undefined }), ...one.slice(1)], open({ vialId: newId() }))).toEqual([]);
  });
});

describe('waste', () => {
  it('is kept with its cause, its day and its vial', () => {
    const given = [...received(), ...decide(received(), open())];
    const events = decide(given, waste({ vialId, cause: 'vial-expired', on: '2026-03-02' }));
    expect(events).toMatchObject([
      { type: 'LotWasted', data: { vialId, volumeMl: 2, cause: 'vial-expired', on: '2026-03-02' } },
    ]);
    expect(lotAfter([...given, ...events]).wastedMl).toBe(2);
  });

  it('is recorded once under its id', () => {
    const command = waste();
    expect(decide([...received(), ...decide(received(), command)], command)).toEqual([]);
  });

  it('[lot.waste-exceeds] is no more than is left after what was used and wasted', () => {
    const given = [...received(), ...decide(received(), waste({ volumeMl: 5 }))];
    expect(refusedBy(given, waste({ volumeMl: 5.001, usedMl: 10 }))).toEqual(['lot.waste-exceeds']);
    expect(refusedBy(given, waste({ volumeMl: 5, usedMl: 10 }))).toEqual([]);
    expect(refusedBy(received({ volumeMl: undefined }), waste({ volumeMl: 500 }))).toEqual([]);
  });

  it('[lot.vial-unknown] comes from a vial of the lot that was open by then', () => {
    expect(refusedBy(received(), waste({ vialId }))).toEqual(['lot.vial-unknown']);
    const given = [...received(), ...decide(received(), open())];
    expect(refusedBy(given, waste({ vialId, on: '2026-02-28' }))).toEqual(['lot.vial-unknown']);
  });

  it('[lot.not-received] [lot.in-future] lies between the receipt and today', () => {
    expect(refusedBy(received(), waste({ on: '2026-01-04' }))).toEqual(['lot.not-received']);
    expect(refusedBy(received(), waste({ on: '2026-03-03' }))).toEqual(['lot.in-future']);
  });
});

describe('a mistake in the entries of a lot', () => {
  const correct = (entryId: string, data: Extract<LotCommand, { type: 'CorrectEntry' }>['data']): LotCommand => ({
    type: 'CorrectEntry',
    ...{ entryId, data, reason },
  });
  const retract = (entryId: string): LotCommand => ({ type: 'RetractEntry', entryId, reason });
  const full = (() => {
    const one = [...received(), ...decide(received(), open())];
    return [...one, ...decide(one, waste({ vialId }))];
  })();
  const [receiptId, openedId, wastedId] = [idOf(0), idOf(1), idOf(2)];
  const wasteOf = (more: object) =>
    ({ kind: 'waste', vialId, volumeMl: 2, cause: 'broken', on: '2026-03-01', ...more }) as const;

  it('is said anew as an event beside it, and the state reads the corrected value', () => {
    const events = decide(full, correct(receiptId, { kind: 'receipt', receipt: { ...RECEIPT, volumeMl: 30 } }));
    expect(events).toMatchObject([
      {
        type: 'LotReceivedCorrected',
        data: { corrects: receiptId, correctionReason: reason, volumeMl: 30, lotNumber: 'L1' },
      },
    ]);
    const lot = lotAfter([...full, ...events]);
    expect(lot).toMatchObject({ entryId: receiptId, volumeMl: 30 });
    expect(volumeLeft(lot, 3)).toBe(25);
  });

  it('moves the expiry of a vial and the volume of waste', () => {
    const vial = { kind: 'vial', openedAt: at('2026-03-01T10:00'), usableUntil: at('2026-03-01T20:00') } as const;
    const events = [...full, ...decide(full, correct(openedId, vial))];
    const both = [...events, ...decide(events, correct(wastedId, wasteOf({ volumeMl: 0.5 })))];
    const lot = lotAfter(both);
    expect(vialUsableAt(lot, vialId, at('2026-03-01T21:00').instant)).toBe(false);
    expect(lot.wastedMl).toBe(0.5);
  });

  it('is corrected once: the same correction again adds nothing', () => {
    const command = correct(wastedId, wasteOf({ volumeMl: 0.5 }));
    const once = [...full, ...decide(full, command)];
    expect(decide(once, command)).toEqual([]);
    expect(decide(full, correct(wastedId, wasteOf({})))).toEqual([]);
  });

  it('is not refused for what it says to have happened, only for what cannot be', () => {
    const expired = { ...RECEIPT, expiresOn: '2025-12-31' };
    expect(refusedBy(full, correct(receiptId, { kind: 'receipt', receipt: expired }))).toEqual([]);
    expect(refusedBy(full, correct(wastedId, wasteOf({ volumeMl: 50 })))).toEqual([]);
    const later = { ...RECEIPT, receivedOn: '2026-03-03', gtin: '1' };
    expect(refusedBy(full, correct(receiptId, { kind: 'receipt', receipt: later }))).toEqual([
      'lot.gtin',
      'lot.in-future',
    ]);
    expect(refusedBy(full, correct(wastedId, wasteOf({ vialId: newId() })))).toEqual(['lot.vial-unknown']);
  });

  it('[lot.entry-unknown] is corrected only where it stands, as the kind of entry that it is', () => {
    expect(refusedBy(full, correct(newId(), wasteOf({})))).toEqual(['lot.entry-unknown']);
    expect(refusedBy(full, correct(receiptId, wasteOf({})))).toEqual(['lot.entry-unknown']);
    expect(refusedBy(full, correct(wastedId, { kind: 'receipt', receipt: RECEIPT }))).toEqual(['lot.entry-unknown']);
    const gone = [...full, ...decide(full, retract(wastedId))];
    expect(refusedBy(gone, correct(wastedId, wasteOf({})))).toEqual(['lot.entry-unknown']);
    expect(refusedBy(gone, retract(wastedId))).toEqual(['lot.entry-unknown']);
  });

  it('[lot.entry-in-use] is taken back after what stands on it', () => {
    expect(refusedBy(full, retract(receiptId))).toEqual(['lot.entry-in-use']);
    expect(refusedBy(full, retract(openedId))).toEqual(['lot.entry-in-use']);
    let events: NewEvent[] = [...full];
    for (const entry of [wastedId, openedId, receiptId]) events = [...events, ...decide(events, retract(entry))];
    expect(stateOf(events)).toEqual({ status: 'none' });
    expect(decide(events, receive()).map(({ type }) => type)).toEqual(['LotReceived']);
  });
});

describe('the volume of a lot', () => {
  it('is received = used + wasted + left, to the microlitre, whatever was wasted, corrected and taken back', () => {
    const microlitres = fc.integer({ min: 1, max: 5_000 });
    const action = fc.oneof(
      fc.record({ do: fc.constant('waste' as const), ul: microlitres }),
      fc.record({ do: fc.constant('correct' as const), ul: microlitres, which: fc.nat(20) }),
      fc.record({ do: fc.constant('retract' as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 100_000 }),
        fc.nat(500),
        fc.array(action, { maxLength: 25 }),
        (ul, used, actions) => {
          const usedMl = used / 1_000;
          let events: NewEvent[] = received({ volumeMl: ul / 1_000 });
          /** What must have been wasted, by the id of the entry. */
          const wasted = new Map<string, number>();
          for (const each of actions) {
            const ids = [...wasted.keys()];
            const id = each.do === 'waste' ? idOf(events.length) : ids[each.which % (ids.length || 1)];
            if (id === undefined) continue;
            const command: LotCommand =
              each.do === 'waste'
                ? waste({ volumeMl: each.ul / 1_000, usedMl })
                : each.do === 'retract'
                  ? { type: 'RetractEntry', entryId: id, reason }
                  : {
                      type: 'CorrectEntry',
                      entryId: id,
                      data: {
                        kind: 'waste',
                        vialId: undefined,
                        volumeMl: each.ul / 1_000,
                        cause: 'broken',
                        on: '2026-03-01',
                      },
                      reason,
                    };
            const total = [...wasted.values()].reduce((sum, one) => sum + one, used);
            const rules = refusedBy(events, command);
            if (each.do === 'waste') expect(rules.length > 0).toBe(each.ul > Math.max(0, ul - total));
            if (rules.length > 0) continue;
            events = [...events, ...decide(events, command)];
            if (each.do === 'retract') wasted.delete(id);
            else wasted.set(id, each.ul);
          }
          const lot = lotAfter(events);
          const sum = [...wasted.values()].reduce((total, one) => total + one, 0);
          expect(lot.wastedMl).toBe(sum / 1_000);
          expect(volumeLeft(lot, usedMl)).toBe((ul - used - sum) / 1_000);
        },
      ),
    );
  });

  it('is not known where nobody counted what came', () => {
    expect(volumeLeft(lotAfter(received({ volumeMl: undefined })), 3)).toBeNull();
  });
});

it('may be used from the day it came to the last day named on it', () => {
  const lot = stateOf(received());
  expect(['2026-01-04', '2026-01-05', '2026-12-31', '2027-01-01'].map((on) => isUsableOn(lot, on))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(isUsableOn({ status: 'none' }, '2026-01-05')).toBe(false);
});
