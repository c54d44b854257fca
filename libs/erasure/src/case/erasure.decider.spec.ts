import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import fc from 'fast-check';
import { decideErasure, type ErasureCommand, type ErasureMatter, type Registration } from './erasure.decider.js';
import type { ErasureEvent } from './erasure.events.js';
import { type ErasureCase, erasureFold } from './erasure.state.js';

const NOW = '2040-03-02T15:00:00.000Z';
const patientId = newId();
const otherId = newId();
const erasureId = newId();
const holdId = newId();
const [ONE, TWO] = ['user:one', 'user:two'];

const request: ErasureCommand = {
  ...({ type: 'RequestErasure', erasureId, ground: 'patient-asked' } as const),
  reason: 'asked by letter',
};
const confirm: ErasureCommand = { type: 'ConfirmErasure', erasureId };
const decline: ErasureCommand = { type: 'DeclineErasure', erasureId, reason: 'still treated' };
const hold: ErasureCommand = { type: 'SetLegalHold', holdId, reason: 'a claim' };
const lift: ErasureCommand = { type: 'LiftLegalHold', holdId, reason: 'the claim was settled' };

interface Given {
  readonly erasureId?: string | null;
  readonly others?: readonly Registration[];
  readonly seenOn?: string;
}

const registration = (of: ErasureCase, changes: Partial<Registration> = {}): Registration => ({
  ...{ patientId, erasureId: null, identity: { birthDate: '1980-05-05' }, case: of },
  ...changes,
});

const matterOf = (of: ErasureCase, actor: string, { erasureId: erased = null, others = [], seenOn }: Given = {}) =>
  ({
    registrations: [registration(of, { erasureId: erased }), ...others],
    seen:
      seenOn === undefined ? [] : [{ on: seenOn, rules: { years: 10, yearsFromMajority: 10 }, ageOfMajorityYears: 18 }],
    ...{ actor, now: NOW, today: NOW.slice(0, 10) },
  }) satisfies ErasureMatter;

const evolve = (state: ErasureCase, events: readonly ErasureEvent[], by: string): ErasureCase =>
  events.reduce(
    (before, event) =>
      erasureFold.evolve(before, { ...event, recordedAt: NOW, header: { actor: by } } as RecordedEvent<ErasureEvent>),
    state,
  );

/** The case after commands, each with who gave it. */
const after = (...given: readonly (readonly [ErasureCommand, string])[]): ErasureCase =>
  given.reduce(
    (state, [command, by]) => evolve(state, decideErasure(command, matterOf(state, by)), by),
    erasureFold.initial,
  );

function refusal(act: () => unknown): { code: string; rules: (string | undefined)[] } {
  try {
    act();
  } catch (error) {
    if (error instanceof PistorError) return { code: error.code, rules: error.fields.map(({ rule }) => rule) };
    throw error;
  }
  throw new Error('It was not refused');
}

