import { daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type LocalDate, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { blockingFindings, reviewFindings } from '#libs/protocols/src/contraindication.rule.js';
import { intervalDeviation, nextEarliest } from '#libs/protocols/src/interval.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { RuleOverride } from '#libs/protocols/src/rule-book.js';
import { depthDeviation, durationDeviation } from '#libs/protocols/src/session-measure.rules.js';
import { guardianMissing } from '../consultation/consent.rules.js';
import { screeningValidOn } from '../consultation/consultation.rules.js';
import { consentOn, type ConsultationState } from '../consultation/consultation.state.js';
import type { LOT_RULES } from '../lot/lot.rule-book.js';
import { type LotState, vialUsableAt } from '../lot/lot.state.js';
import { endOfPerson, healthOn, openAdverseEvents, type Person } from '../patient/person.js';
import { isCredentialed, type PractitionerState } from '../practitioner/practitioner.state.js';
import { isRecalledOn, type RecallState } from '../recall/recall.state.js';
import { intervalDaysOf } from './course-days.rules.js';
import type { CourseRule } from './course.rule-book.js';
import type { DeviationKind, PlannedProduct, SessionKind, StepDone, UsedProduct } from './course.events.js';
import { type FollowUp, performedSessions, type PlannedCourse, type SessionHold } from './course.state.js';

/** What a session is judged by: each as its events stood at the decision. */
export interface SessionWorld {
  readonly protocol: Protocol;
  /** The patient with all linked registrations: what is known of one holds for all. */
  readonly person: Person;
  readonly practitioner: PractitionerState;
  /** On whose order a nurse treats; undefined where nobody was named. */
  readonly orderedBy: PractitionerState | undefined;
  readonly consultation: ConsultationState;
  /** For each used product, in their order: the lot at the site of the session, and whether it was recalled. */
  readonly lots: readonly LotWorld[];
  /** The person's other courses, at whatever site. */
  readonly otherCourses: readonly PlannedCourse[];
}

export interface LotWorld {
  readonly lot: LotState;
  readonly recall: RecallState;
}

export interface SessionFacts {
  readonly kind: SessionKind;
  readonly at: ZonedTime;
  readonly siteId: string;
  readonly durationMinutes?: number | undefined;
  readonly device: Parameters<typeof depthDeviation>[1]['device'];
  readonly depthMm?: number | undefined;
  readonly products: readonly UsedProduct[];
  readonly steps?: readonly Pick<StepDone, 'code'>[] | undefined;
}

/** Something about a session that speaks against it. */
export interface Finding {
  readonly rule: CourseRule | keyof typeof LOT_RULES | 'consent.guardian';
  /** As what it counts where it was accepted, or already happened; null where nobody may accept it. */
  readonly deviation: DeviationKind | null;
  readonly field: string;
  readonly message: string;
  readonly facts: readonly string[];
  /** Whose written reason lets it pass, as a deviation. */
  readonly override: RuleOverride;
  /** What was seen; never personal data. */
  readonly seen?: unknown;
  readonly accepted?: string;
}

/** Everything that stands against performing a session, judged before it is recorded. */
export function sessionFindings(course: PlannedCourse, world: SessionWorld, session: SessionFacts): Finding[] {
  return [
    ...intervals(course, world, session),
    ...measures(world, session),
    ...device(world, session),
    ...steps(world, session),
    ...credential(course, world, session),
    ...consent(course, world, session),
    ...screening(course, world, session),
    ...session.products.flatMap((used, n) =>
      lotFindings(world.lots[n], used, `products.${n}.lotNumber`, `products.${n}.vialId`, session),
    ),
    ...contraindications(world, session, ingredientsIn(world.lots)),
    ...adverseEvents(course, world),
    ...personGone(world, session),
  ];
}

const ingredientsIn = (lots: readonly LotWorld[]): string[] =>
  lots.flatMap(({ lot }) => (lot.status === 'received' ? lot.ingredients : []));

/** Of the products that the consultation considered: what is planned, as far as anybody said. */
const ingredientsConsidered = (consultation: ConsultationState): string[] =>
  consultation.status === 'none'
    ? []
    : (consultation.considered?.ingredients ?? []).flatMap((each) => each.ingredients);

/**
 * What stands against a session that is booked, as far as it can be known before it: it blocks the session and holds its
 * messages until it is gone.
 */
export function standingFindings(
  course: PlannedCourse,
  world: Omit<SessionWorld, 'orderedBy'>,
  session: {
    readonly kind: SessionKind;
    readonly at: ZonedTime;
    readonly hold: SessionHold | undefined;
    /** What it is planned with, as far as lots were named; in the order of `world.lots`. */
    readonly planned: readonly PlannedProduct[];
  },
): Finding[] {
  const ingredients = [...ingredientsConsidered(world.consultation), ...ingredientsIn(world.lots)];
  return [
    ...credential(course, world, session),
    ...consent(course, world, session),
    ...screening(course, world, session),
    ...contraindications(world, session, ingredients),
    ...adverseEvents(course, world),
    ...personGone(world, session),
    ...heldSession(session.hold),
    ...session.planned.flatMap((product, n) => plannedLot(world.lots[n], product, session)),
  ];
}

/** The pre-treatment check found something, and no physician has decided to go on (S0-P1). */
export function heldSession(hold: SessionHold | undefined): Finding[] {
  if (!hold || hold.decision === 'proceed') return [];
  return [
    {
      rule: 'session.held',
      deviation: null,
      field: 'session',
      message: hold.decision ? 'A physician has decided not to treat.' : 'The session waits for a physician to decide.',
      facts: ['S0-P1'],
      override: 'none',
      seen: hold.decision ?? 'undecided',
      accepted: 'a physician’s decision to proceed',
    },
  ];
}

/** A lot that a session is planned with must be good on its day; until another one is planned it is blocked. */
function plannedLot(
  world: LotWorld | undefined,
  { product, lotNumber = '' }: PlannedProduct,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  // One that is still to come may come in time.
  return lotFindings(world, { product, lotNumber }, 'products', 'products', session).filter(
    ({ rule }) => rule !== 'lot.not-received',
  );
}

/**
 * Whole days since the last course session of the procedure (S0-N1, S1-N1), in whichever course and at whichever site
 * of the person; maintenance sessions are apart.
 */
function intervals(course: PlannedCourse, world: SessionWorld, session: SessionFacts): Finding[] {
  if (session.kind !== 'course') return [];
  const intervalDays = intervalDaysOf(course, world.protocol);
  const { min, max, facts } = intervalDays;
  const date = dateOfWall(session.at.wall);
  const found = (deviation: 'interval-short' | 'interval-long', message: string, seen: number): Finding => ({
    rule: `session.${deviation}`,
    deviation,
    field: 'at',
    message,
    facts,
    override: 'anyone',
    seen: `${seen} days`,
    accepted: `${min} to ${max} days`,
  });
  const own = performedSessions(course, 'course');
  const others = world.otherCourses
    .filter(({ protocol }) => protocol.code === course.protocol.code)
    .flatMap((other) => performedSessions(other, 'course'));
  const all = [...own, ...others].sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1));
  const findings: Finding[] = [];
  const last = all.findLast((each) => each.at.instant <= session.at.instant);
  if (last) {
    const on = dateOfWall(last.at.wall);
    const since = intervalDeviation({ intervalDays }, on, date);
    if (since === 'interval-short') {
      const earliest = nextEarliest({ intervalDays }, on);
      const message = `The last session was on ${on}; at least ${min} days lie between two, so the earliest day is ${earliest}.`;
      findings.push(found(since, message, daysBetween(on, date)));
    } else if (since && own.includes(last)) {
      findings.push(
        found(since, `The last session was on ${on}; at most ${max} days lie between two.`, daysBetween(on, date)),
      );
    }
  }
  // One that is entered late must keep its distance from those after it, too.
  const next = all.find((each) => each.at.instant > session.at.instant);
  if (next) {
    const on = dateOfWall(next.at.wall);
    if (intervalDeviation({ intervalDays }, date, on) === 'interval-short') {
      const message = `The next session was on ${on}; at least ${min} days lie between two.`;
      findings.push(found('interval-short', message, daysBetween(date, on)));
    }
  }
  return findings;
}

