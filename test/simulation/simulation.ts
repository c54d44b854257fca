import { createHash } from 'node:crypto';
import type { Chain } from '#libs/event-store/src/chains.js';
import { PistorError, Unavailable } from '#libs/kernel/src/errors.js';
import { isId, newId } from '#libs/kernel/src/ids.js';
import type { Receipt, Transport } from '#libs/messaging/src/channel.contract.js';
import type { DispatchJob } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import { AnswerLinks } from '#libs/messaging/src/dispatch/answer-links.js';
import { DispatchGate } from '#libs/messaging/src/dispatch/dispatch-gate.js';
import { MESSAGES_SCHEMA } from '#libs/messaging/src/messages/messages.projection.js';
import { InProcessJobs, type JobsSnapshot, type TakenJob } from '#libs/queue/src/in-process.queue.js';
import type { NewJob } from '#libs/queue/src/work-queue.js';
import { ProtocolService } from '#libs/treatment/src/protocol/protocol.service.js';
import { Ledger } from './ledger.js';
import { type Machine, rebuild } from './simulated.machine.js';
import type { PlantedFault } from './planted-faults.js';
import { type ArmedFault, Killed } from './process-ports.js';
import { Random } from './random.js';
import { type Deployment, DeskProcess, WorkerProcess } from './simulated.process.js';
import { type ProviderCall, type ProviderKind, SimulatedProvider } from './simulated.provider.js';
import { type Act, World } from './simulated.world.js';
import { balanceProblem, type Evidence, type Period, PROPERTIES } from './simulation.properties.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, minuteOf, VirtualClock } from './virtual-clock.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Days on which things happen and go wrong; some quiet ones follow, in which everything must come to its end. */
  readonly days: number;
  readonly patients?: number;
  readonly faults?: boolean;
  /** How many times more often than usual something goes wrong with a job; 1 where it is not said. */
  readonly trouble?: number;
  readonly planted?: PlantedFault;
  /** At the end, everything that can be derived from the log is derived from it anew. */
  readonly rebuilds?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  /** What happened, in order: minute, what, and what came of it. The same seed gives the same lines. */
  readonly trace: readonly string[];
  /** SHA-256 of the trace. */
  readonly hash: string;
  /** What does not hold, each with the name of the property. */
  readonly problems: readonly string[];
  readonly messages: Readonly<Record<string, number>>;
  readonly events: number;
}

/** A week in which clocks change somewhere, or not; always in a future that this machine has not come to. */
const STARTS = ['2031-02-27', '2031-03-24', '2031-06-02', '2031-09-29', '2031-10-20', '2031-12-20'];
const WORKERS = ['w1', 'w2', 'w3'];
/** A longer run is one of a larger clinic. */
const LONG_DAYS = 60;
const PATIENTS: Readonly<Record<'short' | 'long', [number, number]>> = { short: [10, 20], long: [20, 40] };
/**
 * Before anything goes wrong some patients are treated, whose maintenance then falls due: a treatment takes some ten weeks,
 * and its result is to be kept up after three months.
 */
const VETERANS = 2;
const PRELUDE_DAYS = 80;
/** Shorter runs do without them. */
const DAYS_WITH_VETERANS = 20;
/** After the last fault, everything that waits for the morning must have gone. */
const CALM_DAYS = 2;
/** As often as the sweeper passes by where nothing seems to be left undone. */
const SWEEP_EVERY_MS = 6 * HOUR_MS;
/** Steps at one instant; what is left then goes on a minute later. */
const STEPS_MAX = 60;
/** A command whose outcome is not known is given again so often. */
const COMMAND_TRIES_MAX = 6;
const STALL_MS = 90_000;
/** An operator closes dispatch, or a backup is restored, whose dispatch is closed. */
const CLOSED = 0.25;
/** The recipient follows the link at the end of an e-mail by which messages are ended, or that of a check-in. */
const LINKS_FOLLOWED = 0.04;
/** Of the jobs, those with which something goes wrong. */
const JOB_FAULTS = 0.22;

