import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chaos } from './chaos.run.js';

/**
 * Lets things go wrong with real processes on a real Redis and PostgreSQL, and says what does not hold:
 *
 *     npm run chaos -- [--seconds 60] [--seed N] [--workers 3] [--patients 24] [--stop-seconds 35]
 *
 * The seed decides what is tried; what comes of it depends on the machine, so a seed need not fail again. Ends with 1
 * where something does not hold.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    patients: { type: 'string', default: '24' },
    'stop-seconds': { type: 'string', default: '35' },
  },
});
const PROBLEMS_SHOWN = 40;

function number(name: 'seconds' | 'workers' | 'patients' | 'stop-seconds'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} takes a whole number above 0, not ${values[name]}.`);
  process.exit(2);
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // A second one ends it at once, and leaves what it has started.
  process.once(signal, () => interrupt.abort(new Error('It was interrupted.')));
}

const seed = values.seed ?? String(randomInt(1_000_000));
console.log(`seed ${seed}`);
const { problems, messages, calls } = await chaos({
  ...{ seed, seconds: number('seconds'), workers: number('workers'), patients: number('patients') },
  ...{ stopSeconds: number('stop-seconds'), say: (line) => console.log(line), signal: interrupt.signal },
});
console.log(
  `${calls} calls; ${Object.entries(messages)
    .map(([status, n]) => `${n} ${status}`)
    .join(', ')}`,
);
if (problems.length > 0) {
  console.log(`\nseed ${seed} does not hold:\n${problems.slice(0, PROBLEMS_SHOWN).join('\n')}\n`);
  process.exitCode = 1;
} else console.log('All held.');
