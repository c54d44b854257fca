import moment from 'moment-timezone';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';

/**
 * What happened, read from the log as it was committed and told once more in the simplest words: no fold, rule or query
 * of the system is used here, so that the system can be judged by it.
 */

type Data = Readonly<Record<string, any>>;

export interface LedgerSession {
  readonly sessionId: Id;
  readonly courseId: Id;
  /** Each time that it was put on a day, and when that was recorded. */
  readonly bookings: { readonly recordedAt: string; readonly start: string; readonly siteId: Id }[];
  /** What it is planned with: product and lot. */
  readonly lots: readonly string[];
  status: 'booked' | 'performed' | 'cancelled' | 'missed';
  performed: { readonly recordedAt: string; readonly eventId: Id } | undefined;
  /** When it came to what it is now. */
  statusAt: string;
  retracted: boolean;
}

export interface LedgerCourse {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly siteId: Id;
  readonly protocol: string;
  consultationId: Id;
  over: { readonly by: string; readonly recordedAt: string } | undefined;
  maintenanceDeclined: boolean;
}

export interface LedgerPatient {
  readonly patientId: Id;
  preference: Data;
  /** By category, where it is another channel than the preferred one; and the zone that the patient lives in. */
  choices: { readonly channels: Readonly<Record<string, string>>; readonly timeZone: string | null };
  readonly optedOut: Set<string>;
  diedOn: string | undefined;
  movedAwayOn: string | undefined;
  hasMovedAway: boolean;
  readonly links: Map<Id, Id>;
  /** Times of what no session may take place in; null: for ever. */
  readonly pregnancies: Map<Id, { readonly since: string | null; until: string | null }>;
}

export interface LedgerSite {
  readonly siteId: Id;
  readonly zone: string;
  quiet: { readonly from: string; readonly to: string };
}

export type MessageStatus = 'pending' | 'held' | 'attempted' | 'sent' | 'suppressed' | 'expired' | 'failed' | 'unknown';

/** What was so when an attempt was committed: everything with a lower position, and nothing else. */
export interface Moment {
  readonly mayBeWrittenTo: boolean;
  readonly optedOut: boolean;
  readonly diedOn: readonly string[];
  readonly movedAwayOn: readonly string[];
  readonly consentWithdrawn: boolean;
  /** On the day of the session. */
  readonly pregnant: boolean;
  /** A lot that the session is planned with. */
  readonly lotRecalled: boolean;
  readonly course: Readonly<LedgerCourse>;
  /** Of the session that the message is about; undefined where it is about none. */
  readonly session:
    | { readonly status: string; readonly start: string | undefined; readonly retracted: boolean }
    | undefined;
  readonly site: { readonly zone: string; readonly quiet: LedgerSite['quiet'] };
  /** Where the patient lives. */
  readonly patientZone: string;
}

export interface LedgerMessage {
  readonly messageId: Id;
  readonly label: string;
  readonly planned: Data;
  /** The start of the session as it was booked when the message was planned. */
  readonly plannedFor: string | undefined;
  status: MessageStatus;
  due: string;
  /** Why it is no longer pending, or why it is held. */
  reason: string | undefined;
  everHeld: boolean;
  deferrals: number;
  refusals: number;
  /** Types of its events, in order. */
  readonly events: {
    readonly type: string;
    readonly position: number;
    readonly recordedAt: string;
    readonly data: Data;
  }[];
  readonly attempts: {
    readonly position: number;
    readonly recordedAt: string;
    readonly data: Data;
    readonly moment: Moment;
  }[];
  /** Where it was suppressed: what was so then. */
  suppressedAt: Moment | undefined;
}

const PAGE = 1_000;

/** By what patients choose: what is said of their body, of their appointments, and what invites them. */
function categoryOf(kind: string): string {
  if (kind.startsWith('maintenance-')) return 'recall';
  return kind.startsWith('session-') ? 'appointment' : 'clinical';
}

