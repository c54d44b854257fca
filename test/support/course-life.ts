import fc from 'fast-check';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { allNo } from './course-given.js';
import { dayOf, performed, standing, statusOf } from './course-life.oracle.js';
import { consentOf, type Entry, type EquippedClinic, type MemoryClinic, PRODUCT } from './memory-clinic.js';

/**
 * Lives of courses as they could be led: what somebody tries at a desk, one thing after the other, whether it is allowed
 * or not. Numbers that pick something (`session`, `entry`) wrap around whatever is there, so that a shorter life is still
 * one, and fast-check can cut a failure down.
 */

const DEVIATIONS = ['interval-short', 'interval-long', 'depth', 'contraindication'] as const;
type Reason = (typeof DEVIATIONS)[number];

interface Treatment {
  readonly session: number;
  /** Nobody had booked it: it is entered from paper. */
  readonly isUnbooked: boolean;
  /** When it took place; entered late where it is not today. */
  readonly daysAgo: number;
  readonly by: 'nurse' | 'physician';
  readonly ordered: 'physician' | 'nurse' | 'nobody';
  readonly identifiers: 1 | 2;
  readonly positive: 'none' | 'aspirin-or-nsaid' | 'pregnancy';
  readonly depthMm: number;
  readonly lot: number;
  readonly reasons: readonly Reason[];
}

export type Attempt =
  /** Fourteen days after the last session, with nothing against it: most of what a clinic does. */
  | { readonly what: 'treat' }
  /** Everything that stands against the next session is put right, as far as it can be. */
  | { readonly what: 'put-right' }
  /** What is booked is cancelled, the plan is cut to what was performed, and the course completed. */
  | { readonly what: 'finish' }
  | { readonly what: 'wait'; readonly days: number }
  /** Planned so many days ago, where it is entered late. */
  | { readonly what: 'plan-course'; readonly daysAgo: number }
  /** To another course of the patient. */
  | { readonly what: 'turn-to'; readonly course: number }
  | {
      readonly what: 'change-plan';
      readonly sessions: number;
      /** Between two sessions, where the physician chooses them. */
      readonly intervalDays: { readonly min: number; readonly max: number } | undefined;
      readonly by: 'nurse' | 'physician';
      readonly daysAgo: number;
    }
  | { readonly what: 'book'; readonly kind: 'course' | 'maintenance'; readonly days: number }
  | { readonly what: 'reschedule'; readonly session: number; readonly days: number }
  | { readonly what: 'miss' | 'cancel' | 'hold'; readonly session: number }
  | { readonly what: 'decide'; readonly session: number; readonly by: 'nurse' | 'physician'; readonly go: boolean }
  | ({ readonly what: 'perform' } & Treatment)
  | {
      readonly what: 'correct-session';
      readonly session: number;
      readonly field: 'at' | 'products' | 'volume' | 'check' | 'identifiers';
      readonly by: number;
    }
  /** With a time so many days ago, where it is the plan itself; 0: it stays. */
  | { readonly what: 'correct-plan'; readonly entry: number; readonly sessions: number; readonly daysAgo: number }
  | { readonly what: 'follow-up'; readonly daysAgo: number; readonly found: boolean }
  | { readonly what: 'correct-follow-up'; readonly entry: number; readonly found: boolean; readonly score: number }
  /** Counted from the last: mistakes are noticed soon. */
  | { readonly what: 'retract'; readonly entry: number }
  | { readonly what: 'report' }
  | { readonly what: 'close'; readonly by: 'nurse' | 'physician'; readonly daysAgo: number }
  | { readonly what: 'complete' | 'stop' | 'lapse' | 'decline'; readonly daysAgo: number }
  | { readonly what: 'fact'; readonly fact: number; readonly daysAgo: number }
  | { readonly what: 'end-fact' | 'withdraw' | 'revoke' | 'grant' | 'die' }
  | { readonly what: 'sign'; readonly days: number | null; readonly daysAgo: number }
  | { readonly what: 'recall' | 'lift' | 'receive'; readonly lot: number }
  | { readonly what: 'retract-beside'; readonly of: 'patient' | 'consultation'; readonly entry: number };

