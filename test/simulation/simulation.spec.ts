import { type Machine, openMachine } from './simulated.machine.js';
import { simulate, type SimulationResult } from './simulation.js';

/** The end of a trace says what led there. */
const LINES_SHOWN = 25;

/** What a run came to; where something does not hold, with the seed and the last steps. */
const outcome = ({ seed, problems, trace }: SimulationResult): string =>
  problems.length === 0 ? 'holds' : [`seed ${seed}`, ...problems, '', ...trace.slice(-LINES_SHOWN)].join('\n');

describe('a simulated chain of clinics', () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await openMachine();
  });
  afterAll(() => machine.close());

  it.each([1, 2])('keeps every promise about its messages, whatever goes wrong (seed %i)', async (seed) => {
    const result = await simulate(machine, { seed, days: 10, rebuilds: true });
    expect(outcome(result)).toBe('holds');
    // A run in which nothing was sent would keep every promise, too.
    expect(result.messages.sent).toBeGreaterThan(3);
  });

  it('gives the same run for the same seed, and another one for another', async () => {
    const options = { seed: 7, days: 8, trouble: 2 };
    const first = await simulate(machine, options);
    const second = await simulate(machine, options);
    expect(second.trace).toEqual(first.trace);
    expect(second.hash).toBe(first.hash);
    expect((await simulate(machine, { ...options, seed: 13 })).hash).not.toBe(first.hash);
  });

  it('has nothing that fails or is in doubt where nothing goes wrong', async () => {
    const result = await simulate(machine, { seed: 5, days: 14, faults: false });
    expect(outcome(result)).toBe('holds');
    expect(result.messages).not.toHaveProperty('failed');
    expect(result.messages).not.toHaveProperty('unknown');
    expect(result.messages.sent).toBeGreaterThan(10);
  });
});