function mayBeWrittenTo({ preference, choices }: LedgerPatient, category: string): boolean {
  return preference.contactConsent === true && (choices.channels[category] ?? preference.channel) !== 'none';
}

const lotOf = ({ product, lotNumber }: Data): string => `${product}/${lotNumber}`;

const covers = ({ since, until }: { since: string | null; until: string | null }, day: string): boolean =>
  (since === null || since <= day) && (until === null || until >= day);

export class Ledger {
  position = 0;
  readonly messages = new Map<Id, LedgerMessage>();
  readonly courses = new Map<Id, LedgerCourse>();
  readonly sessions = new Map<Id, LedgerSession>();
  readonly patients = new Map<Id, LedgerPatient>();
  readonly sites = new Map<Id, LedgerSite>();
  /** What does not fit the order of events that every log must have. */
  readonly disorder: string[] = [];
  /** By consultation and procedure. */
  private readonly withdrawn = new Map<string, boolean>();
  /** Lots that may not be used, by product and number. */
  private readonly recalled = new Set<string>();

  constructor(
    private readonly store: EventStore,
    private readonly chain: Chain,
    /** The name of a thing that is the same in every run of a seed. */
    private readonly nameOf: (id: Id) => string,
  ) {}

  /** Reads on to the end of the log. @returns the events of messages that are new */
  async catchUp(): Promise<StoredEvent[]> {
    const news: StoredEvent[] = [];
    for (;;) {
      const events = await this.store.readAll(this.chain.id, { from: this.position + 1, limit: PAGE });
      for (const event of events) {
        if (event.position !== this.position + 1)
          this.disorder.push(`position ${event.position} after ${this.position}`);
        this.position = event.position;
        this.take(event);
        if (event.header.type.startsWith('Message')) news.push(event);
      }
      if (events.length < PAGE) return news;
    }
  }

  label(messageId: Id): string {
    return this.messages.get(messageId)?.label ?? 'a message that is not planned';
  }

  /** How many messages there are in each state. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { status } of this.messages.values()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** Registrations of the same person, as they are linked now. */
  registrationsOf(patientId: Id): LedgerPatient[] {
    const seen = new Set([patientId]);
    for (const id of seen) for (const other of this.patients.get(id)?.links.values() ?? []) seen.add(other);
    return [...seen].flatMap((id) => this.patients.get(id) ?? []);
  }

  private take({ header, data: text, recordedAt, position }: StoredEvent): void {
    const { type, id: eventId } = header;
    const data = (JSON.parse(text) as { readonly open: Data }).open;
    if (type.startsWith('Message')) return this.takeOfMessage(type, data, recordedAt, position);
    if (type.startsWith('Patient') || type.startsWith('HealthFact')) return this.takeOfPatient(type, data);
    switch (type) {
      case 'SiteRegistered':
        this.sites.set(data.siteId, { siteId: data.siteId, zone: data.timeZone, quiet: data.quietHours });
        return;
      case 'SiteQuietHoursSet':
        (this.sites.get(data.siteId) as LedgerSite).quiet = data.quietHours;
        return;
      case 'ConsentSigned':
        this.withdrawn.set(`${data.consultationId} ${data.procedure}`, false);
        return;
      case 'ConsentWithdrawn':
        this.withdrawn.set(`${data.consultationId} ${data.procedure}`, true);
        return;
      case 'LotRecalled':
        this.recalled.add(lotOf(data));
        return;
      case 'LotRecallLifted':
        this.recalled.delete(lotOf(data));
        return;
      case 'CoursePlanned': {
        const { courseId, patientId, siteId, consultationId } = data as unknown as LedgerCourse;
        const more = { protocol: data.protocol.code as string, over: undefined, maintenanceDeclined: false };
        this.courses.set(courseId, { courseId, patientId, siteId, consultationId, ...more });
        return;
      }
    }
    const course = data.courseId === undefined ? undefined : this.courses.get(data.courseId);
    if (course) this.takeOfCourse(type, data, recordedAt, eventId, course);
  }