describe('two people', () => {
  it('[erasure.two-people] erase a person: one asks for it, another one confirms it', () => {
    expect(decideErasure(request, matterOf(erasureFold.initial, ONE))).toMatchObject([{ type: 'ErasureRequested' }]);
    const asked = after([request, ONE]);
    expect(decideErasure(confirm, matterOf(asked, TWO))).toMatchObject([
      { type: 'ErasureConfirmed', data: { registrations: [patientId] } },
    ]);
    expect(refusal(() => decideErasure(confirm, matterOf(asked, ONE)))).toEqual({
      code: 'erasure.second-person',
      rules: ['erasure.two-people'],
    });
  });

  it('[erasure.two-people] are needed anew after the first request was declined', () => {
    const declined = after([request, ONE], [decline, TWO]);
    expect(refusal(() => decideErasure(confirm, matterOf(declined, TWO))).code).toBe('erasure.unknown');
    const again = { ...request, erasureId: newId() };
    expect(decideErasure(again, matterOf(declined, TWO))).toMatchObject([{ type: 'ErasureRequested' }]);
  });

  it('[erasure.two-people] may be any two: whoever asked may take it back', () => {
    expect(decideErasure(decline, matterOf(after([request, ONE]), ONE))).toMatchObject([{ type: 'ErasureDeclined' }]);
  });

  it('[erasure.once] wait for one request at a time, under whatever registration', () => {
    const asked = after([request, ONE]);
    const another = { ...request, erasureId: newId() };
    expect(refusal(() => decideErasure(another, matterOf(asked, TWO))).rules).toEqual(['erasure.once']);
    const linked = matterOf(erasureFold.initial, TWO, { others: [registration(asked, { patientId: otherId })] });
    expect(refusal(() => decideErasure(another, linked)).rules).toEqual(['erasure.once']);
  });

  it('[erasure.once] do not erase what was erased', () => {
    const erased = matterOf(erasureFold.initial, ONE, { erasureId: newId() });
    expect(refusal(() => decideErasure(request, erased)).code).toBe('erasure.done');
    expect(refusal(() => decideErasure(hold, erased)).code).toBe('erasure.done');
  });

  it('[erasure.registrations] erase a person under every registration', () => {
    const linked = matterOf(after([request, ONE]), TWO, {
      others: [registration(erasureFold.initial, { patientId: otherId })],
    });
    expect(decideErasure(confirm, linked)).toMatchObject([{ data: { registrations: [patientId, otherId] } }]);
  });
});

describe('what stands against it', () => {
  it('[erasure.legal-hold] is a legal hold, on any registration, when it is asked for and when it is confirmed', () => {
    const held = after([hold, ONE]);
    expect(refusal(() => decideErasure(request, matterOf(held, ONE))).rules).toEqual(['erasure.legal-hold']);
    const asked = after([request, ONE], [hold, TWO]);
    expect(refusal(() => decideErasure(confirm, matterOf(asked, TWO))).rules).toEqual(['erasure.legal-hold']);
    const linked = matterOf(after([request, ONE]), TWO, { others: [registration(held, { patientId: otherId })] });
    expect(refusal(() => decideErasure(confirm, linked)).rules).toEqual(['erasure.legal-hold']);
  });

  it('[erasure.legal-hold] is one no more when it is lifted, and another one is', () => {
    const lifted = after([hold, ONE], [lift, TWO]);
    expect(decideErasure(request, matterOf(lifted, ONE))).toHaveLength(1);
    const second = after([hold, ONE], [{ ...hold, holdId: newId() }, ONE], [lift, TWO]);
    expect(refusal(() => decideErasure(request, matterOf(second, ONE))).rules).toEqual(['erasure.legal-hold']);
    expect(refusal(() => decideErasure({ ...lift, holdId: newId() }, matterOf(second, ONE))).code).toBe(
      'legal-hold.unknown',
    );
  });

  it('[erasure.retention] is the time for which the record has to be kept, its last day included', () => {
    const on = (seenOn: string) => matterOf(erasureFold.initial, ONE, { seenOn });
    expect(refusal(() => decideErasure(request, on('2030-03-02'))).rules).toEqual(['erasure.retention']);
    expect(decideErasure(request, on('2030-03-01'))).toHaveLength(1);
  });

  it('is told all at once', () => {
    const matter = matterOf(after([hold, ONE]), ONE, { seenOn: '2039-01-01' });
    expect(refusal(() => decideErasure(request, matter)).rules).toEqual(['erasure.legal-hold', 'erasure.retention']);
  });
});

it('adds nothing when a command is repeated', () => {
  const commands = fc.constantFrom(request, decline, hold, lift);
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 6 }), commands, (before, last) => {
      const attempt = (state: ErasureCase, command: ErasureCommand): ErasureCase | undefined => {
        try {
          return evolve(state, decideErasure(command, matterOf(state, ONE)), ONE);
        } catch (error) {
          if (error instanceof PistorError) return undefined;
          throw error;
        }
      };
      const state = before.reduce((s, command) => attempt(s, command) ?? s, erasureFold.initial);
      const done = attempt(state, last);
      if (done) expect(decideErasure(last, matterOf(done, ONE))).toEqual([]);
    }),
  );
});
