import { describeWorkQueue } from '#test/support/work-queue.contract.js';
import { inProcessBackend, InProcessJobs } from './in-process.queue.js';
import { JOB_TRIES } from './job.rules.js';

type Data = Readonly<Record<'messageId', string>>;

const DRIVE_EVERY_MS = 5;

// Driven by a timer, it must do what the others do by themselves.
describeWorkQueue('this process', async () => {
  const backend = inProcessBackend(() => performance.now());
  const timers: NodeJS.Timeout[] = [];
  return {
    backend,
    drive: (name) => {
      const jobs = backend.jobsOf<Data>(name);
      let running = false;
      const drive = async () => {
        if (running) return;
        running = true;
        await jobs.runDue();
        running = false;
      };
      timers.push(setInterval(() => void drive(), DRIVE_EVERY_MS));
    },
    close: async () => timers.forEach((timer) => clearInterval(timer)),
  };
});

describe('jobs in memory', () => {
  let now: number;
  let jobs: InProcessJobs<Data>;
  const job = (id: string, more: object = {}) => ({ id, data: { messageId: 'm' }, ...more });

  beforeEach(() => {
    now = 1_000_000;
    jobs = new InProcessJobs<Data>(() => now);
  });

  it('do nothing until they are driven, and then by the clock of whoever drives', async () => {
    const done: string[] = [];
    jobs.handleWith(async ({ id }) => void done.push(id));
    jobs.add([job('now'), job('later', { delayMs: 60_000 })]);
    expect(await jobs.runDue()).toBe(1);
    expect(jobs.nextAt()).toBe(now + 60_000);
    now += 60_000;
    expect(await jobs.runDue()).toBe(1);
    expect(done).toEqual(['now', 'later']);
    expect(jobs.nextAt()).toBeUndefined();
  });

  it('are given again after twice the time each, and given up after the last', async () => {
    let failures = 0;
    jobs.handleWith(async () => {
      failures += 1;
      throw new Error('never');
    });
    jobs.add([job('poison')]);
    const outcomes: (string | undefined)[] = [];
    for (let n = 1; n <= JOB_TRIES.max; n += 1) {
      outcomes.push(await jobs.step());
      expect(await jobs.step()).toBeUndefined();
      now += JOB_TRIES.backOffMs * 2 ** (n - 1);
    }
    expect(outcomes).toEqual(['again', 'again', 'again', 'again', 'given-up']);
    expect(await jobs.runDue()).toBe(0);
    expect(failures).toBe(JOB_TRIES.max);
  });

  it('are all forgotten at once', async () => {
    jobs.add([job('a'), job('b', { delayMs: 5 })]);
    jobs.forget();
    expect(jobs.take()).toBeUndefined();
    expect(jobs.nextAt()).toBeUndefined();
    // What is forgotten may be added again.
    jobs.add([job('a')]);
    expect(jobs.take()?.job.id).toBe('a');
  });

  it('lose what was acknowledged since a replica had come so far, and have what was removed since', () => {
    jobs.add([job('a')]);
    const replica = jobs.snapshot();
    const taken = jobs.take();
    expect(taken && jobs.done(taken)).toBe('done');
    jobs.add([job('b')]);
    jobs.restore(replica);
    expect(jobs.take()?.job.id).toBe('a');
    expect(jobs.take()).toBeUndefined();
  });

  it('go to a second worker when the first has said nothing for half a minute, who is then told that it is lost', () => {
    jobs.add([job('a')]);
    const first = jobs.take();
    expect(jobs.freeStalled()).toBe(0);
    now += 30_000;
    expect(jobs.freeStalled()).toBe(1);
    const second = jobs.take();
    expect([first?.job.id, second?.job.id]).toEqual(['a', 'a']);
    expect(first && jobs.done(first)).toBe('lost');
    expect(first && jobs.failed(first)).toBe('lost');
    expect(second && jobs.done(second)).toBe('done');
  });

  it('add nothing of a round trip with an id that cannot be', () => {
    expect(() => jobs.add([job('good'), job('1')])).toThrow('Not an id for a job');
    expect(jobs.take()).toBeUndefined();
  });
});