/** A job whose worker waits in a call that does not come back for a while. */
interface StalledJob {
  readonly worker: WorkerProcess;
  readonly resumeAt: number;
  readonly release: () => void;
  readonly ended: Promise<void>;
}

type Step = 'follow' | 'plan' | 'job' | 'sweep';

/** Runs one simulated deployment from its first day to its last. */
export async function simulate(machine: Machine, options: SimulationOptions): Promise<SimulationResult> {
  const chain = await machine.engine.chains.ensure(`simulation-${newId()}`, true);
  return new Simulation(machine, chain, options).run();
}

class Simulation {
  private readonly random: Random;
  private readonly start: number;
  private readonly calmFrom: number;
  private readonly end: number;
  private readonly clock: VirtualClock;
  private readonly jobs: InProcessJobs<DispatchJob>;
  private readonly ledger: Ledger;
  private readonly providers: readonly SimulatedProvider[];
  private readonly calls: (ProviderCall & { provider: ProviderKind })[] = [];
  private readonly deployment: Deployment;
  private readonly world: World;
  private readonly trace: string[] = [];
  private readonly names = new Map<string, string>();
  private readonly agenda: { readonly at: number; readonly seq: number; readonly act: Act }[] = [];
  private readonly workers: WorkerProcess[] = [];
  private readonly stalled: StalledJob[] = [];
  private readonly poisoned = new Set<string>();
  private readonly handedOver = new Map<string, number>();
  private readonly handedOverAgain: string[] = [];
  private readonly leaks = new Set<string>();
  private readonly balanceProblems: string[] = [];
  private readonly outage: Period | undefined;
  private closed: Period | undefined;
  /** Workers that were started when the gate was another way go by what they remember of it. */
  private readonly current = new Set<WorkerProcess>();
  /** From when on things go wrong; before it, nothing does. */
  private readonly begin: number;
  private desk: DeskProcess;
  private replica: JobsSnapshot<DispatchJob> | undefined;
  /** Position of the newest event that anybody has committed. */
  private head = 0;
  private followed = new Map<string, number>();
  private readonly waitsForLease = new Set<string>();
  private planDue = false;
  private sweptAt = 0;
  private sweepDue = false;
  private seq = 0;
  private balancedAt = 0;
  private lookedAt = 0;
  private looksInVain = 0;

