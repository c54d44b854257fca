import { Redis } from 'ioredis';
import { newId } from '#libs/kernel/src/ids.js';
import { QueueUnavailable, RedisMayEvict } from './queue.errors.js';
import type { QueueBackend } from './backend.port.js';

/** A command to a Redis that hangs must not hang its caller for longer. */
const COMMAND_MS_MAX = 5_000;
const CONNECT_MS_MAX = 3_000;
/** Between two tries to connect: soon at first, then patiently. */
const RECONNECT_MS_MAX = 5_000;
/** ioredis keeps a timer for so long behind a connection that it has let go of. */
const DISCONNECT_MS_MAX = 300;
/** The braces are a hash tag: on a Redis cluster all keys of a queue must lie in one slot. */
const PREFIX = '{pistor}';

const reconnectMs = (tries: number): number => Math.min(tries * 200, RECONNECT_MS_MAX);

/** @throws RedisMayEvict when it can be reached now and may evict. */
export async function redisBackend(url: string, prefix = PREFIX): Promise<QueueBackend> {
  // Producers fail at once while Redis is gone (the caller finds the work again later); workers wait for it.
  const producer = new Redis(url, {
    connectTimeout: CONNECT_MS_MAX,
    disconnectTimeout: DISCONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: reconnectMs,
    lazyConnect: true,
  });
  const worker = new Redis(url, {
    disconnectTimeout: DISCONNECT_MS_MAX,
    maxRetriesPerRequest: null,
    retryStrategy: reconnectMs,
    lazyConnect: true,
  });
  const connections = [producer, worker];
  // ioredis tries again by itself; without a listener each failure would be printed.
  for (const connection of connections) connection.on('error', () => {});
  await producer.connect().catch(() => undefined);

  const backend: QueueBackend = {
    kind: 'redis',
    factory: undefined,
    options: (role) => ({ connection: (role === 'worker' ? worker : producer) as never, prefix }),
    connected: () => producer.status === 'ready',
    check: () => checkPolicy(producer),
    memory: () => memoryOf(producer, prefix),
    close: async () => {
      for (const connection of connections) connection.disconnect();
    },
  };
  try {
    await backend.check();
  } catch (error) {
    if (!(error instanceof RedisMayEvict)) return backend;
    await backend.close();
    throw error;
  }
  return backend;
}

/** A key that is made once, and gone with everything else. */
async function memoryOf(redis: Redis, prefix: string): Promise<string> {
  const key = `${prefix}:memory`;
  try {
    await redis.setnx(key, newId());
    const memory = await redis.get(key);
    if (memory === null) throw new Error('it was lost at this moment');
    return memory;
  } catch (cause) {
    throw new QueueUnavailable('in Redis', cause);
  }
}

async function checkPolicy(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') throw new QueueUnavailable('in Redis');
  let info: string;
  try {
    // INFO and not CONFIG GET: hosted Redis often forbids the latter.
    info = await redis.info('memory');
  } catch (cause) {
    throw new QueueUnavailable('in Redis', cause);
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') throw new RedisMayEvict(policy);
}