/** Depth (S3-D1), of the session and of each product that names its own, and duration (S4-U1). */
function measures({ protocol }: Pick<SessionWorld, 'protocol'>, session: SessionFacts): Finding[] {
  const found: Finding[] = [];
  const depths: [string, number | undefined][] = [
    ['depthMm', session.depthMm],
    ...session.products.map(({ depthMm }, n): [string, number | undefined] => [`products.${n}.depthMm`, depthMm]),
  ];
  for (const [field, depthMm] of depths) {
    const depth = depthDeviation(protocol, { depthMm: depthMm ?? null, device: session.device });
    if (!depth || protocol.depthMm.decidedBy !== 'protocol') continue;
    const { min, max, facts } = protocol.depthMm;
    const message = `A depth of ${depthMm} mm is outside ${min} to ${max} mm.`;
    const accepted = `${min} to ${max} mm`;
    found.push({
      rule: 'session.depth',
      deviation: depth,
      field,
      message,
      facts,
      override: 'anyone',
      seen: depthMm,
      accepted,
    });
  }
  const duration = durationDeviation(protocol, session.durationMinutes ?? null);
  if (duration) {
    const { min, max, facts } = protocol.durationMinutes;
    found.push({
      rule: 'session.duration',
      deviation: duration,
      field: 'durationMinutes',
      message: `${session.durationMinutes} minutes are outside ${min} to ${max}.`,
      facts,
      override: 'anyone',
      seen: session.durationMinutes,
      accepted: `${min} to ${max} minutes`,
    });
  }
  return found;
}

