import { newId } from '../../libs/kernel/src/ids.js';
import { openQueue } from '../../libs/queue/src/bullmq.queue.js';
import { JOB_TRIES } from '../../libs/queue/src/job.rules.js';
import type { QueueBackend } from '../../libs/queue/src/queue-backend.js';
import type { NewJob, RunningJob, WorkQueue } from '../../libs/queue/src/work-queue.js';

type Data = Readonly<Record<'messageId', string>>;

/** A backend of its own for a suite; `drive` lets jobs run that do not run by themselves. */
export interface TestedBackend {
  readonly backend: QueueBackend;
  drive?(name: string): void;
  close(): Promise<void>;
}

const log = { warn: () => {} };
const job = (id: string, more: Partial<NewJob<Data>> = {}): NewJob<Data> => ({ id, data: { messageId: 'm' }, ...more });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again until `look` throws no more. @throws what it threw last, after 15 s or what is said */
async function eventually(look: () => void, waitMsMax = 15_000): Promise<void> {
  const until = performance.now() + waitMsMax;
  for (;;) {
    try {
      return look();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await pause(10);
  }
}

/** What every queue must do, whatever keeps its jobs. */
export function describeWorkQueue(where: string, open: () => Promise<TestedBackend>): void {
  describe(`a queue in ${where}`, () => {
    let tested: TestedBackend;
    const opened: WorkQueue<Data>[] = [];

    const newQueue = (name = `test-${newId()}`): WorkQueue<Data> => {
      const queue = openQueue<Data>(name, { backend: tested.backend, log });
      tested.drive?.(name);
      opened.push(queue);
      return queue;
    };

    beforeAll(async () => {
      tested = await open();
    });
    afterAll(async () => {
      await Promise.all(opened.map((queue) => queue.close()));
      await tested.close();
    });

    it('gives each job to a handler', async () => {
      const queue = newQueue();
      const done: string[] = [];
      queue.process(async ({ data }) => void done.push(data.messageId), { concurrency: 4 });
      await queue.add(Array.from({ length: 50 }, (_, n) => job(`job-${n}`, { data: { messageId: `m${n}` } })));
      await eventually(() => expect(done).toHaveLength(50));
      expect(new Set(done).size).toBe(50);
      expect(await queue.health()).toMatchObject({ backend: tested.backend.kind, state: 'up', problem: null });
    });

    it('does not add a job again that it still holds', async () => {
      const queue = newQueue();
      await queue.add([job('job-a'), job('job-a')]);
      await queue.add([job('job-a')]);
      let runs = 0;
      queue.process(async () => void (runs += 1), { concurrency: 1 });
      await eventually(() => expect(runs).toBe(1));
      await pause(200);
      expect(runs).toBe(1);
    });

    it('adds a job again once it is done', async () => {
      const queue = newQueue();
      let runs = 0;
      queue.process(async () => void (runs += 1), { concurrency: 1 });
      for (const expected of [1, 2]) {
        await queue.add([job('job-a')]);
        await eventually(() => expect(runs).toBe(expected));
        // It is removed only after its handler has come to an end.
        await pause(200);
      }
    });

    it('does not add a job again while it is worked on', async () => {
      const queue = newQueue();
      let release = () => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      let runs = 0;
      queue.process(
        async () => {
          runs += 1;
          await gate;
        },
        { concurrency: 2 },
      );
      await queue.add([job('job-a')]);
      await eventually(() => expect(runs).toBe(1));
      await queue.add([job('job-a')]);
      release();
      await pause(300);
      expect(runs).toBe(1);
    });

    it('keeps a delayed job back', async () => {
      const queue = newQueue();
      const done: string[] = [];
      queue.process(async ({ id }) => void done.push(id), { concurrency: 1 });
      await queue.add([job('later', { delayMs: 700 })]);
      await queue.add([job('now')]);
      await eventually(() => expect(done).toEqual(['now', 'later']));
    });

    it('takes what has the lower number first, and what has none before all of them', async () => {
      const queue = newQueue();
      await queue.add([
        job('third-a', { priority: 3 }),
        job('first', { priority: 1 }),
        job('third-b', { priority: 3 }),
      ]);
      await queue.add([job('second', { priority: 2 }), job('before')]);
      const done: string[] = [];
      queue.process(async ({ id }) => void done.push(id), { concurrency: 1 });
      await eventually(() => expect(done).toEqual(['before', 'first', 'second', 'third-a', 'third-b']));
    });

    it('takes a delayed job by its priority once its time has come', async () => {
      const queue = newQueue();
      await queue.add([job('late-but-urgent', { priority: 1, delayMs: 200 }), job('early', { priority: 3 })]);
      await pause(600);
      const done: string[] = [];
      queue.process(async ({ id }) => void done.push(id), { concurrency: 1 });
      await eventually(() => expect([...done].sort()).toEqual(['early', 'late-but-urgent']));
    });

    it('gives a job whose handler throws again, later, and says when it is the last time', async () => {
      const queue = newQueue();
      const tries: boolean[] = [];
      const at: number[] = [];
      queue.process(
        async ({ lastAttempt }: RunningJob<Data>) => {
          tries.push(lastAttempt);
          at.push(performance.now());
          throw new Error('never');
        },
        { concurrency: 1 },
      );
      await queue.add([job('job-a')]);
      await eventually(() => expect(tries).toEqual([false, false, false, false, true]), 30_000);
      const pauses = at.slice(1).map((ms, n) => ms - (at[n] as number));
      // Twice as long each time, but for what the machine adds.
      pauses.forEach((ms, n) => expect(ms).toBeGreaterThan(JOB_TRIES.backOffMs * 2 ** n * 0.9));
      await pause(300);
      expect(tries).toHaveLength(JOB_TRIES.max);
      // It is kept to be looked at, and its id with it.
      await queue.add([job('job-a')]);
      await pause(300);
      expect(tries).toHaveLength(JOB_TRIES.max);
    });

    it('goes on with the others while one fails again and again', async () => {
      const queue = newQueue();
      const done: string[] = [];
      queue.process(
        async ({ id }) => {
          if (id === 'poison') throw new Error('never');
          done.push(id);
        },
        { concurrency: 1 },
      );
      await queue.add([job('poison'), ...Array.from({ length: 20 }, (_, n) => job(`job-${n}`))]);
      await eventually(() => expect(done).toHaveLength(20));
    });

    it('waits at its end for what is under way, and begins nothing more', async () => {
      const queue = newQueue();
      const begun: string[] = [];
      const done: string[] = [];
      let release = () => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      queue.process(
        async ({ id }) => {
          begun.push(id);
          await gate;
          done.push(id);
        },
        { concurrency: 1 },
      );
      await queue.add([job('first'), job('second')]);
      await eventually(() => expect(begun).toEqual(['first']));
      let closed = false;
      const closing = queue.close().then(() => (closed = true));
      await pause(100);
      expect(closed).toBe(false);
      release();
      await closing;
      expect(done).toEqual(['first']);
      await pause(100);
      expect(begun).toEqual(['first']);
    });

    it('keeps what is left when a process ends for the next one', async () => {
      const name = `test-${newId()}`;
      const first = newQueue(name);
      await first.add([job('job-a')]);
      await first.close();
      const done: string[] = [];
      newQueue(name).process(async ({ id }) => void done.push(id), { concurrency: 1 });
      await eventually(() => expect(done).toEqual(['job-a']));
    });

    it.each(['a:b', '17', ''])('refuses the job id %j, which BullMQ would take for its own', async (id) => {
      await expect(newQueue().add([job(id)])).rejects.toThrow('Not an id for a job');
    });

    it.each([0, -1, 1.5])('refuses the priority %j', async (priority) => {
      await expect(newQueue().add([job('job-a', { priority })])).rejects.toThrow('Not a priority for a job');
    });

    it('is processed once in a process', () => {
      const queue = newQueue();
      queue.process(async () => {}, { concurrency: 1 });
      expect(() => queue.process(async () => {}, { concurrency: 1 })).toThrow('is processed in this process already');
    });
  });
}
