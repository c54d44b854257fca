import fc from 'fast-check';
import { allClear, aftercarePlan } from './aftercare.rule.js';
import type { AftercareItem, HoldsFor } from './aftercare.schema.js';
import { chinAndNeckFat } from './built-in/chin-and-neck-fat.protocol.js';
import { facial } from './built-in/facial.protocol.js';
import { slimmingAndCellulite } from './built-in/slimming-and-cellulite.protocol.js';
import { stepwise } from './built-in/stepwise.protocol.js';

const END = '2026-03-10T15:00:00.000Z';
const endsOf = (protocol: typeof facial): Record<string, string | null> =>
  Object.fromEntries(aftercarePlan(protocol, END).lines.map(({ subject, endsAt }) => [subject, endsAt]));
const subjects = (lines: readonly { subject: string }[]): string[] => lines.map(({ subject }) => subject);

describe('the aftercare of a session', () => {
  it('[aftercare.own-ends] facial: one line for each thing, each with its own end', () => {
    expect(endsOf(facial)).toEqual({
      washing: '2026-03-11T15:00:00.000Z',
      sun: null,
      heat: '2026-03-11T15:00:00.000Z',
      fluids: '2026-03-11T15:00:00.000Z',
      exercise: '2026-03-11T15:00:00.000Z',
      'blood-thinning-medicine': '2026-03-11T15:00:00.000Z',
      'vitamin-e': '2026-03-11T15:00:00.000Z',
    });
  });

  it('[aftercare.own-ends] [aftercare.range-end] stepwise: ranges end at their longer side, and no blood thinner is free while all of them are not', () => {
    expect(endsOf(stepwise)).toEqual({
      'blood-thinning-medicine': null,
      washing: '2026-03-11T06:00:00.000Z',
      'tight-clothing': null,
      exercise: '2026-03-10T18:00:00.000Z',
      bath: '2026-03-11T03:00:00.000Z',
      sun: null,
      fluids: '2026-03-11T15:00:00.000Z',
      'vitamin-e': '2026-03-11T15:00:00.000Z',
    });
  });

  it('[aftercare.own-ends] counts hours from the end of the session, also where the clocks change', () => {
    const plan = aftercarePlan(chinAndNeckFat, '2026-03-28T23:30:00.000Z');
    expect(plan.allClearAt).toBe('2026-03-29T23:30:00.000Z');
  });

  it('[aftercare.merged] merges what is said about the same thing: all facts, all items, the longest first', () => {
    const line = aftercarePlan(facial, END).lines.find(({ subject }) => subject === 'sun');
    expect(line).toMatchObject({
      act: 'avoid',
      itemIds: ['no-direct-sunlight', 'sunscreen-and-no-direct-sun'],
      facts: ['S1-A2', 'S0-A2'],
    });
    expect(line?.text.en).toBe('Use sunscreen and avoid direct sunlight. Stay out of direct sunlight.');
  });

  it('[aftercare.prescribed-medicine] says nothing of stopping a medicine without asking the doctor who prescribed it', () => {
    const medicines = [facial, stepwise, slimmingAndCellulite]
      .flatMap((protocol) => aftercarePlan(protocol, END).lines)
      .filter(({ subject }) => ['blood-thinning-medicine', 'vitamin-e'].includes(subject));
    expect(medicines.every(({ text }) => text.en?.includes('ask that doctor'))).toBe(true);
    expect(medicines.every(({ text }) => text.tr?.includes('doktorunuza danışın'))).toBe(true);
    expect(medicines.every(({ text }) => text.fr?.includes('demandez-lui'))).toBe(true);
  });
});

describe('the all-clear', () => {
  const plan = aftercarePlan(facial, END);

  it('[all-clear.repeats] comes at the last end, names what is free again and repeats what goes on', () => {
    const clear = allClear(facial, plan);
    expect(clear?.at).toBe('2026-03-11T15:00:00.000Z');
    expect(subjects(clear?.free ?? [])).toEqual([
      'washing',
      'heat',
      'exercise',
      'blood-thinning-medicine',
      'vitamin-e',
    ]);
    expect(subjects(clear?.goesOn ?? [])).toEqual(['sun']);
    expect(clear?.withheld).toEqual([]);
  });

  it('[all-clear.not-forbidden-again] does not announce aspirin as free when the next session is so near that it is forbidden again (S0-P1)', () => {
    const clear = allClear(facial, plan, '2026-03-18T15:00:00.000Z');
    expect(subjects(clear?.free ?? [])).not.toContain('blood-thinning-medicine');
    expect(clear?.withheld).toMatchObject([
      { line: { subject: 'blood-thinning-medicine' }, precaution: { code: 'aspirin-or-nsaid', facts: ['S0-P1'] } },
    ]);
  });

  it('[all-clear.not-forbidden-again] announces aspirin when there is time left before the next session’s seven days', () => {
    expect(allClear(facial, plan, '2026-03-18T15:00:01.000Z')?.withheld).toEqual([]);
    expect(allClear(facial, plan, '2026-03-24T15:00:00.000Z')?.withheld).toEqual([]);
  });

  it('[all-clear.repeats] goes on about tight clothing and the sun, which have no end', () => {
    const clear = allClear(slimmingAndCellulite, aftercarePlan(slimmingAndCellulite, END));
    expect(subjects(clear?.goesOn ?? [])).toEqual(['sun', 'tight-clothing']);
  });

  it('[all-clear.repeats] does not exist where nothing ever ends', () => {
    const open = { ...facial, aftercare: facial.aftercare.filter((item) => item.id === 'sunscreen-and-no-direct-sun') };
    expect(allClear(open, aftercarePlan(open, END))).toBeNull();
    const nothing = { ...facial, aftercare: [] };
    expect(aftercarePlan(nothing, END)).toEqual({ lines: [], permissions: [], allClearAt: null });
  });
});

