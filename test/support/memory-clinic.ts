import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { AppendRequest, AppendResult, EventStore } from '#libs/event-store/src/event-store.js';
import { GuardFailed, WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { AdverseEventService } from '#libs/treatment/src/adverse-event/adverse-event.service.js';
import { ConsultationEntryService } from '#libs/treatment/src/consultation/consultation-entry.service.js';
import { ConsultationService } from '#libs/treatment/src/consultation/consultation.service.js';
import type { ProductLots } from '#libs/treatment/src/consultation/product-lots.query.js';
import { CourseCorrectionService } from '#libs/treatment/src/course/course-correction.service.js';
import { CourseService } from '#libs/treatment/src/course/course.service.js';
import { LotService } from '#libs/treatment/src/lot/lot.service.js';
import { PatientEntryService } from '#libs/treatment/src/patient/patient-entry.service.js';
import { PatientService } from '#libs/treatment/src/patient/patient.service.js';
import { PractitionerService } from '#libs/treatment/src/practitioner/practitioner.service.js';
import { ProtocolPublished, protocolStream } from '#libs/treatment/src/protocol/protocol.events.js';
import type { LotTraceQuery } from '#libs/treatment/src/recall/lot-trace/lot-trace.query.js';
import { RecallService } from '#libs/treatment/src/recall/recall.service.js';
import { SiteService } from '#libs/treatment/src/site/site.service.js';
import { BOOKING_EVENT_TYPES } from '#libs/booking/src/booking.event-types.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';

/** Read models that lag behind everything: what the log says has to do. */
const NOTHING_READ = {
  useAt: () => Promise.resolve({ usedMl: 0, volumeUnknown: 0 }),
  receiptsOf: () => Promise.resolve(0),
} as unknown as LotTraceQuery;

/** An event in memory: its data as plain values, nothing of it sealed. */
export type Entry = RecordedEvent<NewEvent<string, Record<string, unknown>>>;

const CHAIN: Chain = { id: '0199a000-0000-7000-8000-0000000000c1', no: 1, slug: 'memory', sandbox: true };
const EVENT_TYPES = [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES, ...BOOKING_EVENT_TYPES];
const schemas = new Map(EVENT_TYPES.map(({ type, schema }) => [type, schema]));

/**
 * The services of the domain with the real command runner, over a log in memory: thousands of commands a second, so that
 * properties can look for sequences that nobody thought of. What the log promises beyond that (durability, races, boxes)
 * is tested on the real one.
 */
export class MemoryClinic {
  private readonly streams = new Map<string, Entry[]>();
  private readonly done = new Map<Id, AppendResult>();
  private readonly ids = new Map<string, Id>();
  private commands = 0;
  readonly chain = CHAIN;
  /** Every event of the chain, in the order of positions. */
  readonly log: Entry[] = [];

  private readonly clock = { now: () => Promise.resolve(this.now) } as unknown as Chains;
  readonly runner = new CommandRunner(this.store(), CODEC as unknown as Codec, this.clock);
  /** What the runner stands on, for one that is slower or less reliable. */
  readonly parts = { store: this.store(), codec: CODEC as unknown as Codec, clock: this.clock };
  private readonly codes = this.externalCodes();
  private readonly references = new References(this.codes);
  /** The latest lots of a product, by the log itself. */
  readonly products = {
    latest: (_chain: Chain, product: string) => {
      const received = this.eventsOf('lot').filter(
        ({ type, data }) => type === 'LotReceived' && data.product === product,
      );
      return Promise.resolve(received.map(({ data }) => data.lotId as Id).reverse());
    },
  } as unknown as ProductLots;
  /** Where lots are found. */
  readonly found = { codes: this.codes, products: this.products };
  // What some of them ask of read models (namesakes), no test over this clinic needs.
  readonly sites = new SiteService(this.runner, this.codes, this.references, this.clock);
  readonly practitioners = new PractitionerService(this.runner, this.codes, this.references);
  readonly patients = new PatientService(this.runner, this.codes, this.references, {} as never);
  readonly patientEntries = new PatientEntryService(this.runner, this.references);
  readonly adverseEvents = new AdverseEventService(this.runner, this.references);
  readonly lots = new LotService(this.runner, this.codes, this.references, NOTHING_READ);
  readonly consultations = new ConsultationService(this.runner, this.references, this.codes, this.products);
  readonly consultationEntries = new ConsultationEntryService(this.runner, this.references, this.consultations);
  readonly recalls = new RecallService(this.runner, this.codes, NOTHING_READ);
  readonly courses = new CourseService(this.runner, this.codes, this.references, NOTHING_READ, this.products);
  readonly corrections = new CourseCorrectionService(this.runner, this.codes, this.references, this.products);

  /** @param now the chain's present time, which only the test moves */
  constructor(public now: string) {}

  /** The same clinic once more, to go on with on its own. */
  copy(): MemoryClinic {
    const copy = new MemoryClinic(this.now);
    copy.log.push(...this.log);
    copy.commands = this.commands;
    for (const [name, events] of this.streams) copy.streams.set(name, [...events]);
    for (const [id, result] of this.done) copy.done.set(id, result);
    for (const [code, id] of this.ids) copy.ids.set(code, id);
    return copy;
  }

  /** Who acts, under a command id that was not used before; the nth of a clinic is always the same. */
  meta(): CommandMeta {
    this.commands += 1;
    const commandId = derivedId(CHAIN.id, `command ${this.commands}`);
    return { chain: CHAIN, commandId, actor: 'user:test' };
  }

  /** The events of a stream as they were recorded. */
  events(stream: string): readonly Entry[] {
    return this.streams.get(stream) ?? [];
  }

  /** The events of all streams of a category (`course`, `patient`). */
  eventsOf(category: string): readonly Entry[] {
    return this.log.filter(({ stream }) => stream.startsWith(`${category}-`));
  }

  async publishFacial(): Promise<void> {
    const stream = protocolStream(CHAIN.id, 'facial');
    const events = [ProtocolPublished(occurredNow(this.now), { protocol: facial })];
    await this.runner.run(this.meta(), () => Promise.resolve([{ stream, events, expectedRevision: 'no-stream' }]));
  }

  private store(): EventStore {
    return {
      append: (request: AppendRequest) => Promise.resolve(this.append(request)),
      readStream: (_chain: Id, stream: string) => Promise.resolve(this.events(stream)),
    } as unknown as EventStore;
  }

  private append({ commandId, streams, guards = [], context }: AppendRequest): AppendResult {
    const known = this.done.get(commandId);
    if (known) return { ...known, repeated: true };
    const revisionOf = (stream: string) => this.events(stream).length - 1;
    for (const { stream, revision } of guards) {
      if (revisionOf(stream) !== revision) throw new GuardFailed(stream, revision, revisionOf(stream));
    }
    for (const { stream, expectedRevision: expected } of streams) {
      const wanted = expected === 'no-stream' ? -1 : expected;
      if (typeof wanted === 'number' && wanted !== revisionOf(stream)) {
        throw new WrongExpectedRevision(stream, expected, revisionOf(stream));
      }
    }
    for (const { stream, events } of streams)
      for (const event of events) this.record(stream, event, commandId, context);
    const revisions = Object.fromEntries(streams.map(({ stream }) => [stream, revisionOf(stream)]));
    const result = { position: this.log.length, revisions, repeated: false };
    if (streams.some(({ events }) => events.length > 0)) this.done.set(commandId, result);
    return result;
  }

  private record(stream: string, event: NewEvent, commandId: Id, context: AppendRequest['context']): void {
    const schema = schemas.get(event.type);
    if (!schema) throw new Error(`${event.type} is not registered`);
    const position = this.log.length + 1;
    const { type, occurredAt } = event;
    const id = derivedId(commandId, `event ${position}`);
    const recorded = {
      chain: CHAIN.id,
      stream,
      position,
      revision: this.events(stream).length,
      type,
      // As it would come out of the log again.
      data: schema.parse(JSON.parse(JSON.stringify(event.data))),
      occurredAt,
      recordedAt: this.now,
      header: { id, type, version: 1, occurredAt, actor: context.actor, origin: context.origin, commandId },
    } as Entry;
    this.log.push(recorded);
    this.streams.set(stream, [...this.events(stream), recorded]);
  }

  private externalCodes(): ExternalCodes {
    const find = (kind: string, codes: readonly string[]) =>
      new Map(
        codes.flatMap((code) => (this.ids.has(`${kind} ${code}`) ? [[code, this.ids.get(`${kind} ${code}`)]] : [])) as [
          string,
          Id,
        ][],
      );
    return {
      find: (_chain: Chain, kind: string, codes: readonly string[]) => Promise.resolve(find(kind, codes)),
      idFor: (_chain: Chain, kind: string, code: string | undefined, fresh: Id) => {
        if (code === undefined) return Promise.resolve(fresh);
        const id = this.ids.get(`${kind} ${code}`) ?? fresh;
        this.ids.set(`${kind} ${code}`, id);
        return Promise.resolve(id);
      },
    } as unknown as ExternalCodes;
  }
}

/** Events in memory are what reading them from a log would give. */
const CODEC = { decode: <E>(_chain: Chain, events: E) => Promise.resolve(events) };

/** A clinic in Istanbul (three hours ahead of UTC the whole year) with everything that a session of `facial` needs. */
export interface EquippedClinic {
  readonly clinic: MemoryClinic;
  readonly site: Id;
  readonly nurse: Id;
  readonly physician: Id;
  readonly patient: Id;
  readonly consultation: Id;
  /** Lots of one product: good, soon to expire, and not received yet. */
  readonly lots: readonly [string, string, string];
}

export const PRODUCT = 'GlowMeso HA';
/** The day on which the second lot expires. */
export const SOON = '2026-02-20';

/** @returns the clinic on the morning of 5 January 2026, a cleared consultation held and a consent signed */
export async function equippedClinic(): Promise<EquippedClinic> {
  const clinic = new MemoryClinic('2026-01-05T07:00:00.000Z');
  const idOf = async (answer: Promise<CommandAnswer>) => (await answer).id;
  await clinic.publishFacial();
  const quietHours = { from: '21:00', to: '09:00' };
  const site = await idOf(
    clinic.sites.register(clinic.meta(), { name: 'IST', timeZone: 'Europe/Istanbul', language: 'tr', quietHours }),
  );
  const credentials = [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }];
  const [nurse, physician] = await Promise.all(
    (['nurse', 'physician'] as const).map((role) =>
      idOf(clinic.practitioners.register(clinic.meta(), { name: 'Deniz', role, credentials })),
    ),
  );
  const who = { site, practitioner: physician as Id, procedure: 'facial' };
  const patient = await idOf(
    clinic.patients.register(clinic.meta(), {
      identity: { familyName: 'Kaya', givenName: 'Ada', birthDate: '1980-05-05', sex: 'female' },
      preference: { language: 'tr', channel: 'none', contactConsent: false },
      health: { allergies: [], conditions: [], medications: [] },
    }),
  );
  const lots = ['L1', 'L2', 'L3'] as const;
  for (const lotNumber of lots.slice(0, 2)) await receiveLot(clinic, site, lotNumber, '2026-01-01');
  const notes = Object.fromEntries(facial.consultation.map(({ code }) => [code, 'noted']));
  const consultation = await idOf(
    clinic.consultations.hold(clinic.meta(), { ...who, patient, notes, at: '2026-01-05T09:00' }),
  );
  const answers = facial.screening.contraindications.map(({ code }) => ({ code, answer: 'no' as const }));
  await clinic.consultations.answer(clinic.meta(), consultation, { answers });
  const practitioner = physician as Id;
  const cleared = { practitioner, conclusion: { outcome: 'cleared' as const }, reason: '' };
  await clinic.consultations.conclude(clinic.meta(), consultation, cleared);
  await clinic.consultations.signConsent(clinic.meta(), consultation, consentOf('2026-01-05', null));
  return { clinic, site, nurse: nurse as Id, physician: practitioner, patient, consultation, lots };
}

/** A form that the patient has signed. */
export const consentOf = (signedOn: string, validUntil: string | null) => ({
  procedure: 'facial',
  signedOn,
  formHash: 'ab'.repeat(32),
  signedBy: 'patient' as const,
  validUntil,
});

/** Receives a lot of the one product; the second lot is the one that expires soon. */
export const receiveLot = (clinic: MemoryClinic, site: Id, lotNumber: string, receivedOn: string) =>
  clinic.lots.receive(clinic.meta(), {
    site,
    product: PRODUCT,
    lotNumber,
    expiresOn: lotNumber === 'L2' ? SOON : '2030-01-01',
    receivedOn,
    ingredients: ['hyaluronic acid'],
  });