/** A device that the protocol names (S1-S1, S3-S1). */
export function device({ protocol }: Pick<SessionWorld, 'protocol'>, session: SessionFacts): Finding[] {
  const { codes, facts } = protocol.devices;
  if (session.device === null || codes.includes(session.device)) return [];
  return [
    {
      rule: 'session.device',
      deviation: 'device',
      field: 'device',
      message: `The protocol does not name the device ${session.device}.`,
      facts,
      override: 'anyone',
      seen: session.device,
      accepted: codes.join(', '),
    },
  ];
}

/** The steps of the protocol in their order (S1-S1, S3-S1), where they were recorded at all. */
export function steps({ protocol }: Pick<SessionWorld, 'protocol'>, { steps: done }: SessionFacts): Finding[] {
  if (done === undefined) return [];
  const asked = protocol.steps.map(({ code }) => code);
  const named = done.map(({ code }) => code).filter((code) => asked.includes(code));
  if (named.join() === asked.join()) return [];
  return [
    {
      rule: 'session.steps',
      deviation: 'steps',
      field: 'steps',
      message: 'The steps of the protocol were not all done, or not in their order.',
      facts: [...new Set(protocol.steps.flatMap(({ facts }) => facts))],
      override: 'anyone',
      seen: named.join(', '),
      accepted: asked.join(', '),
    },
  ];
}

/** A credential for the procedure that is valid on that day, not today (S2-Q1). */
export function credential(
  course: PlannedCourse,
  { practitioner }: Pick<SessionWorld, 'practitioner'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const credentials = practitioner.status === 'none' ? [] : practitioner.credentials;
  if (isCredentialed(credentials, course.protocol.code, on)) return [];
  return [
    {
      rule: 'session.credential',
      deviation: 'credential',
      field: 'practitioner',
      message: `The practitioner has no credential for ${course.protocol.code} that is valid on ${on}.`,
      facts: ['S2-Q1'],
      override: 'none',
      seen: credentials.filter(({ procedures }) => procedures.includes(course.protocol.code)).map(periodOf),
      accepted: `a credential for ${course.protocol.code} that is valid on ${on}`,
    },
  ];
}

const periodOf = ({ validFrom, validTo }: { validFrom: LocalDate; validTo: LocalDate | null }): string =>
  `${validFrom} to ${validTo ?? 'open'}`;

/**
 * A consent for the procedure that is neither missing, withdrawn nor expired on that day; that of a minor is a
 * guardian's.
 */
export function consent(
  course: PlannedCourse,
  { consultation, person }: Pick<SessionWorld, 'consultation' | 'person'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const consents = consultation.status === 'none' ? [] : consultation.consents;
  const given = consentOn(consents, course.protocol.code, on);
  const found: Pick<Finding, 'deviation' | 'field' | 'facts' | 'override'> = {
    deviation: 'consent',
    field: 'consent',
    facts: [],
    override: 'none',
  };
  if (!given) {
    return [
      {
        ...found,
        rule: 'consent.missing',
        message: `No consent for ${course.protocol.code} is in force on ${on}: it is missing, withdrawn or expired.`,
        seen: consents
          .filter(({ procedure }) => procedure === course.protocol.code)
          .map(({ signedOn, validUntil }) => periodOf({ validFrom: signedOn, validTo: validUntil })),
        accepted: `a consent for ${course.protocol.code} that was signed by ${on} and holds on it`,
      },
    ];
  }
  if (!guardianMissing(person, given, on)) return [];
  return [
    {
      ...found,
      rule: 'consent.guardian',
      message: 'The patient is under age on that day, and no guardian has signed.',
      seen: 'patient',
      accepted: 'a consent that a guardian has signed',
    },
  ];
}