const pick = fc.nat(6);
const who = fc.constantFrom('physician' as const, 'physician' as const, 'nurse' as const);
const treatment = {
  session: pick,
  isUnbooked: fc.constantFrom(false, false, false, true),
  daysAgo: fc.constantFrom(0, 0, 0, 0, 3, 10, 20, 40),
  by: fc.constantFrom('nurse' as const, 'nurse' as const, 'physician' as const),
  ordered: fc.constantFrom(
    'physician' as const,
    'physician' as const,
    'physician' as const,
    'nurse' as const,
    'nobody' as const,
  ),
  identifiers: fc.constantFrom(2 as const, 2 as const, 2 as const, 2 as const, 1 as const),
  positive: fc.constantFrom(
    'none' as const,
    'none' as const,
    'none' as const,
    'aspirin-or-nsaid' as const,
    'pregnancy' as const,
  ),
  depthMm: fc.constantFrom(2, 2, 2, 6),
  lot: fc.constantFrom(0, 0, 0, 1, 2),
  reasons: fc.oneof(
    { weight: 2, arbitrary: fc.constant(DEVIATIONS) },
    { weight: 1, arbitrary: fc.subarray([...DEVIATIONS]) },
  ),
};
/** Most of what happens is entered on its day. */
const daysAgo = fc.constantFrom(0, 0, 0, 3, 20);
const often = (weight: number, arbitrary: fc.Arbitrary<Attempt>) => ({ weight, arbitrary });

const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  often(40, fc.constant({ what: 'treat' })),
  often(12, fc.constant({ what: 'put-right' })),
  often(5, fc.constant({ what: 'finish' })),
  often(5, fc.record({ what: fc.constant('wait' as const), days: fc.constantFrom(1, 7, 14, 14, 30, 100) })),
  often(3, fc.record({ what: fc.constant('plan-course' as const), daysAgo: fc.constantFrom(0, 0, 10, 40) })),
  often(3, fc.record({ what: fc.constant('turn-to' as const), course: fc.nat(3) })),
  often(
    3,
    fc.record({
      what: fc.constant('change-plan' as const),
      sessions: fc.integer({ min: 1, max: 7 }),
      intervalDays: fc.constantFrom(undefined, undefined, undefined, { min: 7, max: 14 }, { min: 21, max: 28 }),
      by: who,
      daysAgo,
    }),
  ),
  often(
    6,
    fc.record({
      what: fc.constant('book' as const),
      kind: fc.constantFrom('course' as const, 'course' as const, 'maintenance' as const),
      days: fc.constantFrom(0, 1, 14, 30),
    }),
  ),
  often(3, fc.record({ what: fc.constant('reschedule' as const), session: pick, days: fc.constantFrom(0, 1, 14, 30) })),
  often(4, fc.record({ what: fc.constantFrom('miss' as const, 'cancel' as const, 'hold' as const), session: pick })),
  often(2, fc.record({ what: fc.constant('decide' as const), session: pick, by: who, go: fc.boolean() })),
  often(10, fc.record({ what: fc.constant('perform' as const), ...treatment })),
  often(
    6,
    fc.record({
      what: fc.constant('correct-session' as const),
      session: pick,
      field: fc.constantFrom(...(['at', 'at', 'products', 'volume', 'check', 'identifiers'] as const)),
      by: fc.integer({ min: -40, max: 5 }),
    }),
  ),
  often(
    3,
    fc.record({
      what: fc.constant('correct-plan' as const),
      entry: fc.nat(3),
      sessions: fc.integer({ min: 1, max: 7 }),
      daysAgo: fc.constantFrom(0, 0, 1, 7, 40),
    }),
  ),
  often(3, fc.record({ what: fc.constant('follow-up' as const), daysAgo: fc.nat(10), found: fc.boolean() })),
  often(
    2,
    fc.record({
      what: fc.constant('correct-follow-up' as const),
      entry: pick,
      found: fc.boolean(),
      score: fc.integer({ min: 1, max: 5 }),
    }),
  ),
  often(10, fc.record({ what: fc.constant('retract' as const), entry: fc.oneof(fc.nat(3), fc.nat(20)) })),
  often(1, fc.constant({ what: 'report' })),
  often(4, fc.record({ what: fc.constant('close' as const), by: who, daysAgo })),
  often(
    4,
    fc.record({
      what: fc.constantFrom(
        'complete' as const,
        'complete' as const,
        'complete' as const,
        'stop' as const,
        'lapse' as const,
        'decline' as const,
      ),
      daysAgo,
    }),
  ),
  often(2, fc.record({ what: fc.constant('fact' as const), fact: fc.nat(4), daysAgo: fc.constantFrom(0, 0, 5, 30) })),
  often(
    4,
    fc.record({
      what: fc.constantFrom(
        'end-fact' as const,
        'end-fact' as const,
        'withdraw' as const,
        'revoke' as const,
        'grant' as const,
        'grant' as const,
      ),
    }),
  ),
  {
    weight: 1,
    arbitrary: fc.constantFrom<Attempt>({ what: 'die' }, { what: 'recall', lot: 0 }, { what: 'recall', lot: 1 }),
  },
  often(2, fc.record({ what: fc.constant('sign' as const), days: fc.constantFrom(null, 20), daysAgo: fc.nat(3) })),
  often(3, fc.record({ what: fc.constantFrom('lift' as const, 'receive' as const), lot: fc.nat(2) })),
  often(
    4,
    fc.record({
      what: fc.constant('retract-beside' as const),
      of: fc.constantFrom('patient' as const, 'consultation' as const),
      entry: fc.nat(3),
    }),
  ),
);

