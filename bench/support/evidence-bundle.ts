import { BundleWriter } from '#libs/evidence/src/bundle-writer.js';
import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { newId } from '#libs/kernel/src/ids.js';
import type { Ledger } from '#libs/ledger/src/ledger.js';
import type { BenchEngine } from './bench-engine.js';
import { contextOf, NoteBoxed, noteOf, now } from './bench-events.js';
import { fillLog } from './fill-log.js';
import { type Figure, median } from './figures.js';
import { stopwatch } from './stopwatch.js';

/** A long life at a chain of clinics. */
const EVENTS = 300;
const STREAMS = 10;
const ROUNDS = 15;

/** A bundle of 300 events, written from a log of many and verified as an auditor does it. */
export async function measureBundle(
  url: string,
  engine: BenchEngine,
  ledger: Ledger,
  others: number,
): Promise<Figure[]> {
  const { store, chain, db, keys } = engine;
  const events = await fillLog(url, chain.no, others);
  const patientId = newId();
  const streams = Array.from({ length: STREAMS }, () => `course-${newId()}`);
  for (const stream of streams) {
    const written = Array.from({ length: EVENTS / STREAMS }, () => NoteBoxed(now(), noteOf(patientId)));
    await store.append({
      chain: chain.id,
      commandId: newId(),
      streams: [{ stream, expectedRevision: 'no-stream', events: written }],
      context: contextOf(),
    });
  }
  const head = await store.head(chain.id);
  const size = () =>
    ledger.reader.published(chain).then(
      (published) => published.size,
      () => 0,
    );
  while ((await size()) < head) {
    await ledger.sequencer.tick();
    const problem = await ledger.problem(chain);
    if (problem !== undefined) throw new Error(problem);
  }

  const publicKeys = async () =>
    (await ledger.reader.keysOf(chain)).map(({ vkey, fromSize, untilSize }) => ({
      ...{ vkey, role: 'log' as const, fromSize, untilSize },
    }));
  const writer = new BundleWriter({ db, store, ledger: ledger.reader, keys, publicKeys, version: 'bench' });
  const [written, verified]: [number[], { wall: number; cpu: number }[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts: string[] = [];
    const writing = stopwatch();
    const scope = { kind: 'course' as const, name: null, streams, further: [] };
    for await (const part of writer.write(chain, scope)) parts.push(part);
    written.push(writing().seconds * 1000);
    const file = Buffer.from(parts.join(''));
    const verifying = stopwatch();
    const { outcome, events: found } = verifyBundle(file);
    const { seconds, cpuSeconds } = verifying();
    if (outcome !== 'valid' || found !== EVENTS) throw new Error(`The bundle is ${outcome} and has ${found} events.`);
    verified.push({ wall: seconds * 1000, cpu: cpuSeconds * 1000 });
  }
  const of = `a bundle of ${EVENTS} events, of ${(events + EVENTS).toLocaleString('en')}`;
  return [
    { what: `writing ${of}`, value: median(written), unit: 'ms' },
    { what: `verifying ${of}`, value: median(verified.map(({ wall }) => wall)), unit: 'ms', target: '<= 200' },
    { what: 'the same, by processor time', value: median(verified.map(({ cpu }) => cpu)), unit: 'ms' },
  ];
}
