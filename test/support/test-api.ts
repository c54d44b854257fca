import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi } from '../../apps/api/src/server.js';
import type { AccessConfiguration } from '../../libs/access/src/access.configuration.js';
import type { ChannelsConfiguration } from '../../libs/channels/src/channels.configuration.js';
import { openPistor, type Pistor } from '../../libs/composition/src/pistor.js';
import { readConfiguration } from '../../libs/engine/src/configuration.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { type Log, silentLog } from '../../libs/kernel/src/log.js';
import { openTestDatabase } from './test-database.js';
import type { StreamOfEvents } from './test-engine.js';

/** What was answered to a command. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, any>;
  readonly headers: Record<string, unknown>;
}

/** The rules of a refusal, one a field. @throws TypeError where the answer is no refusal */
export const rulesOf = ({ body }: Answer): string[] => (body['fields'] as { rule: string }[]).map(({ rule }) => rule);

/** The status of an answer, and the rule of each field that it refuses; no list where it names no field. */
export const refusalOf = ({ status, body }: Pick<Answer, 'status' | 'body'>): [number, string[] | undefined] => [
  status,
  (body['fields'] as { rule: string }[] | undefined)?.map(({ rule }) => rule),
];

/** The whole application over a database of its own, listening to nothing; read models follow by themselves. */
export interface TestApi {
  readonly pistor: Pistor;
  readonly app: NestFastifyApplication;
  append(...streams: readonly StreamOfEvents[]): Promise<void>;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> & { items?: unknown } }>;
  /** Sends a command. @param key the same key again: the same request */
  post(path: string, payload: object, key?: string): Promise<Answer>;
  /** Sends a command that must be carried out. @returns the id that it made or changed; throws where it is refused */
  made(path: string, payload: object): Promise<string>;
  /** The lines of an answer that ends. */
  lines(path: string): Promise<Record<string, unknown>[]>;
  /** Everything recorded is shown by every read model. */
  followed(): Promise<void>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  readonly channels?: ChannelsConfiguration;
  /** Messages go out, and the clock can be advanced. */
  readonly working?: boolean;
  /** No sandbox: people have to sign in. */
  readonly live?: boolean;
  readonly signIn?: AccessConfiguration;
  readonly log?: Log;
}

export async function openTestApi({
  channels,
  working = false,
  live = false,
  signIn,
  log = silentLog,
}: TestApiOptions = {}): Promise<TestApi> {
  const test = await openTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'pistor api '));
  const configuration = readConfiguration(live ? { PISTOR_SANDBOX: 'false' } : {}, { dataFolder: folder });
  const opened = Promise.resolve({ db: test.db, announce: () => undefined });
  const pistor = await openPistor(configuration, log, opened, channels, signIn);
  const app = await createApi(pistor);
  if (working) await pistor.workers.start();
  else pistor.workers.follow();
  const headers = { host: '127.0.0.1' };
  const post = async (path: string, payload: object, key = newId()): Promise<Answer> => {
    const asked = { method: 'POST', url: path, payload, headers: { ...headers, 'idempotency-key': key } } as const;
    const answer = await app.inject(asked);
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
  return {
    pistor,
    app,
    append: async (...streams) => {
      for (const { stream, events, origin = 'live' } of streams) {
        await pistor.engine.store.append({
          chain: pistor.chain.id,
          commandId: newId(),
          streams: [{ stream, expectedRevision: 'any', events }],
          context: { actor: 'user:test', origin },
        });
      }
    },
    get: async (path) => {
      const answer = await app.inject({ url: path, headers });
      return { status: answer.statusCode, body: answer.json() };
    },
    post,
    made: async (path, payload) => {
      const { status, body } = await post(path, payload);
      if (status >= 300) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
      return body['id'] as string;
    },
    lines: async (path) => {
      const { body } = await app.inject({ url: path, headers });
      return body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    followed: () => pistor.readModelsAtHead(pistor.chain),
    close: async () => {
      await app.close();
      await pistor.close();
      await test.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
