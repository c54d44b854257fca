import { isErased } from '#libs/event-store/src/personal-data.js';
import { dateOfWall, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { blockingFindings, reviewFindings } from '#libs/protocols/src/contraindication.rule.js';
import { intervalDeviation, nextEarliest } from '#libs/protocols/src/interval.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { depthDeviation, durationDeviation } from '#libs/protocols/src/session-measure.rules.js';
import { consentOn, type ConsultationState } from '../consultation/consultation.state.js';
import type { LotState } from '../lot/lot.state.js';
import type { PatientState } from '../patient/patient.state.js';
import { isCredentialed, type PractitionerState } from '../practitioner/practitioner.state.js';
import type { DeviationKind, SessionKind, UsedProduct } from './course.events.js';
import { performedSessions, type PlannedCourse } from './course.state.js';

/** What a session is judged by: each as its events stood at the decision. */
export interface SessionWorld {
  readonly protocol: Protocol;
  readonly patient: PatientState;
  readonly practitioner: PractitionerState;
  readonly consultation: ConsultationState;
  /** The lots at the site of the session, one for each used product, in their order. */
  readonly lots: readonly LotState[];
}

export interface SessionFacts {
  readonly kind: SessionKind;
  readonly at: ZonedTime;
  readonly siteId: string;
  readonly durationMinutes?: number | undefined;
  readonly device: Parameters<typeof depthDeviation>[1]['device'];
  readonly depthMm?: number | undefined;
  readonly products: readonly UsedProduct[];
}

/** Something about a session that the protocol does not allow. */
export interface Finding {
  readonly deviation: DeviationKind;
  readonly field: string;
  readonly message: string;
  readonly facts: readonly string[];
  /** Whether a written reason lets it pass, as a deviation. */
  readonly overridable: boolean;
  /** Whose reason: anybody's who performs, or a physician's. */
  readonly byPhysician: boolean;
}

/** Everything that stands against performing a session, judged before it is recorded. */
export function sessionFindings(course: PlannedCourse, world: SessionWorld, session: SessionFacts): Finding[] {
  return [
    ...interval(course, world, session),
    ...measures(world, session),
    ...credential(course, world, session),
    ...consent(course, world, session),
    ...session.products.flatMap((used, n) => lot(world.lots[n] ?? { status: 'none' }, used, n, session)),
    ...contraindications(world),
    ...reviews(world),
  ];
}

/** Whole days since the last course session (S0-N1, S1-N1); maintenance sessions are apart. */
function interval(course: PlannedCourse, { protocol }: SessionWorld, session: SessionFacts): Finding[] {
  if (session.kind !== 'course') return [];
  const performed = performedSessions(course, 'course');
  const date = dateOfWall(session.at.wall);
  const { min, max, facts } = protocol.intervalDays;
  const found = (deviation: DeviationKind, message: string): Finding => ({
    deviation,
    field: 'at',
    message,
    facts,
    overridable: true,
    byPhysician: false,
  });
  const findings: Finding[] = [];
  const last = performed.findLast((each) => each.at.instant <= session.at.instant);
  const lastDate = last && dateOfWall(last.at.wall);
  const since = lastDate && intervalDeviation(protocol, lastDate, date);
  if (lastDate && since === 'interval-short') {
    const earliest = nextEarliest(protocol, lastDate);
    findings.push(
      found(
        since,
        `The last session was on ${lastDate}; the protocol asks for at least ${min} days, so the earliest day is ${earliest}.`,
      ),
    );
  } else if (since) {
    findings.push(found(since, `The last session was on ${lastDate}; the protocol asks for at most ${max} days.`));
  }
  // One that is entered late must keep its distance from those after it, too.
  const next = performed.find((each) => each.at.instant > session.at.instant);
  const nextDate = next && dateOfWall(next.at.wall);
  const until = nextDate && intervalDeviation(protocol, date, nextDate);
  if (until === 'interval-short') {
    findings.push(
      found(until, `The next session was on ${nextDate}; the protocol asks for at least ${min} days between them.`),
    );
  }
  return findings;
}

/** Depth (S3-D1) and duration (S4-U1): recorded with a reason, never silently. */
function measures({ protocol }: SessionWorld, session: SessionFacts): Finding[] {
  const found: Finding[] = [];
  const depth = depthDeviation(protocol, { depthMm: session.depthMm ?? null, device: session.device });
  if (depth && protocol.depthMm.decidedBy === 'protocol') {
    const { min, max, facts } = protocol.depthMm;
    const message = `A depth of ${session.depthMm} mm is outside ${min} to ${max} mm.`;
    found.push({ deviation: depth, field: 'depthMm', message, facts, overridable: true, byPhysician: false });
  }
  const duration = durationDeviation(protocol, session.durationMinutes ?? null);
  if (duration) {
    const { min, max, facts } = protocol.durationMinutes;
    const message = `${session.durationMinutes} minutes are outside ${min} to ${max}.`;
    found.push({
      deviation: duration,
      field: 'durationMinutes',
      message,
      facts,
      overridable: true,
      byPhysician: false,
    });
  }
  return found;
}

/** A credential for the procedure that is valid on that day (S2-Q1). */
export function credential(
  course: PlannedCourse,
  { practitioner }: Pick<SessionWorld, 'practitioner'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const credentials = practitioner.status === 'none' ? [] : practitioner.credentials;
  if (isCredentialed(credentials, course.protocol.code, on)) return [];
  const message = `The practitioner has no credential for ${course.protocol.code} that is valid on ${on}.`;
  return [
    {
      deviation: 'credential',
      field: 'practitioner',
      message,
      facts: ['S2-Q1'],
      overridable: false,
      byPhysician: false,
    },
  ];
}

export function consent(
  course: PlannedCourse,
  { consultation }: Pick<SessionWorld, 'consultation'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const consents = consultation.status === 'none' ? [] : consultation.consents;
  if (consentOn(consents, course.protocol.code, on)) return [];
  const message = `No consent for ${course.protocol.code} is in force on ${on}: it is missing, withdrawn or expired.`;
  return [{ deviation: 'consent', field: 'consent', message, facts: [], overridable: false, byPhysician: false }];
}

/** A lot that was received at that site and has not expired; the day named as last still counts. */
function lot(state: LotState, used: UsedProduct, n: number, session: SessionFacts): Finding[] {
  const on = dateOfWall(session.at.wall);
  const finding = (deviation: DeviationKind, message: string): Finding => ({
    deviation,
    field: `products.${n}.lotNumber`,
    message,
    facts: [],
    overridable: false,
    byPhysician: false,
  });
  const named = `${used.product}, lot ${used.lotNumber},`;
  if (state.status === 'none') return [finding('lot-not-received', `${named} was not received at this site.`)];
  if (on < state.receivedOn) return [finding('lot-not-received', `${named} was received on ${state.receivedOn} only.`)];
  if (on > state.expiresOn) return [finding('lot-expired', `${named} expired on ${state.expiresOn}.`)];
  return [];
}

/** What no list knows holds the session until a physician has looked at it (S4-C1, S0-G1). */
function reviews({ protocol, patient, lots }: SessionWorld): Finding[] {
  if (patient.status === 'none' || isErased(patient.health)) return [];
  return reviewFindings(protocol, patient.health, ingredientsOf(lots)).map(({ code, facts }) => ({
    deviation: 'contraindication',
    field: 'patient',
    message: `The health record holds what a physician must look at first: ${code}.`,
    facts,
    overridable: true,
    byPhysician: true,
  }));
}

const ingredientsOf = (lots: readonly LotState[]): string[] =>
  lots.flatMap((each) => (each.status === 'received' ? each.ingredients : []));

/** Blocking contraindications (S0-C1 to S0-C8), with the ingredients of the lots that are used (S0-C5). */
function contraindications({ protocol, patient, lots }: SessionWorld): Finding[] {
  if (patient.status === 'none') return [];
  if (isErased(patient.health)) {
    const message = 'The health record of the patient was erased: nobody can tell whether treatment is safe.';
    return [
      { deviation: 'contraindication', field: 'patient', message, facts: [], overridable: false, byPhysician: true },
    ];
  }
  return blockingFindings(protocol, patient.health, ingredientsOf(lots)).map(({ code, facts, overridable }) => ({
    deviation: 'contraindication',
    field: 'patient',
    message: `A contraindication stands against it: ${code}.`,
    facts,
    overridable,
    byPhysician: true,
  }));
}
