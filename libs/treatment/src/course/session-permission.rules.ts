import { dateOfWall, type Instant, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { consentOn, guardianMissing } from '../consultation/consent.rules.js';
import { screeningValidOn } from '../consultation/consultation.rules.js';
import { isCredentialedFor } from '../practitioner/practitioner.state.js';
import type { CourseRule } from './course.rule-book.js';
import { performedSessions, type PlannedCourse } from './course.state.js';
import { consentsOf, consultationOn, isConcludedBy, refusedSince } from './rested-consultation.rules.js';
import type { Finding, SessionFacts, SessionWorld } from './session-finding.js';

/** Who may treat, and with whose leave: credential, consent and a cleared consultation. */

/** A credential for the procedure that is valid on that day, not today (S2-Q1). */
export function credential(
  course: PlannedCourse,
  { practitioner, protocol }: Pick<SessionWorld, 'practitioner' | 'protocol'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const credentials = practitioner.status === 'none' ? [] : practitioner.credentials;
  if (isCredentialedFor(credentials, protocol, on)) return [];
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

/** Who does a step treats as well, and is asked for a credential of that day as the session's practitioner is (S2-Q1). */
export function stepCredentials(
  course: PlannedCourse,
  { practitioner, protocol, stepsBy = [] }: Pick<SessionWorld, 'practitioner' | 'protocol' | 'stepsBy'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const idOf = (by: SessionWorld['practitioner']) => (by.status === 'none' ? undefined : by.practitionerId);
  return stepsBy.flatMap((by, n) =>
    idOf(by) === idOf(practitioner)
      ? []
      : credential(course, { practitioner: by, protocol }, session).map((found) => ({
          ...found,
          field: `steps.${n}.practitioner`,
        })),
  );
}

const periodOf = ({ validFrom, validTo }: { validFrom: LocalDate; validTo: LocalDate | null }): string =>
  `${validFrom} to ${validTo ?? 'open'}`;

/**
 * A consent for the procedure that is neither missing, withdrawn nor expired at that time, in whichever consultation of
 * the person it was withdrawn; that of a minor is a guardian's.
 */
export function consent(
  course: PlannedCourse,
  world: Pick<SessionWorld, 'consultation' | 'formerConsultations' | 'person'>,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const consents = consentsOf(world);
  const given = consentOn(consents, course.protocol.code, on, session.at.instant);
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
  if (!guardianMissing(world.person, given, on)) return [];
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
 * The consultation that a course rested on that day is the person's own, about the procedure, and cleared by then (S2-V1,
 * S3-V1). What it found must still hold when a course begins, and for each maintenance session; in between it may grow old.
 * A course begins with its first session, in whatever order they are entered.
 * @param by when the session began; left out for one that is still to come, which is asked by its day
 */
export function screening(
  course: PlannedCourse,
  world: Pick<SessionWorld, 'consultation' | 'formerConsultations' | 'protocol' | 'person'>,
  session: Pick<SessionFacts, 'at' | 'kind'>,
  by?: Instant,
): Finding[] {
  const found = (
    rule: CourseRule,
    message: string,
    facts: readonly string[],
    seen: Finding['seen'],
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
  const on = dateOfWall(session.at.wall);
  const { protocol, person } = world;
  const consultation = consultationOn(world, on, by);
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
  if (!isConcludedBy(consultation, on, by)) {
    const { concludedOn = 'no day', concludedAt } = consultation;
    const message = `The consultation that the course rests on was cleared on ${concludedOn} only, after that time.`;
    const seen = concludedOn === on && concludedAt ? concludedAt : concludedOn;
    const accepted = `a consultation that was cleared by ${session.at.wall}`;
    return [found('consultation.cleared', message, ['S2-V1', 'S3-V1'], seen, accepted)];
  }
  const since = refusedSince(person, consultation, on, by);
  if (since) {
    const message = `A later consultation was ${since.outcome} on ${since.on}: hold a new one, and let the course rest on it.`;
    return [
      found('consultation.cleared', message, ['S2-V1', 'S3-V1'], since.outcome, 'no refusal after the clearance'),
    ];
  }
  const begins = !performedSessions(course, 'course').some(({ at }) => at.instant < session.at.instant);
  if (session.kind === 'course' && !begins) return [];
  if (screeningValidOn(consultation, protocol, on)) return [];
  const { lasts, facts } = protocol.screening.validity;
  const message = `What the consultation found no longer holds on ${on}: hold a new one, and let the course rest on it.`;
  const accepted = `a cleared consultation of at most ${lasts ?? 'any time'} before`;
  return [found('consultation.expired', message, facts, consultation.concludedOn ?? null, accepted)];
}
