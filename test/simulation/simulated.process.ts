import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Engine } from '#libs/engine/src/engine.js';
import { type Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Channel } from '#libs/messaging/src/channel.contract.js';
import { DispatchGate } from '#libs/messaging/src/dispatch/dispatch-gate.js';
import { DispatchSwitch } from '#libs/messaging/src/dispatch/dispatch-switch.js';
import { AnswerLinks } from '#libs/messaging/src/dispatch/answer-links.js';
import { DISPATCH_QUEUE, type DispatchJob } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import { InboundService } from '#libs/messaging/src/inbound/inbound.service.js';
import { ReplyAddresses } from '#libs/messaging/src/inbound/reply-address.js';
import { openMessaging } from '#libs/messaging/src/messaging.js';
import { MessagingWorkers } from '#libs/messaging/src/messaging.workers.js';
import { Checkpoints } from '#libs/projections/src/checkpoints.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import { ProjectionRunner } from '#libs/projections/src/projection-runner.js';
import { type InProcessJobs, InProcessQueue } from '#libs/queue/src/in-process.queue.js';
import type { QueueBackend } from '#libs/queue/src/queue-backend.js';
import type { RunningJob } from '#libs/queue/src/work-queue.js';
import { ConsultationService } from '#libs/treatment/src/consultation/consultation.service.js';
import { ProductLots } from '#libs/treatment/src/consultation/product-lots.query.js';
import { ContactService } from '#libs/treatment/src/contact/contact.service.js';
import { CourseCorrectionService } from '#libs/treatment/src/course/course-correction.service.js';
import { CourseService } from '#libs/treatment/src/course/course.service.js';
import { People } from '#libs/treatment/src/directory/people.js';
import { LotService } from '#libs/treatment/src/lot/lot.service.js';
import { PatientService } from '#libs/treatment/src/patient/patient.service.js';
import { PractitionerService } from '#libs/treatment/src/practitioner/practitioner.service.js';
import { LotTraceQuery } from '#libs/treatment/src/recall/lot-trace/lot-trace.query.js';
import { RecallService } from '#libs/treatment/src/recall/recall.service.js';
import { SiteService } from '#libs/treatment/src/site/site.service.js';
import type { PlantedFault } from './planted-faults.js';
import { channelThrough, databaseThrough, ProcessPorts, queueThrough, storeThrough } from './process-ports.js';

/** What all processes of a simulated deployment have in common, and what outlives each of them. */
export interface Deployment {
  readonly engine: Engine;
  readonly chain: Chain;
  readonly jobs: InProcessJobs<DispatchJob>;
  /** Fresh connections to whoever carries e-mails and text messages. */
  readonly connectProviders: () => { readonly email: Channel; readonly sms: Channel };
  readonly planted: PlantedFault | undefined;
  /** Courses of which no message can be written. */
  readonly poisoned: ReadonlySet<Id>;
  /** @throws Unavailable while anything that follows the log is behind it */
  readonly demandAtHead: () => void;
}

const log = { warn: () => {} };

/** What messages say of where they come from, and that somebody reads what patients answer. */
const PLACE = {
  publicUrl: 'https://pistor.example.org',
  mailFrom: 'clinic@example.org',
  readsReplies: true,
  sandboxSends: true,
};

/** The parts that every process has, behind ports of its own. Nothing of it outlives the process. */
function openParts({ engine, poisoned }: Deployment, ports: ProcessPorts, planted: PlantedFault | undefined) {
  const { boxes, codec, master } = engine;
  const db = (planted?.database ?? ((same) => same))(databaseThrough(ports, engine.db));
  const store = (planted?.store ?? ((same) => same))(poisonedStore(storeThrough(ports, engine.store), ports, poisoned));
  const chains = (planted?.chains ?? ((same) => same))(new Chains(db));
  const codes = new ExternalCodes(db, boxes, master);
  return { ...{ db, store, chains, codes, boxes, codec, master }, runner: new CommandRunner(store, codec, chains) };
}

/** Whoever writes a message of a poisoned course fails, each time, in a way that nobody has thought of. */
const poisonedStore = (store: EventStore, ports: ProcessPorts, poisoned: ReadonlySet<Id>): EventStore => ({
  ...store,
  readStream: (chain, stream, options) => {
    const isPoison =
      ports.isDispatching && stream.startsWith('course-') && poisoned.has(stream.slice('course-'.length));
    if (isPoison) throw new TypeError('Nobody can write this');
    return store.readStream(chain, stream, options);
  },
});

/** A process that staff, patients and providers reach. */
export class DeskProcess {
  readonly ports = new ProcessPorts();
  readonly sites: SiteService;
  readonly practitioners: PractitionerService;
  readonly lots: LotService;
  readonly patients: PatientService;
  readonly consultations: ConsultationService;
  readonly courses: CourseService;
  readonly corrections: CourseCorrectionService;
  readonly contacts: ContactService;
  readonly recalls: RecallService;
  /** What providers and patients say. */
  readonly inbound: InboundService;
  /** Lets messages go or none of them. */
  readonly dispatch: DispatchSwitch;

