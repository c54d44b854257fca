import { parseArgs } from 'node:util';
import { openMachine } from './simulated.machine.js';
import { simulate } from './simulation.js';

/**
 * Runs simulations and says what does not hold:
 *
 *     npm run simulate -- --seed 17 --days 365
 *     npm run simulate -- --seeds 150 --days 30 [--from 1]
 *
 * Ends with 1 where something does not hold; then the seed and the last steps of its trace are printed.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    days: { type: 'string', default: '30' },
    trace: { type: 'boolean', default: false },
    'no-faults': { type: 'boolean', default: false },
  },
});

const LINES_SHOWN = 40;

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    console.error(`--${name} takes a whole number, not ${text}.`);
    process.exit(2);
  }
  return value;
};

const days = number('days', values.days);
const first = number('from', values.seed ?? values.from);
const count = values.seed === undefined ? number('seeds', values.seeds ?? '1') : 1;

const machine = await openMachine();
let failures = 0;
try {
  for (let seed = first; seed < first + count; seed += 1) {
    const cpu = process.cpuUsage();
    const result = await simulate(machine, { seed, days, faults: !values['no-faults'] });
    const { user, system } = process.cpuUsage(cpu);
    const counts = Object.entries(result.messages).sort(([a], [b]) => a.localeCompare(b));
    const sums = counts.map(([status, n]) => `${n} ${status}`).join(', ');
    console.log(
      `seed ${seed}: ${result.events} events, ${sums}; ${((user + system) / 1e6).toFixed(1)} s CPU; ${result.hash.slice(0, 12)}`,
    );
    if (values.trace) console.log(result.trace.join('\n'));
    if (result.problems.length === 0) continue;
    failures += 1;
    if (!values.trace) console.log(result.trace.slice(-LINES_SHOWN).join('\n'));
    console.log(`\nseed ${seed} does not hold:\n${result.problems.slice(0, LINES_SHOWN).join('\n')}\n`);
  }
} finally {
  await machine.close();
}
console.log(failures === 0 ? `All ${count} held.` : `${failures} of ${count} did not hold.`);
process.exitCode = failures === 0 ? 0 : 1;