export const lives: fc.Arbitrary<Attempt[]> = fc.array(attempt, { minLength: 15, maxLength: 40, size: 'max' });

/** A command that was sent, so that it can be sent again. */
export interface Sent {
  /** Sends it under an id. */
  readonly send: (meta: CommandMeta) => Promise<CommandAnswer>;
  /** Whether it makes something new each time it is wanted: another session, another check-up. */
  readonly makesNew: boolean;
}

/** More than `facial` allows between two sessions. */
const LAPSES_AFTER_DAYS = 95;

const NEEDS_BOOKED: ReadonlySet<Attempt['what']> = new Set(['hold', 'cancel', 'reschedule']);

const FACTS = [
  { kind: 'condition', statement: 'pregnancy' },
  { kind: 'allergy', statement: 'hyaluronic acid' },
  { kind: 'condition', statement: 'cardiovascular-disease' },
  { kind: 'medication', statement: 'warfarin' },
  { kind: 'medication', statement: 'something that no list knows' },
] as const;

/** A life in one clinic: turns attempts into commands by what is there at that moment. */
export class CourseLife {
  readonly clinic: MemoryClinic;
  /** The course that is worked on: the newest, until somebody turns to another one. */
  course = '';

  constructor(private readonly at: EquippedClinic) {
    this.clinic = at.clinic.copy();
  }

  get today(): string {
    return dayOf(this.clinic.now);
  }

  /** The entries of the course that is worked on, as they stand. */
  get entries(): Entry[] {
    return standing(this.clinic.events(`course-${this.course}`));
  }

  /** @returns the commands of an attempt in their order; none where there is nothing that it could be about */
  commandsOf(of: Attempt): (() => Sent | undefined)[] {
    if (of.what === 'treat') return this.treat();
    if (of.what === 'put-right') return this.putRight();
    if (of.what === 'finish') return this.finish();
    if (of.what === 'wait') {
      this.wait(of.days);
      return [];
    }
    if (of.what === 'turn-to') {
      const planned = this.clinic.eventsOf('course').filter(({ type }) => type === 'CoursePlanned');
      this.course = String(nth(planned, of.course)?.data.courseId);
      return [];
    }
    if (NEEDS_BOOKED.has(of.what)) return [() => this.bookUnlessBooked(), () => this.commandOf(of)];
    if (of.what === 'miss') return [() => this.bookUnlessBooked(), () => this.nextDay(), () => this.commandOf(of)];
    if (of.what === 'lapse' && performed(this.entries, 'course').length > 0) this.wait(LAPSES_AFTER_DAYS);
    return [() => this.commandOf(of)];
  }