/**
 * The consultation that a course rests on is the person's own, about the procedure, and cleared (S2-V1, S3-V1). What it
 * found must still hold when a course begins, and for each maintenance session; in between it may grow old.
 */
export function screening(
  course: PlannedCourse,
  { consultation, protocol, person }: Pick<SessionWorld, 'consultation' | 'protocol' | 'person'>,
  session: Pick<SessionFacts, 'at' | 'kind'>,
): Finding[] {
  const found = (
    rule: CourseRule,
    message: string,
    facts: readonly string[],
    seen: unknown,
    accepted: string,
  ): Finding => ({
    rule,
    deviation: null,
    field: 'consultation',
    message,
    facts,
    override: 'none',
    seen,
    accepted,
  });
  if (
    consultation.status === 'none' ||
    !person.patients.some(({ patientId }) => patientId === consultation.patientId)
  ) {
    const message = 'The consultation that the course rests on was not one of this patient.';
    return [
      found(
        'consultation.of-patient',
        message,
        [],
        null,
        'a consultation of this patient, or of a linked registration',
      ),
    ];
  }
  if (consultation.procedure !== course.protocol.code) {
    const message = `The consultation that the course rests on was about ${consultation.procedure}.`;
    return [found('consultation.procedure', message, [], consultation.procedure, course.protocol.code)];
  }
  const outcome = consultation.conclusion?.outcome ?? 'not concluded';
  if (outcome !== 'cleared') {
    const message = `The consultation that the course rests on is ${outcome}, not cleared.`;
    return [found('consultation.cleared', message, ['S2-V1', 'S3-V1'], outcome, 'cleared')];
  }
  const begins = performedSessions(course, 'course').length === 0;
  if (session.kind === 'course' && !begins) return [];
  const on = dateOfWall(session.at.wall);
  if (screeningValidOn(consultation, protocol, on)) return [];
  const { lasts, facts } = protocol.screening.validity;
  const message = `What the consultation found no longer holds on ${on}: hold a new one, and let the course rest on it.`;
  const accepted = `a cleared consultation of at most ${lasts ?? 'any time'} before`;
  return [found('consultation.expired', message, facts, consultation.concludedOn ?? null, accepted)];
}

/** A lot that was received at that site, has not expired and was not recalled; the day named as last still counts. */
function lotFindings(
  world: LotWorld | undefined,
  used: UsedProduct,
  field: string,
  vialField: string,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const named = `${used.product}, lot ${used.lotNumber},`;
  const refused = (what: 'lot-expired' | 'lot-not-received', message: string, seen: unknown): Finding => ({
    rule: what === 'lot-expired' ? 'lot.expired' : 'lot.not-received',
    deviation: what,
    field,
    message,
    facts: [],
    override: 'none',
    seen,
    accepted: 'a lot that this site received by then and that has not expired',
  });
  const recall = world ? recalled(field, world.recall, on) : [];
  const lot = world?.lot;
  if (!lot || lot.status === 'none') {
    return [refused('lot-not-received', `${named} was not received at this site.`, null), ...recall];
  }
  if (on < lot.receivedOn) {
    return [refused('lot-not-received', `${named} was received on ${lot.receivedOn} only.`, lot.receivedOn), ...recall];
  }
  if (on > lot.expiresOn) {
    return [refused('lot-expired', `${named} expired on ${lot.expiresOn}.`, lot.expiresOn), ...recall];
  }
  const vial =
    used.vialId === undefined || vialUsableAt(lot, used.vialId, session.at.instant) ? [] : [staleVial(vialField, used)];
  return [...vial, ...recall];
}

/** A lot that is recalled on the day, at whichever site it was received. */
function recalled(field: string, recall: RecallState, on: LocalDate): Finding[] {
  if (recall.status === 'none' || !isRecalledOn(recall, on)) return [];
  return [
    {
      rule: 'lot.recalled',
      deviation: null,
      field,
      message: `The lot was recalled on ${recall.recalledOn}.`,
      facts: [],
      override: 'none',
      seen: recall.recalledOn,
      accepted: 'a lot that was not recalled',
    },
  ];
}