it('[aftercare.permission] tells what is explicitly allowed from when on, apart from the lines', () => {
  const permission: AftercareItem = {
    act: 'allow',
    id: 'make-up',
    subject: 'make-up',
    text: { en: 'You may use make-up.' },
    after: 'PT6H',
    facts: [],
    basis: 'chain',
  };
  const plan = aftercarePlan({ aftercare: [permission] }, END);
  expect(plan.permissions).toMatchObject([{ subject: 'make-up', startsAt: '2026-03-10T21:00:00.000Z' }]);
  expect(plan.lines).toEqual([]);
});

describe('merging, whatever the items are', () => {
  const hours = fc.integer({ min: 0, max: 200 });
  const lasts: fc.Arbitrary<HoldsFor> = fc.oneof(
    hours.map((h) => `PT${h}H`),
    fc.tuple(hours, hours).map(([h, more]) => ({ min: `PT${h}H`, max: `PT${h + more}H` })),
    fc.constant(null),
  );
  const items = fc
    .array(fc.record({ lasts, subject: fc.constantFrom('sun', 'washing', 'heat') }), { maxLength: 12 })
    .map((drawn) =>
      drawn.map(
        (item, index): AftercareItem => ({
          act: 'avoid',
          id: `item-${index}`,
          text: { en: `Item ${index}.` },
          free: { en: `Free ${index}.` },
          facts: [],
          basis: 'chain',
          ...item,
        }),
      ),
    );
  const hoursOf = (item: AftercareItem): number => {
    if (item.act === 'allow' || item.lasts === null) return Infinity;
    return Number((typeof item.lasts === 'string' ? item.lasts : item.lasts.max).slice(2, -1));
  };
  const hoursAfter = (endsAt: string | null): number =>
    endsAt === null ? Infinity : (Date.parse(endsAt) - Date.parse(END)) / 3_600_000;

  it('[aftercare.merged] gives one line for each subject, which ends at the latest of its items', () => {
    fc.assert(
      fc.property(items, (aftercare) => {
        const { lines } = aftercarePlan({ aftercare }, END);
        expect(new Set(subjects(lines))).toEqual(new Set(subjects(aftercare)));
        expect(lines.length).toBe(new Set(subjects(aftercare)).size);
        for (const line of lines) {
          const own = aftercare.filter(({ subject }) => subject === line.subject);
          expect(hoursAfter(line.endsAt)).toBe(Math.max(...own.map(hoursOf)));
          expect(line.itemIds).toEqual(own.map(({ id }) => id));
        }
      }),
    );
  });

  it('[aftercare.merged] does not depend on the order of the items', () => {
    const ends = (aftercare: AftercareItem[]) =>
      aftercarePlan({ aftercare }, END)
        .lines.map(({ subject, endsAt }) => `${subject} ${endsAt}`)
        .sort();
    fc.assert(
      fc.property(items, (aftercare) => {
        expect(ends(aftercare.toReversed())).toEqual(ends(aftercare));
      }),
    );
  });

  it('[all-clear.repeats] clears each line once: free, withheld or going on', () => {
    fc.assert(
      fc.property(items, fc.option(fc.nat(400)), (aftercare, nextInHours) => {
        const plan = aftercarePlan({ aftercare }, END);
        const next = nextInHours === null ? null : new Date(Date.parse(END) + nextInHours * 3_600_000).toISOString();
        const clear = allClear(facial, plan, next);
        const told = clear && [...clear.free, ...clear.goesOn, ...clear.withheld.map(({ line }) => line)];
        expect(subjects(told ?? plan.lines).sort()).toEqual(subjects(plan.lines).sort());
        expect(clear === null).toBe(plan.lines.every(({ endsAt }) => endsAt === null));
      }),
    );
  });
});
