import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { stepwise } from '#libs/protocols/src/built-in/stepwise.protocol.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import {
  answers,
  conclude,
  HEALTHY,
  historyOf,
  hold,
  note,
  NOW,
  nurse,
  override,
  physician,
  products,
  result,
  sign,
  withdraw,
} from '#test/support/consultation-given.js';
import type { ConsultationCommand } from './consultation-command.types.js';
import { decideConsultation } from './consultation.decider.js';
import { latestResult, missingForClearance } from './consultation.rules.js';
import type { HeldConsultation } from './consultation.state.js';

const protocols = fc.constantFrom(facial, stepwise);
const codes = facial.screening.contraindications.map(({ code }) => code);
const health: fc.Arbitrary<HealthAnswers> = fc.record({
  conditions: fc.subarray(['breastfeeding', 'migraine', 'pregnancy']),
  medications: fc.subarray(['warfarin', 'levothyroxine']),
  allergies: fc.subarray(['zinc', 'penicillin']),
});

interface World {
  readonly protocol: typeof facial;
  readonly health: HealthAnswers;
}

/** Few worlds and many healthy patients, so that a good part of the consultations come to a clearance. */
const worlds: fc.Arbitrary<World> = fc.record({
  protocol: protocols,
  health: fc.oneof({ weight: 3, arbitrary: fc.constant(HEALTHY) }, { weight: 1, arbitrary: health }),
});

const practitioners = fc.constantFrom(physician, nurse);
const tests = fc.constantFrom('blood-test', 'urine-test');

function commandsIn({ protocol, health: known }: World): fc.Arbitrary<ConsultationCommand> {
  const someAnswers = fc
    .array(
      fc.record({
        code: fc.constantFrom(...codes),
        answer: fc.constantFrom('yes' as const, 'no' as const, 'no' as const, 'unknown' as const),
        details: fc.constantFrom('zinc', 'warfarin', 'migraine').map((named) => [named]),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((given) => [...new Map(given.map((each) => [each.code, each])).values()]);
  return fc.oneof(
    fc.constant(note(protocol)),
    fc.constant(answers([], protocol)),
    someAnswers.map((given): ConsultationCommand => ({ ...answers([], protocol), answers: given })),
    fc.subarray(['zinc', 'biotin']).map((ingredients) => products(...ingredients)),
    tests.map((test): ConsultationCommand => ({ type: 'RequestTest', test })),
    fc
      .tuple(tests, fc.constantFrom('2026-02-28', '2026-03-01', '2026-03-02'), fc.boolean())
      .map(([test, on, acceptable]) => result(test, on, acceptable)),
    fc
      .tuple(fc.constantFrom(...codes), practitioners)
      .map(([code, practitioner]) => override(code, { protocol, practitioner, health: known })),
    fc
      .tuple(fc.constantFrom('cleared', 'cleared', 'deferred', 'refused'), practitioners)
      .map(([outcome, practitioner]) =>
        conclude(
          outcome === 'deferred' ? { outcome, until: '2026-04-01' } : { outcome: outcome as 'cleared' | 'refused' },
          {},
          { protocol, practitioner, health: known },
        ),
      ),
    fc.constantFrom('2026-02-01', '2026-03-01').map((signedOn) => sign({ signedOn })),
    fc.constant(withdraw()),
  );
}

/** Many begin with all that is needed, so that clearances are met and not only refusals. */
const stories = worlds.chain((world) =>
  fc
    .tuple(fc.boolean(), fc.array(commandsIn(world), { minLength: 4, maxLength: 25 }))
    .map(([isComplete, commands]): readonly [World, readonly ConsultationCommand[]] => [
      world,
      isComplete ? [...completeIn(world), ...commands] : commands,
    ]),
);

const completeIn = ({ protocol }: World): ConsultationCommand[] => [
  note(protocol),
  answers([], protocol),
  result('blood-test', '2026-02-27'),
  result('urine-test', '2026-02-27'),
];

/** What a command makes, or nothing where it is refused. */
function attempt(command: ConsultationCommand, events: readonly NewEvent[]): NewEvent[] {
  try {
    return decideConsultation(command, historyOf(events).state, NOW);
  } catch (error) {
    if (error instanceof PistorError) return [];
    throw error;
  }
}

const heldAfter = (events: readonly NewEvent[]) => historyOf(events).state as HeldConsultation;

describe('a consultation, whatever is asked of it', () => {
  it('[consultation.repeated] makes nothing of a command that it has just followed', () => {
    fc.assert(
      fc.property(stories, ([, commands]) => {
        const events = attempt(hold(), []);
        for (const command of commands) {
          events.push(...attempt(command, events));
          expect(attempt(command, events)).toEqual([]);
        }
      }),
    );
  });

  it('[consultation.contraindication] is never cleared while it lacks what a clearance needs', () => {
    let cleared = 0;
    fc.assert(
      fc.property(stories, ([{ protocol, health: known }, commands]) => {
        const events = attempt(hold(), []);
        for (const command of commands) {
          events.push(...attempt(command, events));
          const state = heldAfter(events);
          if (state.conclusion?.outcome !== 'cleared') continue;
          cleared += 1;
          expect(missingForClearance(state, { protocol, health: known })).toEqual([]);
          // Said once more in other words, so that the rule itself is not its only witness.
          const { notes, answeredCodes, overrides } = state;
          expect(Object.keys(notes)).toEqual(expect.arrayContaining(protocol.consultation.map(({ code }) => code)));
          expect(new Set(answeredCodes)).toEqual(new Set(codes));
          expect(protocol.testsFirst.every(({ code }) => latestResult(state, code)?.acceptable)).toBe(true);
          const given = state.answers as readonly { code: string; answer: string }[];
          const isSo = (code: string) => given.some((each) => each.code === code && each.answer !== 'no');
          expect(isSo('pregnancy') || known.conditions.includes('pregnancy')).toBe(false);
          const isAccepted = overrides.some(({ code }) => code === 'breastfeeding');
          expect((isSo('breastfeeding') || known.conditions.includes('breastfeeding')) && !isAccepted).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
    expect(cleared).toBeGreaterThan(50);
  });

  it('[override.physician] is never overridden by a nurse', () => {
    fc.assert(
      fc.property(stories, ([, commands]) => {
        const events = attempt(hold(), []);
        for (const command of commands) {
          const made = attempt(command, events);
          if (command.type === 'OverrideContraindication' && command.known.practitioner === nurse) {
            expect(made).toEqual([]);
          }
          events.push(...made);
        }
      }),
    );
  });

  it('[consultation.concluded] keeps a clearance and a refusal for good', () => {
    fc.assert(
      fc.property(stories, ([, commands]) => {
        const events = attempt(hold(), []);
        let ended: unknown;
        for (const command of commands) {
          events.push(...attempt(command, events));
          const { conclusion } = heldAfter(events);
          if (ended !== undefined) expect(conclusion).toEqual(ended);
          if (conclusion !== undefined && conclusion.outcome !== 'deferred') ended = conclusion;
        }
      }),
    );
  });
});
