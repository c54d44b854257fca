import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { openMessaging } from '#libs/messaging/src/messaging.js';
import { pageEvents } from '#libs/projections/src/event-pages.js';
import { Projections } from '#libs/projections/src/projections.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { type Deployment, WorkerProcess } from './simulated.process.js';

/** What simulations take place in: one embedded database, a chain of its own for each. */
export interface Machine {
  readonly engine: Engine;
  readonly projections: Projections;
  close(): Promise<void>;
}

const EVENT_TYPES = [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES];
const silent = { warn: () => {} };

/** The embedded one, whatever else there is: with its one session, the same questions always come in the same order. */
export async function openMachine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor simulation '));
  const db = await openPglite(folder, { scratch: true });
  const engine = await openEngine({
    db,
    masterKey: () => new MasterKey(randomBytes(32)),
    eventTypes: EVENT_TYPES,
  });
  const messaging = await openMessaging(engine);
  const projections = new Projections({ ...engine, log: silent }, messaging.works);
  await projections.prepare();
  const close = async () => {
    await engine.close();
    await db.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { engine, projections, close };
}

/**
 * Builds the read model of messages anew, and gives the whole log to fresh processes that remember nothing of what was
 * planned. Nobody is written to by that, and nothing is planned that was not.
 * @returns what does not hold
 */
export async function rebuild(machine: Machine, deployment: Deployment, calls: () => number): Promise<string[]> {
  const { engine, projections } = machine;
  const { chain } = deployment;
  const [called, head] = [calls(), await engine.store.head(chain.id)];
  await projections.rebuild('messages');
  for (const table of ['planned_message', 'messaging_course', 'messaging_person']) {
    await engine.db.query(`delete from ${table} where chain = $1`, [chain.no]);
  }
  const worker = await WorkerProcess.open('fresh', deployment);
  const stored = await engine.store.readAll(chain.id);
  for (const work of worker.works) {
    if (!('react' in work)) continue;
    const wanted = stored.filter(({ header }) => work.types.has(header.type));
    await work.react(
      chain,
      (await pageEvents(engine.store, engine.codec, chain, wanted)).map(({ sealed }) => sealed),
    );
  }
  const added = (await engine.store.head(chain.id)) - head;
  return [
    ...(calls() === called ? [] : ['rebuilding called a provider']),
    ...(added === 0 ? [] : [`giving the log to the reactors once more added ${added} events`]),
  ].map((why) => `nothingIsDoneTwiceByARebuild: ${why}`);
}