  constructor(
    private readonly machine: Machine,
    private readonly chain: Chain,
    private readonly options: SimulationOptions,
  ) {
    const { seed, days, patients, planted, faults = true } = options;
    const { engine } = machine;
    this.random = new Random(`seed ${seed}`);
    this.begin = Date.parse(`${STARTS[seed % STARTS.length]}T00:00:00.000Z`);
    this.veterans = days < DAYS_WITH_VETERANS ? 0 : VETERANS;
    this.start = this.veterans === 0 ? this.begin : this.begin - PRELUDE_DAYS * DAY_MS;
    this.clock = new VirtualClock(engine.db, engine.chains, chain, new Date(this.start).toISOString());
    this.calmFrom = this.begin + days * DAY_MS;
    this.end = this.calmFrom + CALM_DAYS * DAY_MS;
    this.jobs = new InProcessJobs<DispatchJob>(this.clock.now);
    this.ledger = new Ledger(engine.store, chain, (id) => this.names.get(id) ?? 'something without a name');
    this.providers = [
      this.newProvider('smtp', seed % 2 === 0 ? 'deduplicates' : 'tells'),
      this.newProvider('twilio', 'neither'),
    ];
    this.outage = this.chooseOutage();
    // Whatever is committed, by whichever process, is seen here.
    const store = new Proxy(engine.store, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (name !== 'append') return value.bind(target) as unknown;
        return async (request: Parameters<typeof target.append>[0]) => {
          const result = await target.append(request);
          this.head = Math.max(this.head, result.position);
          return result;
        };
      },
    });
    this.deployment = {
      engine: { ...engine, store },
      chain,
      jobs: this.watched(this.jobs),
      connectProviders: () => {
        const [email, sms] = this.providers as [SimulatedProvider, SimulatedProvider];
        return { email: email.connect(), sms: sms.connect() };
      },
      planted,
      poisoned: this.poisoned,
      demandAtHead: () => {
        if (this.isBehind) throw new Unavailable('simulation.behind', 'Somebody has not come to the head of the log.');
      },
    };
    this.desk = new DeskProcess(this.deployment);
    this.world = new World({
      random: this.random.fork('world'),
      start: this.begin,
      days,
      now: this.clock.now,
      at: (at, act) => this.put(at, act),
      command: (label, give) => this.command(label, give),
      name: (id, label) => this.names.set(id, label),
      performance: async (session) => {
        await this.readOn();
        return this.ledger.sessions.get(session)?.performed?.eventId;
      },
      poison: (courseId) => {
        if (faults) this.poisoned.add(courseId);
      },
    });
    this.patients = patients ?? this.random.fork('patients').int(...PATIENTS[days > LONG_DAYS ? 'long' : 'short']);
    this.hasFaults = faults;
  }

  private readonly patients: number;
  private readonly veterans: number;
  private readonly hasFaults: boolean;

  async run(): Promise<SimulationResult> {
    await this.clock.begin();
    await this.world.begin(async () => {
      const service = new ProtocolService(this.deployment.engine.runner);
      await service.publishBuiltIns(this.chain);
      this.head = await this.machine.engine.store.head(this.chain.id);
      return service;
    }, this.patients);
    for (let n = 1; n <= this.veterans; n += 1) this.world.veteran(`v${n}`, this.start + (n - 1) * 5 * DAY_MS);
    for (const name of WORKERS) this.workers.push(await this.startWorker(name));
    this.planClosing();
    for (const { name } of (this.workers[0] as WorkerProcess).works) this.followed.set(name, 0);
    await this.instant();
    for (;;) {
      const next = await this.nextInstant();
      // Once the balance is off it stays so.
      if (next > this.end || this.balanceProblems.length > 0) break;
      await this.clock.advanceTo(next);
      await this.instant();
    }
    return this.result();
  }

  /** What happens at one instant: what people do, and then whatever processes come to do, in an order of its own. */
  private async instant(): Promise<void> {
    const now = this.clock.now();
    this.waitsForLease.clear();
    for (const provider of this.providers) provider.isMoody = this.isFaulty;
    await this.wakeStalled();
    this.jobs.freeStalled();
    while (this.agenda[0] && this.agenda[0].at <= now) await (this.agenda.shift() as { act: Act }).act();
    if (this.isOut) return;
    await this.troubleTheQueue();
    this.planDue = true;
    this.sweepDue ||= now - this.sweptAt >= SWEEP_EVERY_MS;
    for (let n = 0; n < STEPS_MAX; n += 1) {
      const possible = this.possibleSteps();
      if (possible.length === 0) break;
      await this.step(this.random.pick(possible));
    }
    await this.checkBalance();
  }

  private possibleSteps(): Step[] {
    const steps: Step[] = [];
    if (this.followable.length > 0) steps.push('follow', 'follow');
    if (this.planDue) steps.push('plan');
    if ((this.jobs.nextAt() ?? Infinity) <= this.clock.now()) steps.push('job', 'job', 'job');
    if (this.sweepDue && this.options.planted?.sweeperIsOff !== true) steps.push('sweep');
    return this.workers.some(({ isStalled }) => !isStalled) ? steps : [];
  }

  /** What is behind the log, and can be followed now. */
  private get followable(): string[] {
    const behind = [...this.followed].filter(([, position]) => position < this.head).map(([name]) => name);
    return behind.filter((name) => !this.waitsForLease.has(name));
  }

  private get isBehind(): boolean {
    return [...this.followed.values()].some((position) => position < this.head);
  }

  private get isFaulty(): boolean {
    const now = this.clock.now();
    return this.hasFaults && now >= this.begin && now < this.calmFrom;
  }

  private get isOut(): boolean {
    const now = this.clock.now();
    return this.outage !== undefined && now >= this.outage.from && now < this.outage.to;
  }

  private async step(step: Step): Promise<void> {
    const worker = this.random.pick(this.workers.filter(({ isStalled }) => !isStalled));
    switch (step) {
      case 'follow': {
        const { head } = this;
        const names = this.shuffled(this.followable);
        await this.work(worker, 'follow', async () => {
          // Until then somebody who was killed still has the right to it.
          for (const name of names) this.waitsForLease.add(name);
          const done = await worker.follow(names, head);
          for (const name of names)
            if (done.includes(name) || (await this.hasCome(name, head))) this.hasFollowed(name, head);
        });
        // Whatever was planned or said now has a name from here on.
        await this.readOn();
        return;
      }
      case 'plan':
        this.planDue = false;
        return this.work(worker, 'plan', async () => void (await worker.plan()));
      case 'sweep':
        this.sweepDue = false;
        this.sweptAt = this.clock.now();
        return this.work(worker, 'sweep', () => worker.sweep());
      case 'job':
        return this.job(worker);
    }
  }

  /** Lets a worker do one thing, at one call of which something may go wrong. */
  private async work(worker: WorkerProcess, what: string, work: () => Promise<void>): Promise<void> {
    const fault = this.isFaulty && this.random.chance(0.06) ? this.chooseFault(what) : undefined;
    if (fault) worker.ports.arm(fault);
    try {
      await work();
    } catch (error) {
      this.say(`${worker.name} ${what}: ${nameOfError(error)}`);
    }
    await this.afterwards(worker);
  }

  private async job(worker: WorkerProcess): Promise<void> {
    const taken = this.jobs.take();
    if (!taken) return;
    const { messageId } = taken.job.data;
    const label = this.ledger.label(messageId);
    const courseId = this.ledger.messages.get(messageId)?.planned.courseId as string | undefined;
    let stalled = false;
    let signal = () => {};
    const isStalling = new Promise<void>((resolve) => (signal = resolve));
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const fault =
      this.isFaulty && this.random.chance(JOB_FAULTS * (this.options.trouble ?? 1))
        ? this.chooseJobFault(taken, label, courseId)
        : undefined;
    const meanwhile =
      fault?.kind === 'stalled'
        ? async () => {
            stalled = true;
            signal();
            await gate;
          }
        : fault?.meanwhile;
    if (fault) worker.ports.arm({ ...fault, meanwhile });
    worker.isBusy = true;
    const ended = this.runJob(worker, taken, label);
    await Promise.race([ended, isStalling]);
    worker.isBusy = false;
    if (stalled) {
      worker.isStalled = true;
      this.say(`${worker.name} stalls with ${label}: ${worker.ports.struck}`);
      this.stalled.push({ worker, release, ended, resumeAt: this.clock.now() + STALL_MS });
      return;
    }
    await this.afterwards(worker);
    if (this.isFaulty && this.random.chance(0.03)) await this.runOnceMore(taken, label);
  }

  private async runJob(worker: WorkerProcess, taken: TakenJob<DispatchJob>, label: string): Promise<void> {
    try {
      await worker.handle(taken.job);
      this.say(`${worker.name} job ${label}: ${this.jobs.done(taken)}`);
    } catch (error) {
      // A process that was killed tells nobody: its job is found to be stalled.
      const outcome = worker.ports.dead ? 'nobody knows' : this.jobs.failed(taken);
      this.say(`${worker.name} job ${label}: ${nameOfError(error)}, ${outcome}`);
    }
  }

  /** The queue gives a job to a second worker, as BullMQ does with one that it takes for stalled. */
  private async runOnceMore(taken: TakenJob<DispatchJob>, label: string): Promise<void> {
    const free = this.workers.filter(({ isStalled, isBusy }) => !isStalled && !isBusy);
    if (free.length === 0) return;
    const worker = this.random.pick(free);
    this.say(`${worker.name} is given ${label} once more`);
    await this.runJob(worker, taken, label);
    await this.afterwards(worker);
  }

  private async wakeStalled(): Promise<void> {
    for (const each of this.stalled.filter(({ resumeAt }) => resumeAt <= this.clock.now())) {
      this.stalled.splice(this.stalled.indexOf(each), 1);
      this.say(`${each.worker.name} wakes up`);
      each.release();
      await each.ended;
      each.worker.isStalled = false;
      await this.afterwards(each.worker);
      if (!this.current.has(each.worker) && this.workers.includes(each.worker)) await this.restart(each.worker);
    }
  }

  /** Says where a fault has struck, and starts a process anew that was killed. */
  private async afterwards(worker: WorkerProcess): Promise<void> {
    if (worker.ports.struck !== undefined) this.say(`${worker.name}: ${worker.ports.struck}`);
    worker.ports.struck = undefined;
    worker.ports.disarm();
    if (!worker.ports.dead) return;
    await this.restart(worker);
    this.sweepDue ||= this.random.chance(0.3);
  }

  private async startWorker(name: string): Promise<WorkerProcess> {
    const worker = await WorkerProcess.open(name, this.deployment);
    this.current.add(worker);
    return worker;
  }

  private async restart(worker: WorkerProcess): Promise<void> {
    this.workers[this.workers.indexOf(worker)] = await this.startWorker(worker.name);
  }

  /** What is remembered of the gate is forgotten within a second by real time, of which hours pass here. */
  private async restartAll(): Promise<void> {
    this.current.clear();
    for (const worker of this.workers.filter(({ isStalled }) => !isStalled)) await this.restart(worker);
  }

  /** Some hours in which no message may go; with a restored backup, what was due after it may have gone before. */
  private planClosing(): void {
    const random = this.random.fork('closing');
    const { days, planted } = this.options;
    if (planted?.closed !== true && (!this.hasFaults || planted?.outage || !random.chance(CLOSED))) return;
    const from = this.begin + (0.2 + random.fraction() * 0.6) * days * DAY_MS;
    const doubtSince = random.chance(0.5) ? new Date(from - random.int(1, 5) * HOUR_MS).toISOString() : null;
    this.put(from, async () => {
      await new DispatchGate(this.machine.engine.db).close(this.chain, 'somebody said so', doubtSince);
      this.closed = { from: this.clock.now(), to: Infinity };
      this.say(`dispatch is closed${doubtSince === null ? '' : ', and in doubt'}`);
      await this.restartAll();
    });
    this.put(from + random.int(1, 40) * HOUR_MS, () => this.openDispatch());
  }

  private async openDispatch(): Promise<void> {
    try {
      const doubted = await this.desk.dispatch.open(this.chain);
      this.say(`dispatch is open again, ${doubted} messages are in doubt`);
    } catch (error) {
      this.say(`dispatch stays closed: ${nameOfError(error)}`);
      if (!(error instanceof PistorError)) throw error;
      return this.put(this.clock.now() + (this.isOut ? HOUR_MS : MINUTE_MS), () => this.openDispatch());
    }
    this.closed = { from: (this.closed as Period).from, to: this.clock.now() };
    await this.restartAll();
  }

  private chooseFault(what: string): ArmedFault {
    const { random } = this;
    const kind = random.weighted({ killed: 5, 'connection-lost': 5 });
    const nth = what.startsWith('follow') ? random.int(1, 9) : random.int(1, 3);
    return { kind, when: random.pick(['before', 'after']), nth };
  }

  private chooseJobFault(taken: TakenJob<DispatchJob>, label: string, courseId: string | undefined): ArmedFault {
    const { random } = this;
    const kind = random.weighted({ killed: 6, 'connection-lost': 4, stalled: 6, race: 6, rival: 3 });
    if (kind === 'rival') {
      return { kind: 'race', when: 'before', nth: 1, at: 'log', meanwhile: () => this.runOnceMore(taken, label) };
    }
    if (kind !== 'race') return { kind, when: random.pick(['before', 'after']), nth: random.int(1, 4) };
    const choice = random.fork(`race ${label}`);
    const meanwhile = async () => {
      if (courseId !== undefined) await this.world.raceAgainst(courseId, choice);
    };
    return { kind, when: 'before', nth: 1, at: 'log', meanwhile };
  }

  /** A queue may be wiped, or be taken over by a replica that has not seen the last of it. */
  private async troubleTheQueue(): Promise<void> {
    const { random } = this;
    if (!this.isFaulty) return;
    if (random.chance(0.01)) {
      this.say('the queue is wiped');
      this.jobs.forget();
      this.handedOver.clear();
    } else if (this.replica && random.chance(0.01)) {
      this.say('a replica of the queue takes over');
      this.jobs.restore(this.replica);
      this.handedOver.clear();
    }
    if (random.chance(0.1)) this.replica = this.jobs.snapshot();
  }

  /** What people ask for is asked again under the same id until they know what became of it. */
  private async command(
    label: string,
    give: (desk: DeskProcess, meta: { chain: Chain; commandId: string; actor: string }) => Promise<{ id: string }>,
  ): Promise<string | undefined> {
    const meta = { chain: this.chain, commandId: newId(), actor: 'user:desk' };
    for (let n = 1; n <= COMMAND_TRIES_MAX; n += 1) {
      const { desk } = this;
      if (n === 1 && this.isFaulty && this.random.chance(0.03)) desk.ports.arm(this.chooseFault(label));
      try {
        const { id } = await give(desk, meta);
        this.say(`${label}: done`);
        return id;
      } catch (error) {
        const again = error instanceof Killed || (error instanceof PistorError && error.kind === 'unavailable');
        if (!again && !(error instanceof PistorError)) throw error;
        this.say(`${label}: ${nameOfError(error)}`);
        if (!again) return undefined;
      } finally {
        desk.ports.disarm();
        if (desk.ports.dead) this.desk = new DeskProcess(this.deployment);
      }
    }
    throw new Error(`${label} was given again and again`);
  }

  private put(at: number, act: Act): void {
    const entry = { at, seq: (this.seq += 1), act };
    const place = this.agenda.findIndex((each) => each.at > at);
    this.agenda.splice(place < 0 ? this.agenda.length : place, 0, entry);
  }

  /** When something is next to be done by anybody. */
  private async nextInstant(): Promise<number> {
    const now = this.clock.now();
    const { rows } = await this.machine.engine.db.query<{ due: Date | null; open: number }>({
      name: 'simulated_outlook',
      text: `select min(next_due) filter (where status = 'pending' and next_due > $2) as due,
               (count(*) filter (where status = 'attempted' or next_due <= $2)
                 + (select count(*) from dispatch_held h where h.chain = $1 and h.next_look <= $2))::int as open,
               (select min(next_look) from dispatch_held h where h.chain = $1 and next_look > $2) as look
             from ${MESSAGES_SCHEMA}.message where chain = $1 and status in ('pending', 'attempted')`,
      values: [this.chain.no, new Date(now).toISOString()],
    });
    const row = rows[0] as { due: Date | null; look: Date | null; open: number };
    if (row.open > 0) this.sweepDue = true;
    const isLeft = row.open > 0 || this.isBehind;
    const times = [
      this.agenda[0]?.at,
      row.due?.getTime(),
      row.look?.getTime(),
      this.jobs.nextAt(),
      // Others find out that a worker has said nothing for half a minute before it wakes up.
      this.stalled.length > 0 ? now + MINUTE_MS : undefined,
      isLeft ? now + this.lookAgainIn() : undefined,
      this.outage && this.outage.to > now ? this.outage.to : undefined,
      this.options.planted?.sweeperIsOff === true ? undefined : this.sweptAt + SWEEP_EVERY_MS,
    ].flatMap((at) => at ?? []);
    return Math.max(now + MINUTE_MS, Math.min(...times, this.isOut ? Infinity : this.end + 1));
  }

  /** What is left undone is looked at a minute later, and ever more rarely while nothing comes of it. */
  private lookAgainIn(): number {
    this.looksInVain = this.head === this.lookedAt ? this.looksInVain + 1 : 0;
    this.lookedAt = this.head;
    return this.isOut ? HOUR_MS : Math.min(MINUTE_MS * 2 ** Math.max(0, this.looksInVain - 3), HOUR_MS);
  }

  private hasFollowed(name: string, head: number): void {
    this.waitsForLease.delete(name);
    this.followed.set(name, head);
    this.planDue = true;
  }

  private shuffled(names: readonly string[]): string[] {
    const left = [...names];
    return names.map(() => left.splice(this.random.int(0, left.length - 1), 1)[0] as string);
  }

  /** Whoever was killed after a page was applied may have come to the head, and told nobody. */
  private async hasCome(name: string, head: number): Promise<boolean> {
    const { rows } = await this.machine.engine.db.query<{ position: string }>({
      name: 'simulated_position',
      text: `select max(position) as position from projection_checkpoint where chain = $1 and projection = $2 and build = 'live'`,
      values: [this.chain.no, name],
    });
    return Number(rows[0]?.position ?? 0) >= head;
  }

  private async readOn(): Promise<void> {
    if (this.ledger.position < this.head) await this.ledger.catchUp();
  }

  private async checkBalance(anyway = false): Promise<void> {
    await this.readOn();
    if (!anyway && (this.isBehind || this.balancedAt === this.head)) return;
    this.balancedAt = this.head;
    const { rows } = await this.machine.engine.db.query<{ status: string; n: number }>({
      name: 'simulated_balance',
      text: `select status, count(*)::int as n from ${MESSAGES_SCHEMA}.message where chain = $1 group by status`,
      values: [this.chain.no],
    });
    const counts = Object.fromEntries(rows.map(({ status, n }) => [status, n]));
    const problem = balanceProblem(counts, this.ledger);
    if (problem) this.balanceProblems.push(`balance: ${this.clock.minute} ${problem}`);
  }

  private newProvider(transport: Transport, kind: ProviderKind): SimulatedProvider {
    const onCall = (call: ProviderCall) => {
      this.calls.push({ ...call, provider: kind });
      if (call.delivers) this.putAnswers(call);
      if (call.delivers) this.putReceipts(call, { transport, channel: transport === 'twilio' ? 'sms' : 'email' });
      this.say(`${transport} ${call.mood}: ${this.ledger.label(call.messageId)} attempt ${call.attempt}`);
    };
    const labelOf = (messageId: string) => this.ledger.label(messageId);
    return new SimulatedProvider(transport, kind, this.random.fork(transport), labelOf, this.clock.now, onCall);
  }

  /** What the recipient does with it. */
  private putAnswers({ messageId, unsubscribeUrl, kind, at }: ProviderCall): void {
    const label = this.ledger.label(messageId);
    const random = this.random.fork(`answers ${label}`);
    if (!this.isFaulty || !random.chance(LINKS_FOLLOWED)) return;
    if (kind !== 'check-in' && unsubscribeUrl === null) return;
    const token =
      unsubscribeUrl === null
        ? new AnswerLinks(this.machine.engine.master, undefined).token(this.chain, messageId)
        : (new URL(unsubscribeUrl).pathname.split('/')[2] as string);
    this.put(at + random.int(1, 2_000) * MINUTE_MS, async () => {
      await this.command(`${label} is answered by its link`, async (desk, { chain }) => {
        if (kind === 'check-in') await desk.inbound.follow(chain, token, 'well');
        else await desk.inbound.unsubscribe(chain, token);
        return { id: messageId };
      });
    });
  }

  /** What the provider says later of what it took: in any order, and often twice. */
  private putReceipts({ messageId, reference = '', at }: ProviderCall, by: Receipt['by']): void {
    const label = this.ledger.label(messageId);
    const random = this.random.fork(`receipts ${label} ${this.calls.length}`);
    const end = random.weighted({ delivered: 9, undelivered: 1 });
    const receipts = (['accepted', end, end, random.pick(['accepted', 'delivered'] as const)] as const).slice(
      0,
      random.int(0, 4),
    );
    for (const status of receipts) {
      this.put(at + random.int(1, 180) * MINUTE_MS, async () => {
        await this.command(`receipt ${status} of ${label}`, async (desk, { chain }) => {
          await desk.inbound.receipt(chain, { messageId, reference, status, by });
          return { id: messageId };
        });
      });
    }
  }

  private chooseOutage(): Period | undefined {
    const random = this.random.fork('outage');
    const { faults = true, planted, days } = this.options;
    if (planted?.outage !== true && (!faults || !random.chance(0.25))) return undefined;
    const from = this.begin + (0.2 + random.fraction() * 0.5) * days * DAY_MS;
    // Long enough for something to be of no use any more when it is over.
    return { from, to: from + (planted?.outage ? random.int(150, 240) : random.int(2, 48)) * HOUR_MS };
  }

  /** Looks at whatever is added to the queue. */
  private watched(jobs: InProcessJobs<DispatchJob>): InProcessJobs<DispatchJob> {
    return new Proxy(jobs, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (name !== 'add') return value.bind(target) as unknown;
        return (added: readonly NewJob<DispatchJob>[]) => {
          for (const job of added) this.lookAt(job);
          target.add(added);
        };
      },
    });
  }

  private lookAt({ id, data }: NewJob<DispatchJob>): void {
    const strange = Object.entries(data).find(
      ([name, value]) => !(isId(value) || (name === 'turn' && /^\d+$/.test(value))),
    );
    if (strange) this.leaks.add(strange.join(' '));
    if (id.includes('sweep')) return;
    const times = (this.handedOver.get(id) ?? 0) + 1;
    this.handedOver.set(id, times);
    // One whose answer was lost may be handed over again: nobody knows whether the queue has it.
    const mayBeLost = this.workers.some(({ ports }) => ports.struck !== undefined);
    if (times > 2 && !mayBeLost) this.handedOverAgain.push(this.ledger.label(data.messageId));
  }

  private say(what: string): void {
    this.trace.push(`${this.clock.minute} ${what}`);
  }

  private async result(): Promise<SimulationResult> {
    for (const { release } of this.stalled) release();
    await this.ledger.catchUp();
    const evidence: Evidence = {
      ...{ ledger: this.ledger, calls: this.calls, poisoned: this.poisoned, handedOverAgain: this.handedOverAgain },
      ...{ leaks: [...this.leaks], calmSince: this.calmFrom, end: this.end },
      ...{ faultless: !this.hasFaults, outage: this.outage, closed: this.closed },
    };
    const rebuilt = this.options.rebuilds ? await rebuild(this.machine, this.deployment, () => this.calls.length) : [];
    if (rebuilt.length === 0 && this.options.rebuilds) await this.checkBalance(true);
    const problems = PROPERTIES.flatMap((property) => property(evidence).map((why) => `${property.name}: ${why}`));
    const told = [...this.ledger.messages.values()].flatMap(({ label, events }) =>
      events.map(({ type, recordedAt }) => `${minuteOf(recordedAt)} ${label}: ${type}`),
    );
    problems.push(...rebuilt);
    const trace = [...this.trace, ...told.sort()];
    return {
      seed: this.options.seed,
      trace,
      hash: createHash('sha256').update(trace.join('\n')).digest('hex'),
      problems: this.balanceProblems.length > 0 ? this.balanceProblems : problems,
      messages: this.ledger.counts(),
      events: this.ledger.position,
    };
  }
}

const nameOfError = (error: unknown): string => {
  if (error instanceof PistorError) return [error.code, ...error.fields.map(({ rule = '' }) => rule)].join(' ').trim();
  if (!(error instanceof Error)) return 'unknown error';
  // The database says with a message alone what it does not understand.
  return error.name === 'error' ? `error: ${error.message}` : error.name;
};