  private bookUnlessBooked(): Sent | undefined {
    const kind = statusOf(this.entries) === 'completed' ? ('maintenance' as const) : ('course' as const);
    return this.booked.length > 0 ? undefined : this.commandOf({ what: 'book', kind, days: 0 });
  }

  private nextDay(): undefined {
    this.wait(1);
  }

  private wait(days: number): void {
    this.clinic.now = new Date(Date.parse(this.clinic.now) + days * 86_400_000).toISOString();
  }

  /** @param daysAgo when it was planned; 0: now */
  plan(daysAgo = 0): Sent {
    const { clinic, at } = this;
    const data = {
      consultation: at.consultation,
      site: at.site,
      practitioner: at.physician,
      protocol: 'facial',
      plannedSessions: 4,
      ...this.late(daysAgo),
    };
    const send = async (meta: CommandMeta) => {
      const answer = await clinic.courses.plan(meta, data);
      this.course = answer.id;
      return answer;
    };
    return { send, makesNew: true };
  }

  /** The time of what is entered late; nothing for what is entered when it happens. */
  private late(days: number): { at?: string } {
    return days === 0 ? {} : { at: `${addDays(this.today, -days)}T09:30` };
  }

  private treat(): (() => Sent | undefined)[] {
    const last = performed(this.entries, 'course').at(-1);
    const due = last ? addDays(this.dateOf(last), 14) : this.today;
    while (this.today < due) this.wait(1);
    const well = {
      isUnbooked: false,
      daysAgo: 0,
      by: 'nurse',
      ordered: 'physician',
      identifiers: 2,
      positive: 'none',
      depthMm: 2,
      lot: 0,
      reasons: DEVIATIONS,
    } as const;
    return [() => this.bookUnlessBooked(), () => this.commandOf({ what: 'perform', session: 0, ...well })];
  }

  private putRight(): (() => Sent | undefined)[] {
    const closed = new Set(
      this.clinic
        .eventsOf('patient')
        .flatMap(({ type, data }) => (type === 'AdverseEventClosed' ? [data.adverseEventId] : [])),
    );
    const open = this.foundAdverseEvents.filter((id) => !closed.has(id));
    const facts = standing(this.clinic.eventsOf('patient')).filter(({ type }) => type === 'HealthFactRecorded');
    const end = addDays(this.today, -1);
    return [
      ...open.map((id) => () => this.close(id, 'physician', 0)),
      ...facts.map((fact) => () => this.endFact(String(fact.data.factId), end)),
      () => this.commandOf({ what: 'decide', session: 0, by: 'physician', go: true }),
      () => this.commandOf({ what: 'sign', days: null, daysAgo: 0 }),
      () => this.commandOf({ what: 'grant' }),
      () => this.commandOf({ what: 'lift', lot: 0 }),
    ];
  }

  private finish(): (() => Sent | undefined)[] {
    const sessions = Math.max(1, performed(this.entries, 'course').length);
    return [
      ...this.booked.map(() => () => this.commandOf({ what: 'cancel', session: 0 })),
      () => this.commandOf({ what: 'change-plan', intervalDays: undefined, sessions, by: 'physician', daysAgo: 0 }),
      () => this.commandOf({ what: 'complete', daysAgo: 0 }),
    ];
  }

  /** Ids of the adverse events that were ever found or reported, the newest last. */
  private get foundAdverseEvents(): string[] {
    return this.clinic.log.flatMap(({ type, data }) => {
      if (type === 'AdverseEventReported') return [String(data.adverseEventId)];
      return type.startsWith('FollowUpHeld') && data.adverseEvent !== undefined ? [String(data.followUpId)] : [];
    });
  }

  private close(adverseEvent: string, by: 'nurse' | 'physician', daysAgo: number): Sent {
    const { clinic, at } = this;
    const data = { physician: at[by], outcome: 'recovered' as const, note: '', ...this.late(daysAgo) };
    const send: Sent['send'] = (meta) => clinic.adverseEvents.close(meta, { patient: at.patient, adverseEvent }, data);
    return { send, makesNew: false };
  }

