import { PLANTED_FAULTS } from './planted-faults.js';
import { type Machine, openMachine } from './simulated.machine.js';
import { simulate } from './simulation.js';
import { PROPERTIES } from './simulation.properties.js';

/** Each is found with one of the first seeds; most within three, those that need two workers at one message later. */
const SEEDS_MAX = 40;
/** That of a fault which takes many seeds, on a machine that does much else. */
const TIMEOUT_MS = 600_000;

describe('a mistake that is planted', () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await openMachine();
  });
  afterAll(() => machine.close());

  it.each(PLANTED_FAULTS.map((planted) => [planted.name, planted] as const))(
    'is found: %s',
    async (_, planted) => {
      const found: string[] = [];
      for (let seed = 1; seed <= SEEDS_MAX && found.length === 0; seed += 1) {
        const { problems } = await simulate(machine, { seed, days: planted.outage ? 24 : 9, trouble: 2.5, planted });
        const names = problems.map((problem) => problem.slice(0, problem.indexOf(':')));
        found.push(...names.filter((name) => planted.caughtBy.includes(name)));
      }
      expect(planted.caughtBy).toContain(found[0]);
    },
    TIMEOUT_MS,
  );

  it('is said to be found by properties that there are', () => {
    const names = new Set(['balance', ...PROPERTIES.map(({ name }) => name)]);
    expect(PLANTED_FAULTS.flatMap(({ caughtBy }) => caughtBy).filter((name) => !names.has(name))).toEqual([]);
  });
});
