import { newId } from '#libs/kernel/src/ids.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { describeWorkQueue } from '#test/support/work-queue.contract.js';
import { openQueueBackend } from './queue-backend.js';

const open = (redisUrl: string | undefined) => async () => {
  const test = await openTestDatabase();
  const backend = await openQueueBackend({ db: test.db, redisUrl, prefix: `{test-${newId()}}` });
  return {
    backend,
    close: async () => {
      await backend.close();
      await test.close();
    },
  };
};

// One run on both, whichever a deployment has.
describeWorkQueue('Redis', open(process.env.REDIS_URL));
describeWorkQueue('PostgreSQL', open(undefined));