  private endFact(factId: string, until: string): Sent {
    const { clinic, at } = this;
    return { send: (meta) => clinic.patients.endHealthFact(meta, at.patient, factId, { until }), makesNew: false };
  }

  private dateOf = (performedEntry: Entry): string => (performedEntry.data.at as { wall: string }).wall.slice(0, 10);

  /** Sessions by the order in which they were booked; each once. */
  private get booked(): string[] {
    const done = new Set(
      this.entries
        .filter(({ type }) => ['SessionPerformed', 'SessionCancelled', 'SessionMissed'].includes(type))
        .map(({ data }) => data.sessionId),
    );
    return this.sessions.filter((id) => !done.has(id));
  }

  private get sessions(): string[] {
    return this.entries.filter(({ type }) => type === 'SessionBooked').map(({ data }) => String(data.sessionId));
  }

  private commandOf(
    of: Exclude<Attempt, { what: 'treat' | 'put-right' | 'finish' | 'wait' | 'turn-to' }>,
  ): Sent | undefined {
    const { clinic, at, course, today } = this;
    const { courses, patients } = clinic;
    const person = (by: 'nurse' | 'physician') => at[by];
    const again = (send: Sent['send']): Sent => ({ send, makesNew: false });
    const each = (send: Sent['send']): Sent => ({ send, makesNew: true });
    const entry = (type: string, n: number): Entry | undefined =>
      nth(
        this.entries.filter((one) => one.type === type),
        n,
      );
    switch (of.what) {
      case 'plan-course':
        return this.plan(of.daysAgo);
      case 'change-plan': {
        const when = this.late(of.daysAgo);
        const chosen = of.intervalDays ? { intervalDays: of.intervalDays } : {};
        const plan = { plannedSessions: of.sessions, ...chosen };
        const data = { ...plan, physician: person(of.by), reason: 'as it goes', ...when };
        return again((meta) => courses.changePlan(meta, course, data));
      }
      case 'book': {
        const { kind } = of;
        const wall = `${addDays(today, of.days)}T18:00`;
        return each((meta) => courses.book(meta, course, { kind, site: at.site, practitioner: at.nurse, at: wall }));
      }
      case 'reschedule': {
        const session = nth(this.booked.length > 0 ? this.booked : this.sessions, of.session);
        const wall = `${addDays(today, of.days)}T19:00`;
        return session ? again((meta) => courses.reschedule(meta, course, session, { at: wall })) : undefined;
      }
      case 'miss':
      case 'cancel': {
        const sessionId = nth(this.sessions, of.session);
        const command =
          of.what === 'miss' ? ({ type: 'MissSession' } as const) : ({ type: 'CancelSession', reason: 'ill' } as const);
        return sessionId ? again((meta) => courses.simple(meta, course, { ...command, sessionId })) : undefined;
      }
      case 'hold': {
        const session = nth(this.booked, of.session);
        const data = { practitioner: at.nurse, positive: ['aspirin-or-nsaid'] };
        return session ? again((meta) => courses.holdSession(meta, course, session, data)) : undefined;
      }
      case 'decide': {
        const session = nth(this.booked, of.session);
        const decision = of.go ? ('proceed' as const) : ('do-not-treat' as const);
        const data = { physician: person(of.by), decision, reason: 'seen' };
        return session ? again((meta) => courses.decideHold(meta, course, session, data)) : undefined;
      }
      case 'perform':
        return this.perform(of);
      case 'correct-session': {
        const session = nth(performed(this.entries), of.session);
        if (!session) return undefined;
        const lotNumber = at.lots[Math.abs(of.by) % 3] as string;
        const asked = ['aspirin-or-nsaid', 'pregnancy'][Math.abs(of.by) % 2] as string;
        const change = {
          check: { check: { [asked]: of.by % 3 === 0 ? ('no' as const) : ('yes' as const) } },
          identifiers: { identifiers: (['name', 'photo'] as const).slice(0, 1 + (Math.abs(of.by) % 2)) },
          at: { at: `${addDays(this.dateOf(session), of.by)}T08:00` },
          products: { products: [{ product: PRODUCT, lotNumber }] },
          volume: { products: [{ product: PRODUCT, lotNumber: at.lots[0], volumeMl: Math.abs(of.by) }] },
        }[of.field];
        const said = { data: { type: 'SessionPerformed' as const, ...change }, reason: 'typed wrongly' };
        return again((meta) => clinic.corrections.correctEntry(meta, course, session.header.id, said));
      }
      case 'correct-plan': {
        const plans = this.entries.filter(({ type }) => type === 'CoursePlanned' || type === 'CoursePlanChanged');
        const plan = nth(plans, of.entry);
        if (!plan) return undefined;
        const type = plan.type as 'CoursePlanned' | 'CoursePlanChanged';
        // Now and then nobody decides who may, or nobody says why.
        const by = of.sessions % 3 === 0 ? {} : { physician: of.sessions % 3 === 1 ? at.physician : at.nurse };
        const why = of.sessions < 3 && type === 'CoursePlanned' ? { countReason: 'few areas' } : {};
        const isMoved = type === 'CoursePlanned' && of.daysAgo > 0;
        const change = isMoved ? this.late(of.daysAgo) : { plannedSessions: of.sessions, ...why };
        const said = { data: { type, ...change }, ...by, reason: 'typed wrongly' };
        return again((meta) => clinic.corrections.correctEntry(meta, course, plan.header.id, said as never));
      }
      case 'follow-up': {
        const wall = `${addDays(today, -of.daysAgo)}T08:30`;
        const adverseEvent = of.found
          ? { adverseEvent: { kind: 'infection' as const, severity: 'mild' as const } }
          : {};
        const data = { site: at.site, kind: 'remote' as const, at: wall, reactions: [], ...adverseEvent };
        return each((meta) => courses.holdFollowUp(meta, course, data));
      }
      case 'correct-follow-up': {
        const followUp = entry('FollowUpHeld', of.entry);
        if (!followUp) return undefined;
        const adverseEvent = of.found ? { kind: 'scarring' as const, severity: 'mild' as const } : null;
        const said = {
          data: { type: 'FollowUpHeld' as const, adverseEvent, outcomeScore: of.score },
          reason: 'typed wrongly',
        };
        return again((meta) => clinic.corrections.correctEntry(meta, course, followUp.header.id, said));
      }
      case 'retract': {
        const named = nth([...clinic.events(`course-${course}`)].reverse(), of.entry);
        const by = of.entry % 5 === 0 ? undefined : at.physician;
        return (
          named &&
          again((meta) => clinic.corrections.retractEntry(meta, course, named.header.id, 'entered by mistake', by))
        );
      }
      case 'report': {
        const data = {
          site: at.site,
          kind: 'infection' as const,
          severity: 'mild' as const,
          owner: at.physician,
          onsetOn: today,
          description: 'red and hot',
        };
        return each((meta) => clinic.adverseEvents.report(meta, at.patient, data));
      }
      case 'close': {
        const adverseEvent = this.foundAdverseEvents.at(-1);
        return adverseEvent === undefined ? undefined : this.close(adverseEvent, of.by, of.daysAgo);
      }
      case 'complete':
        return again((meta) => courses.simple(meta, course, { type: 'CompleteCourse' }, this.late(of.daysAgo).at));
      case 'stop': {
        const stop = { type: 'StopCourse', reason: 'moved' } as const;
        return again((meta) => courses.simple(meta, course, stop, this.late(of.daysAgo).at));
      }
      case 'lapse': {
        const data = { practitioner: at.nurse, reason: 'never came back', ...this.late(of.daysAgo) };
        return again((meta) => courses.lapse(meta, course, data));
      }
      case 'decline':
        return again((meta) => courses.simple(meta, course, { type: 'DeclineMaintenance' }, this.late(of.daysAgo).at));
      case 'fact': {
        const fact = FACTS[of.fact % FACTS.length] as (typeof FACTS)[number];
        const data = { ...fact, since: addDays(today, -of.daysAgo), until: null };
        return again((meta) => patients.recordHealthFact(meta, at.patient, data));
      }
      case 'end-fact': {
        const fact = standing(clinic.eventsOf('patient')).findLast(({ type }) => type === 'HealthFactRecorded');
        return fact && this.endFact(String(fact.data.factId), today);
      }
      case 'sign': {
        const signedOn = addDays(today, -of.daysAgo);
        const data = consentOf(signedOn, of.days === null ? null : addDays(signedOn, of.days));
        return each((meta) => clinic.consultations.signConsent(meta, at.consultation, data));
      }
      case 'withdraw':
        return again((meta) => clinic.consultations.withdrawConsent(meta, at.consultation, { procedure: 'facial' }));
      case 'revoke': {
        const data = { procedures: ['facial'], from: today, reason: 'expired' };
        return again((meta) => clinic.practitioners.revokeCredential(meta, at.nurse, data));
      }
      case 'grant': {
        const data = { procedures: ['facial'], validFrom: today, validTo: null };
        return again((meta) => clinic.practitioners.grantCredential(meta, at.nurse, data));
      }
      case 'die':
        return again((meta) => patients.recordDeath(meta, at.patient, today));
      case 'recall': {
        const notice = { recalledOn: today, reference: 'N1', cause: 'sterility' as const };
        // A notice writes it otherwise than the package does.
        const lotNumber = (at.lots[of.lot % 3] as string).replace('L', 'l-');
        const data = { product: PRODUCT.toUpperCase().replace(' ', ''), lotNumber, ...notice };
        return again((meta) => clinic.recalls.recall(meta, data));
      }
      case 'lift': {
        const recall = clinic.eventsOf('recall').at(-1);
        const data = { liftedOn: today, reference: 'N2' };
        return recall && again((meta) => clinic.recalls.lift(meta, String(recall.data.recallId), data));
      }
      case 'receive': {
        const lotNumber = at.lots[of.lot % 3] as string;
        // Enough for two sessions.
        const counted = { expiresOn: '2030-01-01', receivedOn: today, ingredients: ['hyaluronic acid'], volumeMl: 2.5 };
        const data = { site: at.site, product: PRODUCT, lotNumber, ...counted };
        return again((meta) => clinic.lots.receive(meta, data));
      }
      case 'retract-beside': {
        const named = nth([...clinic.eventsOf(of.of)].reverse(), of.entry);
        if (!named) return undefined;
        const id = named.header.id;
        const reason = 'entered by mistake';
        return again((meta) =>
          of.of === 'patient'
            ? clinic.patientEntries.retract(meta, at.patient, id, { reason, physician: at.physician })
            : clinic.consultationEntries.retract(meta, at.consultation, id, { reason }),
        );
      }
    }
  }