const staleVial = (field: string, { vialId }: UsedProduct): Finding => ({
  rule: 'lot.vial-expiry',
  deviation: null,
  field,
  message: 'The vial is not open at this time, or was open for longer than it may be used.',
  facts: [],
  override: 'none',
  seen: vialId,
  accepted: 'a vial that is open and within its own expiry',
});

/**
 * Blocking contraindications (S0-C1 to S0-C8), with the ingredients of the lots that are used (S0-C5); what no list knows
 * holds the session until a physician has looked at it (S4-C1, S0-G1). What holds on the day of the session counts, in
 * whichever registration of the person it stands. One that a physician has overridden in the consultation is not asked
 * for again.
 */
function contraindications(
  { protocol, person, consultation }: Pick<SessionWorld, 'protocol' | 'person' | 'consultation'>,
  session: Pick<SessionFacts, 'at'>,
  ingredients: readonly string[],
): Finding[] {
  const answers = healthOn(person, dateOfWall(session.at.wall));
  if (answers === 'erased') {
    return [
      {
        rule: 'session.health-erased',
        deviation: null,
        field: 'patient',
        message: 'The health record of the patient was erased: nobody can tell whether treatment is safe.',
        facts: [],
        override: 'none',
      },
    ];
  }
  const accepted = new Set(consultation.status === 'none' ? [] : consultation.overrides.map(({ code }) => code));
  const blocking = blockingFindings(protocol, answers, ingredients)
    .filter(({ code, overridable }) => !(overridable && accepted.has(code)))
    .map(
      ({ code, facts, overridable }): Finding => ({
        rule: overridable ? 'session.contraindication' : 'session.contraindication-absolute',
        deviation: 'contraindication',
        field: 'patient',
        message: `A contraindication stands against it: ${code}.`,
        facts,
        override: overridable ? 'physician' : 'none',
        accepted: 'no such condition, medicine or allergy on that day',
      }),
    );
  const unlisted = reviewFindings(protocol, answers, ingredients)
    .filter(({ code }) => !accepted.has(code))
    .map(
      ({ code, facts }): Finding => ({
        rule: 'session.health-review',
        deviation: 'contraindication',
        field: 'patient',
        message: `The health record holds what a physician must look at first: ${code}.`,
        facts,
        override: 'physician',
      }),
    );
  return [...blocking, ...unlisted];
}

/** An adverse event of the person that no physician has closed. */
function adverseEvents(
  course: PlannedCourse,
  { person, otherCourses }: Pick<SessionWorld, 'person' | 'otherCourses'>,
): Finding[] {
  const reported = openAdverseEvents(person).map(({ adverseEventId }) => adverseEventId);
  const found = [course, ...otherCourses].flatMap((each) => openFollowUpEvents(each, person));
  const open = new Set([...reported, ...found.map(({ followUpId }) => followUpId)]);
  if (open.size === 0) return [];
  return [
    {
      rule: 'session.open-adverse-event',
      deviation: null,
      field: 'patient',
      message: `${open.size === 1 ? 'An adverse event is' : `${open.size} adverse events are`} open: a physician closes it first.`,
      facts: ['S4-R2'],
      override: 'none',
      seen: [...open],
      accepted: 'every adverse event closed by a physician',
    },
  ];
}

/** Adverse events that a follow-up found, until one of their id is closed in the patient's record. */
export function openFollowUpEvents(course: PlannedCourse, person: Person): FollowUp[] {
  const closed = new Set(
    person.patients.flatMap(({ adverseEvents: events }) =>
      events.filter(({ status }) => status === 'closed').map(({ adverseEventId }) => adverseEventId),
    ),
  );
  return course.followUps.filter(
    ({ adverseEvent, followUpId }) => adverseEvent !== undefined && !closed.has(followUpId),
  );
}

/** Nobody is treated after the day on which they died. */
export function personGone({ person }: Pick<SessionWorld, 'person'>, session: Pick<SessionFacts, 'at'>): Finding[] {
  const { diedOn } = endOfPerson(person);
  if (diedOn === null || dateOfWall(session.at.wall) <= diedOn) return [];
  return [
    {
      rule: 'session.patient-died',
      deviation: null,
      field: 'patient',
      message: `The patient died on ${diedOn}.`,
      facts: [],
      override: 'none',
      seen: diedOn,
      accepted: `a day up to ${diedOn}`,
    },
  ];
}
