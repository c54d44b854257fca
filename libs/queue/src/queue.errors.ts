import { Invalid, Unavailable } from '#libs/kernel/src/errors.js';

/** The queue cannot be reached. What was to be queued is still in the database and is found again. */
export class QueueUnavailable extends Unavailable {
  constructor(name: string, cause?: unknown) {
    super('queue.unavailable', `The queue ${name} cannot be reached now. What is due waits in the database.`, {
      cause,
    });
  }
}

/** A Redis that may throw away keys loses jobs without a word. */
export class RedisMayEvict extends Invalid {
  constructor(policy: string) {
    super(
      'queue.redis-may-evict',
      `Redis has maxmemory-policy ${policy} and may throw jobs away. Mend it with: redis-cli CONFIG SET maxmemory-policy noeviction`,
      { data: { policy } },
    );
  }
}