  private perform(of: Treatment): Sent | undefined {
    const { clinic, at, course, today } = this;
    const session = nth(this.booked, of.session);
    if (!session && !of.isUnbooked) return undefined;
    const orderedBy = of.ordered === 'nobody' ? {} : { orderedBy: at[of.ordered] };
    const data = {
      ...orderedBy,
      practitioner: at[of.by],
      at: `${addDays(today, -of.daysAgo)}T10:00`,
      durationMinutes: 45,
      areas: ['face'],
      device: 'needle' as const,
      depthMm: of.depthMm,
      products: [{ product: PRODUCT, lotNumber: at.lots[of.lot % 3] as string, volumeMl: 1 }],
      reactions: [],
      identifiers: (['name', 'birth-date'] as const).slice(0, of.identifiers),
      check: of.positive === 'none' ? allNo() : { ...allNo(), [of.positive]: 'yes' as const },
      overrides: of.reasons.map((deviation) => ({ deviation, reason: 'seen' })),
    };
    if (session && !of.isUnbooked) {
      return { send: (meta) => clinic.courses.perform(meta, course, session, data), makesNew: false };
    }
    const kind = statusOf(this.entries) === 'completed' ? ('maintenance' as const) : ('course' as const);
    const place = { kind, site: at.site };
    return { send: (meta) => clinic.courses.record(meta, course, { ...data, ...place }), makesNew: true };
  }
}

const nth = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(1, items.length)];