  private takeOfCourse(type: string, data: Data, recordedAt: string, eventId: Id, course: LedgerCourse): void {
    const session = this.sessions.get(data.sessionId);
    const turn = (status: LedgerSession['status']) => {
      if (session) Object.assign(session, { status, statusAt: recordedAt });
    };
    switch (type) {
      case 'SessionBooked': {
        const bookings = [{ recordedAt, start: data.at.instant as string, siteId: data.siteId as Id }];
        const lots = ((data.products ?? []) as Data[]).map(lotOf);
        const ids = { sessionId: data.sessionId, courseId: course.courseId, lots };
        const status = { status: 'booked' as const, statusAt: recordedAt, performed: undefined, retracted: false };
        this.sessions.set(data.sessionId, { ...ids, bookings, ...status });
        return;
      }
      case 'SessionRescheduled':
        session?.bookings.push({ recordedAt, start: data.at.instant, siteId: data.siteId });
        return turn('booked');
      case 'SessionPerformed':
        if (session) Object.assign(session, { performed: { recordedAt, eventId }, retracted: false });
        return turn('performed');
      case 'SessionCancelled':
        return turn('cancelled');
      case 'SessionMissed':
        return turn('missed');
      case 'CourseEntryRetracted':
        for (const each of this.sessions.values()) {
          if (each.performed?.eventId !== data.retracts) continue;
          Object.assign(each, { performed: undefined, status: 'booked', statusAt: recordedAt, retracted: true });
        }
        return;
      case 'CourseConsultationRenewed':
        course.consultationId = data.consultationId;
        return;
      case 'CourseStopped':
      case 'CourseLapsed':
        course.over = { by: type, recordedAt };
        return;
      case 'MaintenanceDeclined':
        course.maintenanceDeclined = true;
        return;
      case 'MaintenanceResumed':
        course.maintenanceDeclined = false;
    }
  }

  private takeOfPatient(type: string, data: Data): void {
    const { patientId, preference } = data;
    if (type === 'PatientRegistered') {
      const gone = { diedOn: undefined, movedAwayOn: undefined, hasMovedAway: false };
      const choices = { channels: {}, timeZone: null };
      const more = { optedOut: new Set<string>(), links: new Map<Id, Id>(), pregnancies: new Map() };
      this.patients.set(patientId, { patientId, preference, choices, ...gone, ...more });
      return;
    }
    const patient = this.patients.get(patientId);
    if (!patient) return;
    if (type === 'PatientContactPreferenceChanged') patient.preference = preference;
    if (type === 'PatientContactChoicesSet') patient.choices = data.choices;
    if (type === 'PatientOptedOut') for (const each of data.categories) patient.optedOut.add(each);
    if (type === 'PatientOptedIn') for (const each of data.categories) patient.optedOut.delete(each);
    // A word to a number of ours is about whatever goes by SMS.
    if (type === 'PatientSmsStopped') patient.optedOut.add('sms');
    if (type === 'PatientSmsResumed') patient.optedOut.delete('sms');
    if (type === 'PatientDied') patient.diedOn = data.on;
    if (type === 'PatientMovedAway') Object.assign(patient, { movedAwayOn: data.on, hasMovedAway: true });
    if (type === 'PatientReturned') patient.movedAwayOn = undefined;
    if (type === 'HealthFactRecorded') patient.pregnancies.set(data.factId, { since: data.since, until: data.until });
    if (type === 'HealthFactEnded') Object.assign(patient.pregnancies.get(data.factId) ?? {}, { until: data.until });
    if (type === 'PatientLinked') patient.links.set(data.linkId, data.otherPatientId);
    if (type === 'PatientUnlinked') patient.links.delete(data.linkId);
  }

