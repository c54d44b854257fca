import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, type LocalDate, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { sessionCountDeviation } from '#libs/protocols/src/session-count.rule.js';
import type { z } from 'zod';
import { screeningValidOn } from '../consultation/consultation.rules.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import { afterWithdrawals, consentOn, guardianMissing } from '../consultation/consent.rules.js';
import { type Person, withdrawalsOf } from '../patient/person.js';
import { isTreatingPhysician, type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import type { changeCoursePlanSchema, planCourseSchema } from './course.commands.js';
import { CourseExists, CourseNotActive, PlanRefused, type CourseRefusal } from './course.errors.js';
import { CourseConsultationRenewed, type CourseEvent, CoursePlanChanged, CoursePlanned } from './course.events.js';
import { type Follows, occurredThen } from './course-late.rules.js';
import { type CourseState, performedSessions, type PlannedCourse } from './course.state.js';
import { type Compositions, ingredientsPlanned } from './planned-ingredients.rules.js';
import { isConcludedBy, refusedSince } from './rested-consultation.rules.js';
import { contraindications } from './session-person.rules.js';

type PlanData = Pick<
  z.infer<typeof planCourseSchema>,
  'plannedSessions' | 'areas' | 'products' | 'device' | 'intervalDays' | 'countReason' | 'intervalReason'
>;
type ChangeData = z.infer<typeof changeCoursePlanSchema>;

export interface PlanCourse {
  readonly type: 'PlanCourse';
  readonly courseId: string;
  readonly siteId: string;
  readonly siteZone: string;
  readonly practitionerId: string;
  readonly practitioner: PractitionerState;
  /** When it was planned, for a course that is entered late; now where it is left out. */
  readonly at?: ZonedTime | undefined;
  readonly protocol: Protocol;
  readonly consultation: ConsultationState;
  /** Left out where nobody is known by the consultation. */
  readonly person?: Person;
  /** The day on which the patient died; null: nobody says so. */
  readonly diedOn: LocalDate | null;
  /** Of the products of the plan; left out: nothing is known of any. */
  readonly compositions?: Compositions | undefined;
  readonly data: PlanData;
}

export interface ChangeCoursePlan {
  readonly type: 'ChangeCoursePlan';
  readonly physicianId: string;
  readonly physician: PractitionerState;
  /** The day on which it is decided, at the site of the course. */
  readonly on: LocalDate;
  /** When it was decided, where that is entered late. */
  readonly at?: ZonedTime | undefined;
  /** When the plan was last changed before, where it is asked for. */
  readonly changedAt?: Instant | undefined;
  readonly protocol: Protocol;
  readonly data: ChangeData;
}

export interface RenewConsultation {
  readonly type: 'RenewConsultation';
  readonly consultation: ConsultationState;
  readonly protocol: Protocol;
  readonly siteZone: string;
  /** Whose consultations count, in whichever registration. */
  readonly person: Person;
}

/** What of a plan lies in the protocol's ranges, or not. */
type Choices = Pick<PlanData, 'plannedSessions' | 'intervalDays' | 'device'>;

/**
 * No course without a cleared consultation that still holds and a valid consent; sessions and days between them inside
 * the protocol's ranges, or with the physician's reason. One that was planned before it is entered is judged by the day on
 * which it was planned: who was allowed then, what held then.
 * @throws CourseExists, PlanRefused
 */
export function planCourse(command: PlanCourse, state: CourseState, now: Instant): CourseEvent[] {
  if (state.status !== 'none') throw new CourseExists(state.courseId);
  const { consultation, protocol, data } = command;
  if (consultation.status === 'none') {
    throw new PlanRefused([
      {
        field: 'consultation',
        message: 'There is no such consultation.',
        rule: 'consultation.of-patient',
        facts: [],
        seen: null,
        accepted: 'the id of a consultation of the patient',
      },
    ]);
  }
  const { practitioner, at } = command;
  const then = at?.instant ?? now;
  const today = localDateAt(then, command.siteZone);
  const mayGiveReasons = isTreatingPhysician(practitioner, protocol, today);
  const fields = [
    ...stillToCome(at, now),
    ...standingAgainst(consultation, { ...command, products: data.products }, { today, now: then }),
    ...rangeFields(protocol, data, mayGiveReasons ? data : {}),
  ];
  if (fields.length > 0) throw new PlanRefused(fields);
  return [
    CoursePlanned(at ? occurredAt(at) : occurredNow(now), {
      courseId: command.courseId,
      patientId: consultation.patientId,
      siteId: command.siteId,
      practitionerId: command.practitionerId,
      consultationId: consultation.consultationId,
      protocol: { code: protocol.code, version: protocol.version },
      ...choicesIn(data),
      ...(data.countReason === undefined ? {} : { countReason: data.countReason }),
      ...(data.intervalReason === undefined ? {} : { intervalReason: data.intervalReason }),
    }),
  ];
}

/**
 * A physician changes the plan, with the reason, which also stands for choices outside the protocol's ranges (S2-F1).
 * @throws CourseNotActive, PlanRefused
 */
export function changePlan(command: ChangeCoursePlan, state: PlannedCourse, now: Instant): CourseEvent[] {
  if (state.status !== 'active') throw new CourseNotActive(state.status);
  const { data, physician, protocol, at, changedAt } = command;
  const before: Follows | undefined =
    changedAt === undefined
      ? undefined
      : { instant: changedAt, shown: changedAt, message: 'The plan was changed again after that.' };
  const occurred = occurredThen(at, state, now, before);
  const performed = performedSessions(state, 'course').length;
  const fields: CourseRefusal[] = [...deviceFields(protocol, data), ...changedBy(physician, protocol, command.on)];
  if (data.plannedSessions < performed) {
    fields.push({
      field: 'plannedSessions',
      message: `${performed} sessions were performed already; fewer cannot be planned.`,
      rule: 'plan.below-performed',
      facts: [],
      seen: data.plannedSessions,
      accepted: `${performed} or more`,
    });
  }
  const { followUp } = data;
  const known = state.followUps.filter((each) => at === undefined || each.at.instant <= at.instant);
  if (followUp !== undefined && !known.some(({ followUpId }) => followUpId === followUp)) {
    fields.push({
      field: 'followUp',
      message: at ? `The course had no such follow-up by ${at.wall}.` : 'The course has no such follow-up.',
      rule: 'plan.follow-up-known',
      facts: ['S2-F1'],
      seen: followUp,
      accepted: 'the id of a follow-up of this course, or none',
    });
  }
  if (fields.length > 0) throw new PlanRefused(fields);
  if (isSame(state, data)) return [];
  return [
    CoursePlanChanged(occurred, {
      courseId: state.courseId,
      patientId: state.patientId,
      ...choicesIn(data),
      practitionerId: command.physicianId,
      ...(followUp === undefined ? {} : { followUpId: followUp }),
      reason: data.reason,
    }),
  ];
}

/**
 * Lets a course rest on a newer consultation, where what the former found no longer holds.
 * @throws PlanRefused
 */
export function renewConsultation(command: RenewConsultation, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { consultation } = command;
  if (
    consultation.status === 'none' ||
    !command.person.patients.some(({ patientId }) => patientId === consultation.patientId)
  ) {
    throw new PlanRefused([
      {
        field: 'consultation',
        message: 'The patient had no such consultation.',
        rule: 'consultation.of-patient',
        facts: [],
        seen: consultation.status === 'none' ? null : consultation.consultationId,
        accepted: 'a consultation of this patient, or of a registration that is linked',
      },
    ]);
  }
  if (consultation.consultationId === state.consultationId) return [];
  const fields = consultationFields(consultation, command, { today: localDateAt(now, command.siteZone), now });
  if (fields.length > 0) throw new PlanRefused(fields);
  const { courseId, patientId } = state;
  const { consultationId } = consultation;
  return [CourseConsultationRenewed(occurredNow(now), { courseId, patientId, consultationId })];
}

/**
 * A plan is changed by a physician who may carry out the procedure on that day, and such a change said anew or taken back
 * by one (S2-F1, S2-Q1).
 */
export function changedBy(
  physician: PractitionerState | undefined,
  protocol: Protocol,
  on: LocalDate,
): CourseRefusal[] {
  if (isTreatingPhysician(physician, protocol, on)) return [];
  return [
    {
      field: 'physician',
      message: 'A plan is changed by a physician who may carry out the procedure.',
      rule: 'plan.by-physician',
      facts: ['S2-F1', 'S0-N1', 'S2-Q1'],
      seen: seenAsPhysician(physician, on),
      accepted: `a physician with a credential for ${protocol.code} that is valid on ${on}`,
    },
  ];
}

type Planned = Pick<PlanCourse, 'protocol' | 'person' | 'diedOn' | 'compositions'> & Pick<PlanData, 'products'>;

/** What stands against a plan at a time: its consultation, the person's health with what is planned, a death. */
export const standingAgainst = (
  consultation: Exclude<ConsultationState, { status: 'none' }>,
  by: Planned,
  then: { readonly today: LocalDate; readonly now: Instant },
): CourseRefusal[] => [
  ...consultationFields(consultation, by, then),
  ...healthFields(consultation, by, then),
  ...deathFields(by.diedOn, then.today),
];

/** Nothing was planned at a time that is still to come. */
function stillToCome(at: ZonedTime | undefined, now: Instant): CourseRefusal[] {
  if (!at || at.instant <= now) return [];
  return [
    {
      field: 'at',
      message: `${at.wall} is still to come.`,
      rule: 'plan.in-future',
      facts: [],
      seen: at.wall,
      accepted: 'a time that has come, or none for a course that is planned now',
    },
  ];
}

function consultationFields(
  consultation: Exclude<ConsultationState, { status: 'none' }>,
  { protocol, person }: Pick<PlanCourse, 'protocol' | 'person'>,
  { today, now }: { readonly today: LocalDate; readonly now: Instant },
): CourseRefusal[] {
  const fields: CourseRefusal[] = [];
  const outcome = consultation.conclusion?.outcome ?? 'not concluded';
  const { concludedOn, concludedAt } = consultation;
  if (outcome === 'cleared' && concludedOn !== undefined && !isConcludedBy(consultation, today, now)) {
    fields.push({
      field: 'consultation',
      message: `The consultation was cleared on ${concludedOn} only, after that time.`,
      rule: 'consultation.cleared',
      facts: ['S2-V1', 'S3-V1'],
      seen: concludedOn === today && concludedAt ? concludedAt : concludedOn,
      accepted: `a consultation that was cleared by ${now}`,
    });
  } else if (outcome !== 'cleared') {
    fields.push({
      field: 'consultation',
      message: `The consultation is ${outcome}, not cleared.`,
      rule: 'consultation.cleared',
      facts: ['S2-V1', 'S3-V1'],
      seen: outcome,
      accepted: 'cleared',
    });
  } else if (!screeningValidOn(consultation, protocol, today)) {
    const { lasts, facts } = protocol.screening.validity;
    fields.push({
      field: 'consultation',
      message: `What the consultation found no longer holds on ${today}.`,
      rule: 'consultation.expired',
      facts,
      seen: concludedOn ?? null,
      accepted: `a consultation that was cleared at most ${lasts ?? 'any time'} before`,
    });
  }
  const since = outcome === 'cleared' && person ? refusedSince(person, consultation, today, now) : undefined;
  if (since) {
    fields.push({
      field: 'consultation',
      message: `A later consultation of the patient was ${since.outcome} on ${since.on}.`,
      rule: 'consultation.cleared',
      facts: ['S2-V1', 'S3-V1'],
      seen: since.outcome,
      accepted: 'a clearance after it',
    });
  }
  if (consultation.procedure !== protocol.code) {
    fields.push({
      field: 'protocol',
      message: `The consultation was about ${consultation.procedure}.`,
      rule: 'consultation.procedure',
      facts: [],
      seen: protocol.code,
      accepted: consultation.procedure,
    });
  }
  const consents = afterWithdrawals(consultation.consents, person ? withdrawalsOf(person) : []);
  const given = consentOn(consents, protocol.code, today, now);
  if (given && person && guardianMissing(person, given, today)) {
    fields.push({
      field: 'consultation',
      message: 'The patient is under age on that day, and no guardian has signed.',
      rule: 'consent.guardian',
      facts: [],
      seen: 'patient',
      accepted: 'a consent that a guardian has signed',
    });
  }
  if (!given) {
    fields.push({
      field: 'consultation',
      message: `No consent for ${protocol.code} is in force on ${today}.`,
      rule: 'consent.missing',
      facts: [],
      seen: consents.map(({ procedure, signedOn }) => `${procedure}, signed on ${signedOn}`),
      accepted: `a consent for ${protocol.code} that holds on ${today}`,
    });
  }
  return fields;
}

/**
 * What became known since the consultation was cleared: nothing is planned on a clearance while a contraindication stands
 * against it that nobody has overridden there (S0-C1 to S0-C8), an allergy to what is planned among them, named with a lot
 * or not (S0-C5). What a physician must look at first, and an open adverse event, wait for the session.
 */
function healthFields(
  consultation: Exclude<ConsultationState, { status: 'none' }>,
  { protocol, person, compositions, products = [] }: Planned,
  { today, now }: { readonly today: LocalDate; readonly now: Instant },
): CourseRefusal[] {
  if (!person) return [];
  const planned = ingredientsPlanned({ consultation, protocol, compositions }, products);
  const found = contraindications({ protocol, person, consultation }, today, planned, now);
  return found
    .filter(({ rule }) => rule !== 'session.health-review')
    .map(({ message, facts, seen }) => ({
      field: 'patient',
      message,
      rule: 'plan.contraindication',
      facts,
      seen,
      accepted: 'no such condition, medicine or allergy on that day, or one that is overridden in the consultation',
    }));
}

/** Nothing is planned for somebody who has died. */
function deathFields(diedOn: LocalDate | null, today: LocalDate): CourseRefusal[] {
  if (diedOn === null || today <= diedOn) return [];
  return [
    {
      field: 'consultation',
      message: `The patient died on ${diedOn}.`,
      rule: 'plan.patient-died',
      facts: [],
      seen: diedOn,
      accepted: 'a living patient',
    },
  ];
}

/**
 * What of a plan lies outside the protocol's ranges.
 * @param reasons of a physician, who may leave the ranges with them
 */
export const rangeFields = (
  protocol: Protocol,
  plan: Choices,
  reasons: { readonly countReason?: string | undefined; readonly intervalReason?: string | undefined },
): CourseRefusal[] => [
  ...countFields(protocol, plan, reasons.countReason),
  ...intervalFields(protocol, plan, reasons.intervalReason),
  ...deviceFields(protocol, plan),
];

function countFields(protocol: Protocol, { plannedSessions }: Choices, reason: string | undefined): CourseRefusal[] {
  if (!sessionCountDeviation(protocol, plannedSessions) || reason !== undefined) return [];
  const { min, max, facts } = protocol.sessions;
  const range = max === null ? `${min} or more` : `${min} to ${max}`;
  return [
    {
      field: 'plannedSessions',
      message: `The protocol asks for ${range} sessions; another number needs the physician's reason in countReason.`,
      rule: 'course.session-count',
      facts,
      seen: plannedSessions,
      accepted: `${range} sessions, or countReason by a physician`,
      override: 'physician',
    },
  ];
}

/** The physician chooses the days between sessions inside the protocol's range (S0-N1, S1-N1). */
function intervalFields(protocol: Protocol, { intervalDays }: Choices, reason: string | undefined): CourseRefusal[] {
  const { min, max, facts } = protocol.intervalDays;
  if (intervalDays === undefined || reason !== undefined) return [];
  if (intervalDays.min >= min && intervalDays.max <= max) return [];
  return [
    {
      field: 'intervalDays',
      message: `The protocol asks for ${min} to ${max} days between sessions; others need the physician's reason in intervalReason.`,
      rule: 'plan.interval',
      facts,
      seen: `${intervalDays.min} to ${intervalDays.max} days`,
      accepted: `days between ${min} and ${max}, or intervalReason by a physician`,
      override: 'physician',
    },
  ];
}

/** The physician chooses among the devices of the protocol (S1-S1, S3-S1). */
export function deviceFields(protocol: Protocol, { device }: Pick<Choices, 'device'>): CourseRefusal[] {
  const { codes, facts } = protocol.devices;
  if (device === undefined || codes.includes(device)) return [];
  return [
    {
      field: 'device',
      message: `The protocol does not name the device ${device}.`,
      rule: 'plan.device',
      facts,
      seen: device,
      accepted: codes.join(', '),
    },
  ];
}

function choicesIn({ plannedSessions, areas, products, device, intervalDays }: PlanData) {
  return {
    plannedSessions,
    ...(areas === undefined ? {} : { areas }),
    ...(products === undefined ? {} : { products }),
    ...(device === undefined ? {} : { device }),
    ...(intervalDays === undefined ? {} : { intervalDays }),
  };
}

const isSame = ({ plannedSessions, choices }: PlannedCourse, data: ChangeData): boolean =>
  JSON.stringify([plannedSessions, choices?.areas, choices?.products, choices?.device, choices?.intervalDays]) ===
  JSON.stringify([data.plannedSessions, data.areas, data.products, data.device, data.intervalDays]);
