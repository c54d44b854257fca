import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApi } from '../../apps/api/src/server.js';
import { openPistor, type Pistor } from '../../libs/composition/src/pistor.js';
import type { Configuration } from '../../libs/engine/src/configuration.js';
import { bucketOf } from '../../libs/event-store/src/key-vault.js';
import { PERSONAL_CLASSES } from '../../libs/event-store/src/personal-data.js';
import { addDays } from '../../libs/kernel/src/local-date.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { createLog } from '../../libs/kernel/src/log.js';
import { SiteRetentionRulesSet, siteStream } from '../../libs/treatment/src/site/site.events.js';
import { type Needle, needlesOfBytes, needlesOfText } from './bytes-of.js';
import { eventually } from './eventually.js';
import { CourseHistory, patient, practitioner, site } from './treatment-history.js';

/** What is said of the person, each word of which is nowhere else. */
export const SAID = {
  code: 'PT-QUUXIMODO-77',
  familyName: 'Vanderquuxen',
  givenName: 'Xeniquuxa',
  phone: '+905557654321',
  email: 'xeniquuxa@vanderquuxen.example',
  allergy: 'zirconiquuxide',
  reason: 'asked by a letter of quuxember',
  /** As whom they sign in: it is closed under the keys of the account. */
  accountName: 'Xeniquuxa Kontoquuxsen',
};

export interface Running {
  readonly pistor: Pistor;
  /** Lines of its log so far. */
  readonly lines: string[];
  send(method: 'GET' | 'POST', path: string, payload?: object): Promise<{ status: number; body: Record<string, any> }>;
  close(): Promise<void>;
}

/** A whole Pistor that works by itself, on real files or servers, and writes down its log. */
export async function run(configuration: Configuration): Promise<Running> {
  const lines: string[] = [];
  const log = createLog('test', 'debug', (line) => lines.push(line));
  const pistor = await openPistor(configuration, log);
  const app = await createApi(pistor);
  await pistor.workers.start();
  return {
    pistor,
    lines,
    send: async (method, path, payload) => {
      const answer = await app.inject({
        ...{ method, url: path },
        ...(payload && { payload }),
        headers: { host: '127.0.0.1', 'idempotency-key': newId() },
      });
      return { status: answer.statusCode, body: answer.json() };
    },
    close: async () => {
      await app.close();
      await pistor.close();
    },
  };
}

export interface Person {
  readonly id: string;
  /** The account by which they see their own record. */
  readonly user: string;
  /** Whose keys the same bucket wraps. */
  readonly survivor: string;
  readonly bucket: number;
  /**
   * Everything of the person that must be nowhere once they were erased: what was said, and each of their keys and of
   * those of their account.
   */
  readonly needles: readonly Needle[];
  /** The buckets' keys that wrap these. */
  readonly bucketKey: readonly Needle[];
}

/** Somebody who was treated, is told of it, has an account, and shares a bucket with somebody else. */
export async function treated({ pistor, send }: Running, keysFolder: string): Promise<Person> {
  const { engine, chain } = pistor;
  const [siteId, practitionerId] = [newId(), newId()];
  const { body } = await send('POST', '/v1/patients', {
    code: SAID.code,
    identity: {
      ...{ familyName: SAID.familyName, givenName: SAID.givenName, birthDate: '1970-01-01', sex: 'female' },
      ...{ phone: SAID.phone, email: SAID.email },
    },
    preference: { language: 'en', channel: 'sms', contactConsent: true },
    health: { allergies: [SAID.allergy], conditions: [], medications: [] },
  });
  const id = body['id'] as string;
  const { body: account } = await send('POST', '/v1/users', {
    ...{ name: SAID.accountName, grants: [{ role: 'patient', patient: id }] },
  });
  const user = account['id'] as string;
  await send('POST', `/v1/users/${user}/invitation`, {});
  // A sandbox asks nobody to sign in: as it would stand there after somebody has.
  await engine.db.query(
    `insert into access_passkey (chain, credential_id, user_id, public_key, counter, transports, made_at)
     values ($1, 'a credential', $2, 'a key', 0, '{}', clock_timestamp())`,
    [chain.no, user],
  );
  const bucket = bucketOf(id);
  let survivor = newId();
  while (bucketOf(survivor) !== bucket) survivor = newId();
  const today = (await engine.chains.now(chain)).slice(0, 10);
  const course = new CourseHistory(
    { site: siteId, patient: id, practitioner: practitionerId },
    { plannedAt: `${addDays(today, -3)}T10:00`, consentOn: addDays(today, -3) },
  );
  const rules = { years: 0, yearsFromMajority: 0 };
  const kept = {
    stream: siteStream(siteId),
    events: [SiteRetentionRulesSet(occurredNow(`${today}T00:00:00.000Z`), { siteId, rules })],
  };
  const histories = [site(siteId), kept, practitioner({ id: practitionerId }), patient(survivor, {}, 'Survivorsen')];
  for (const { stream, events } of [...histories, ...course.performed(`${addDays(today, -1)}T11:00`).streams()]) {
    await engine.store.append({
      ...{ chain: chain.id, commandId: newId(), streams: [{ stream, expectedRevision: 'any', events }] },
      context: { actor: 'user:test', origin: 'live' },
    });
  }
  const keys = await engine.keys.find(
    chain,
    [id, user].flatMap((subject) => PERSONAL_CLASSES.map((each) => ({ subject, class: each }))),
  );
  const file = await readFile(join(keysFolder, 'bucket.keys'), 'utf8');
  const keyOf = (no: number): readonly Needle[] => {
    const found = new RegExp(`^${no}\\.(\\d+) (\\w{64})$`, 'm').exec(file);
    if (!found) throw new Error(`The bucket ${no} has no key`);
    return needlesOfBytes(`the key of bucket ${no}`, Buffer.from(found[2] as string, 'hex'));
  };
  return {
    ...{ id, user, survivor, bucket },
    needles: [
      ...Object.values(SAID).flatMap(needlesOfText),
      ...[...keys].flatMap(([name, key]) => (key ? needlesOfBytes(`the key ${name}`, key) : [])),
    ],
    bucketKey: [bucket, bucketOf(user)].flatMap(keyOf),
  };
}

/** Asks for the erasure, confirms it and waits until it is final; nobody wants the record kept. */
export async function erase({ pistor, send }: Running, { id }: Person): Promise<void> {
  await pistor.readModelsAtHead(pistor.chain);
  const { body: asked } = await send('POST', `/v1/patients/${id}/erasure-requests`, {
    ...{ ground: 'patient-asked', reason: SAID.reason },
  });
  const { status } = await send('POST', `/v1/patients/${id}/erasure-requests/confirm`, {
    ...{ erasure: asked['id'], asSecondPerson: true },
  });
  if (status !== 200) throw new Error(`The erasure was answered with ${status}: ${JSON.stringify(asked)}`);
  await eventually('a final erasure', async () =>
    (await send('GET', `/v1/patients/${id}/erasure`)).body['state'] === 'final' ? true : undefined,
  );
  await pistor.readModelsAtHead(pistor.chain);
}