  constructor(deployment: Deployment) {
    const { db, codes, boxes, runner, chains, master } = openParts(deployment, this.ports, undefined);
    const references = new References(codes);
    const people = new People(db, codes, boxes);
    this.sites = new SiteService(runner, codes, references, chains);
    this.practitioners = new PractitionerService(runner, codes, references);
    const trace = new LotTraceQuery(db, people);
    this.lots = new LotService(runner, codes, references, trace);
    this.patients = new PatientService(runner, codes, references, people);
    const products = new ProductLots(db);
    this.consultations = new ConsultationService(runner, references, codes, products);
    this.courses = new CourseService(runner, codes, references, trace, products);
    this.corrections = new CourseCorrectionService(runner, codes, references, products);
    this.contacts = new ContactService(runner, references);
    this.recalls = new RecallService(runner, codes, trace);
    this.dispatch = new DispatchSwitch(new DispatchGate(db), {
      ...{ db, chains, runner },
      atHead: async () => deployment.demandAtHead(),
    });
    const links = new AnswerLinks(master, PLACE.publicUrl);
    this.inbound = new InboundService({ runner, chains, links, addresses: new ReplyAddresses(db, master) });
  }
}

/** A process that follows the log and works on messages, one step at a time and only when it is told to. */
export class WorkerProcess {
  /** Since it waits in a call that does not come back. */
  isStalled = false;
  /** While it works on a job. */
  isBusy = false;

  private constructor(
    readonly name: string,
    readonly ports: ProcessPorts,
    private readonly deployment: Deployment,
    private readonly messaging: MessagingWorkers,
    private readonly followers: readonly ProjectionRunner[],
    private readonly checkpoints: Checkpoints,
  ) {}

  static async open(name: string, deployment: Deployment): Promise<WorkerProcess> {
    const ports = new ProcessPorts();
    const { planted, jobs } = deployment;
    const parts = openParts(deployment, ports, planted);
    const { email, sms } = deployment.connectProviders();
    const reached = (channel: Channel) => (planted?.channel ?? ((same) => same))(channelThrough(ports, channel));
    const providers = { email: reached(email), sms: reached(sms), ...PLACE };
    const messaging = await openMessaging({ ...deployment.engine, ...parts }, providers);
    const works = messaging.works.map((work) => planted?.work?.(work) ?? work);
    const checkpoints = new Checkpoints(parts.db, newId());
    const followers = works.map((work) => new ProjectionRunner(work, { ...parts, log }, checkpoints));
    const connected = queueThrough(ports, new InProcessQueue(DISPATCH_QUEUE, jobs));
    const queue = planted?.queue?.(connected) ?? connected;
    const backend = { open: () => queue } as unknown as QueueBackend;
    const projections = { onMoved: () => () => undefined } as never;
    const workers = new MessagingWorkers({ ...messaging, ...parts, projections, backend, log }, { planEveryMs: 1_000 });
    return new WorkerProcess(name, ports, deployment, workers, followers, checkpoints);
  }

  /** Names of what follows the log. */
  get works(): readonly (Projection | Reactor)[] {
    return this.followers.map(({ work }) => work);
  }

  /**
   * Applies everything up to `head` to what is named, one after the other.
   * @returns what has come so far; the others' leases are those of a process that was killed, and must run out first
   */
  async follow(names: readonly string[], head: number): Promise<string[]> {
    const heads = new Map([[this.deployment.chain.no, head]]);
    const runners = names.flatMap((name) => this.followers.filter(({ work }) => work.name === name));
    const subjects = runners.map(({ subject }) => subject);
    const leases = await this.checkpoints.lease(subjects, heads);
    const done: string[] = [];
    for (const runner of runners) {
      const lease = leases.find(({ subject }) => subject.name === runner.work.name);
      if (!lease) continue;
      await runner.follow(lease);
      done.push(runner.work.name);
    }
    // Others follow at the same instant, too.
    await this.checkpoints.release();
    return done;
  }

  plan = (): Promise<number> => this.messaging.planner.plan(this.deployment.chain);

  sweep = (): Promise<void> => this.dispatching(() => this.messaging.sweeper.sweep(this.deployment.chain));

  /** What the process registers with its queue when it starts, which would start its timers, too. */
  handle = (job: RunningJob<DispatchJob>): Promise<void> =>
    this.dispatching(() => this.messaging['processor'].handle(job));

  private async dispatching(work: () => Promise<void>): Promise<void> {
    this.ports.isDispatching = true;
    try {
      await work();
    } finally {
      this.ports.isDispatching = false;
    }
  }
}