  private takeOfMessage(type: string, data: Data, recordedAt: string, position: number): void {
    const { messageId } = data;
    const known = this.messages.get(messageId);
    const event = { type, position, recordedAt, data };
    if (type === 'MessagePlanned') {
      if (known) {
        this.disorder.push(`${known.label} was planned a second time at ${position}`);
        known.events.push(event);
        return;
      }
      const start = this.sessions.get(data.cause.sessionId)?.bookings.at(-1)?.start;
      const more = { reason: undefined, everHeld: false, deferrals: 0, refusals: 0, suppressedAt: undefined };
      this.messages.set(messageId, {
        ...{ messageId, label: this.labelOf(data), planned: data, plannedFor: start, status: 'pending' },
        ...{ due: data.due.instant, ...more, events: [event], attempts: [] },
      });
      return;
    }
    if (!known) {
      this.disorder.push(`${type} of a message that was never planned, at ${position}`);
      return;
    }
    known.events.push(event);
    switch (type) {
      case 'MessageDeferred':
        known.deferrals += 1;
        return this.turn(known, 'pending', undefined, data.until.instant);
      case 'MessageRefused':
        known.refusals += 1;
        return this.turn(known, 'pending', undefined, data.retryAt.instant);
      case 'MessageHeld':
        known.everHeld = true;
        return this.turn(known, 'held', data.reasons.join(' '));
      case 'MessageReleased':
      case 'MessageReopened':
        return this.turn(known, 'pending');
      case 'MessageAttempted':
        known.attempts.push({ position, recordedAt, data, moment: this.moment(known.planned) });
        return this.turn(known, 'attempted');
      case 'MessageSent':
        return this.turn(known, 'sent');
      case 'MessageSuppressed':
        known.suppressedAt = this.moment(known.planned);
        return this.turn(known, 'suppressed', data.reason);
      case 'MessageExpired':
        return this.turn(known, 'expired');
      case 'MessageFailed':
        return this.turn(known, 'failed', data.problem);
      case 'MessageOutcomeUnknown':
        return this.turn(known, 'unknown', data.problem);
    }
  }

  private turn(message: LedgerMessage, status: MessageStatus, reason?: string, due = message.due): void {
    Object.assign(message, { status, reason, due });
  }

  private moment(planned: Data): Moment {
    const course = this.courses.get(planned.courseId) as LedgerCourse;
    const session = this.sessions.get(planned.cause.sessionId);
    const persons = this.registrationsOf(planned.patientId);
    const { zone, quiet } = this.sites.get(planned.siteId) as LedgerSite;
    const patient = this.patients.get(planned.patientId) as LedgerPatient;
    const category = categoryOf(planned.kind);
    const start = session?.bookings.at(-1)?.start;
    const day = start === undefined ? undefined : moment.tz(start, zone).format('YYYY-MM-DD');
    const bySms = (patient.choices.channels[category] ?? patient.preference.channel) === 'sms';
    return {
      mayBeWrittenTo: mayBeWrittenTo(patient, category),
      optedOut: persons.some(({ optedOut }) => optedOut.has(category) || (bySms && optedOut.has('sms'))),
      diedOn: persons.flatMap(({ diedOn }) => diedOn ?? []),
      movedAwayOn: persons.flatMap(({ movedAwayOn }) => movedAwayOn ?? []),
      consentWithdrawn: this.withdrawn.get(`${course.consultationId} ${course.protocol}`) === true,
      pregnant:
        day !== undefined &&
        persons.some(({ pregnancies }) => [...pregnancies.values()].some((each) => covers(each, day))),
      lotRecalled: session?.lots.some((lot) => this.recalled.has(lot)) ?? false,
      course: { ...course },
      session: session && {
        status: session.status,
        start,
        retracted: session.retracted,
      },
      site: { zone, quiet },
      patientZone: patient.choices.timeZone ?? zone,
    };
  }

  private labelOf({ courseId, cause, kind, precaution, generation }: Data): string {
    const about =
      cause.kind === 'session' ? this.nameOf(cause.sessionId) : `${this.nameOf(courseId)} window ${cause.ordinal}`;
    return `${about} ${kind}${precaution === undefined ? '' : `/${precaution}`} g${generation}`;
  }
}
