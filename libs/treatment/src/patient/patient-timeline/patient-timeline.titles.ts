import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { TimelineItem } from './patient-timeline.contract.js';
import type { TimelineEvent } from './timeline-entry.js';

/** What an entry is told from: the type and open fields of its event, and the session it names. */
export interface EntryFacts {
  readonly type: TimelineEvent['type'];
  /** The open fields of the event, without ids. */
  readonly facts: unknown;
  readonly session: { readonly kind: 'course' | 'maintenance'; readonly number: number } | undefined;
  readonly protocol: string | undefined;
}

type Details = TimelineItem['details'];
type Facts<Type extends TimelineEvent['type']> = Extract<TimelineEvent, { type: Type }>['data'];

/** An English sentence, and what else is worth knowing. Made from open fields alone: there is nothing personal in it. */
export function tell(entry: EntryFacts): { title: string; details: Details } {
  const { title, ...labels } = told(entry);
  const details: Details = {};
  for (const name in labels) {
    const value = labels[name];
    if (isTold(value)) details[name] = value;
  }
  return { title, details };
}

/** Labels whose value is missing or empty are left out. */
type Told = { title: string } & Record<string, string | number | readonly string[] | null | undefined>;

const kindsOf = ({ categories }: { readonly categories: readonly string[] }): string => categories.join(', ');

const isTold = (value: Told[string]): value is string | number | string[] =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

function told({ type, facts, session, protocol }: EntryFacts): Told {
  const named = session
    ? `${session.kind === 'course' ? 'Session' : 'Maintenance session'} ${session.number}`
    : 'Session';
  switch (type) {
    case 'PatientRegistered':
      return { title: 'Registered as a patient.', ...contact(facts as Facts<typeof type>) };
    case 'PatientContactPreferenceChanged':
      return { title: 'Wishes to be contacted in another way.', ...contact(facts as Facts<typeof type>) };
    case 'PatientOptedOut':
      return { title: `Wants no more messages of this kind: ${kindsOf(facts as Facts<typeof type>)}.` };
    case 'PatientOptedIn':
      return { title: `Wants messages of this kind again: ${kindsOf(facts as Facts<typeof type>)}.` };
    case 'PatientSmsStopped':
      return { title: 'Sent STOP: wants no more SMS.' };
    case 'PatientSmsResumed':
      return { title: 'Sent START: wants SMS again.' };
    case 'PatientContactChoicesSet':
      return { title: 'Chose channels and time zone for messages.' };
    case 'PatientHealthRecorded':
      return { title: 'Health questionnaire answered anew.' };
    case 'HealthFactRecorded': {
      const { kind, since, until } = facts as Facts<typeof type>;
      return { title: `${HEALTH_FACTS[kind]} recorded.`, since, until };
    }
    case 'HealthFactEnded':
      return {
        title: `Holds until ${(facts as Facts<typeof type>).until}: something recorded of the patient’s health.`,
      };
    case 'ConsentWithdrawalsEntered':
      return { title: 'Withdrawals of consents entered.' };
    case 'ConsultationOutcomeEntered':
      return { title: 'How a consultation ended entered.' };
    case 'CourseEntered':
      return { title: 'Course entered.', protocol };
    case 'PatientLinked':
      return { title: 'Linked with another registration of the same person.' };
    case 'PatientUnlinked':
      return { title: 'Link with another registration undone.' };
    case 'PatientDied':
      return { title: 'Died.' };
    case 'PatientMovedAway':
      return { title: 'Moved away.' };
    case 'PatientReturned':
      return { title: 'Came back.' };
    case 'GuardianNamed':
      return { title: 'Guardian named.' };
    case 'PatientErased':
      return { title: 'Erased: what was personal can be read no more.' };
    case 'AdverseEventReported': {
      const { kind, severity, causality, reportBy } = facts as Facts<typeof type>;
      return { title: `Adverse event reported: ${kind}.`, severity, causality, reportBy };
    }
    case 'AdverseEventAssessed': {
      const { severity, causality, reportBy } = facts as Facts<typeof type>;
      return { title: 'Adverse event assessed.', severity, causality, reportBy };
    }
    case 'AdverseEventReportedToAuthority': {
      const { reference } = facts as Facts<typeof type>;
      return { title: 'Adverse event reported to the authority.', reference };
    }
    case 'AdverseEventClosed': {
      const { outcome } = facts as Facts<typeof type>;
      return { title: 'Adverse event closed by a physician.', outcome };
    }
    case 'AdverseEventReopened':
      return { title: 'Adverse event opened again.' };
    case 'ConsultationHeld':
      return { title: `Consultation about ${(facts as Facts<typeof type>).procedure}.` };
    case 'ConsultationNoted':
      return { title: 'More noted in the consultation.' };
    case 'QuestionnaireAnswered': {
      const { answeredCodes } = facts as Facts<typeof type>;
      return { title: 'Health questionnaire answered.', questions: answeredCodes.length };
    }
    case 'ProductsConsidered': {
      const { products } = facts as Facts<typeof type>;
      return { title: 'Planned products named.', products };
    }
    case 'TestRequested':
      return { title: `Test asked for: ${(facts as Facts<typeof type>).test}.` };
    case 'TestResultRecorded': {
      const { test, on, acceptable } = facts as Facts<typeof type>;
      return { title: `Result of ${test}: ${acceptable ? 'acceptable' : 'not acceptable'}.`, sampledOn: on };
    }
    case 'ContraindicationOverridden':
      return { title: 'A contraindication overridden by a physician.' };
    case 'ConsultationConcluded':
      return conclusion(facts as Facts<typeof type>);
    case 'ConsentSigned': {
      const { procedure, signedOn, validUntil, signedBy, formVersion } = facts as Facts<typeof type>;
      const title = `Consent to ${procedure} signed${signedBy === 'guardian' ? ' by a guardian' : ''}.`;
      return { title, signedOn, validUntil, formVersion };
    }
    case 'ConsentWithdrawn':
      return { title: `Consent to ${(facts as Facts<typeof type>).procedure} withdrawn.` };
    case 'CoursePlanned': {
      const { plannedSessions, protocol: planned } = facts as Facts<typeof type>;
      const title = `Course of ${plannedSessions} ${plannedSessions === 1 ? 'session' : 'sessions'} planned.`;
      return { title, protocol: planned.code, protocolVersion: planned.version };
    }
    case 'CoursePlanChanged':
      return { title: `Plan changed to ${(facts as Facts<typeof type>).plannedSessions} sessions.` };
    case 'CourseConsultationRenewed':
      return { title: 'The course rests on a newer consultation.' };
    case 'SessionProductsPlanned': {
      const { products } = facts as Facts<typeof type>;
      return { title: `${named}: products planned.`, products: products.map(({ product }) => product) };
    }
    case 'SessionHeld':
      return { title: `${named} held for a physician: the check before it found something.` };
    case 'SessionHoldDecided': {
      const { decision } = facts as Facts<typeof type>;
      return { title: `${named}: a physician decided ${decision === 'proceed' ? 'to go on' : 'not to treat'}.` };
    }
    case 'SessionReviewed':
      return { title: `${named} reviewed by a physician.`, outcome: (facts as Facts<typeof type>).outcome };
    case 'LastingReactionJudged': {
      const { reaction, judgement } = facts as Facts<typeof type>;
      return { title: `Lasting ${reaction} judged.`, judgement };
    }
    case 'CourseLapsed':
      return { title: 'Course lapsed.', protocol };
    case 'MaintenanceScheduled': {
      const { opens, closes } = facts as Facts<typeof type>;
      return { title: `Maintenance set by the physician from ${opens} to ${closes}.` };
    }
    case 'MaintenanceResumed':
      return { title: 'Wants maintenance again.' };
    case 'SessionBooked':
      return { title: `${named} booked.`, bookedFor: (facts as Facts<typeof type>).at.wall };
    case 'SessionRescheduled':
      return { title: `${named} moved to another time.`, bookedFor: (facts as Facts<typeof type>).at.wall };
    case 'SessionZoneRulesApplied':
      return {
        title: `${named} keeps its time under newer rules of its time zone.`,
        bookedFor: (facts as Facts<typeof type>).at.wall,
      };
    case 'SessionPerformed':
      return { title: `${named} performed.`, ...performed(facts as Facts<typeof type>) };
    case 'SessionMissed':
      return { title: `${named} missed.` };
    case 'SessionCancelled':
      return { title: `${named} cancelled.` };
    case 'FollowUpHeld':
      return followUp(facts as Facts<typeof type>);
    case 'CourseCompleted':
      return { title: 'Course completed.', protocol };
    case 'CourseStopped':
      return { title: 'Course stopped early.', protocol };
    case 'MaintenanceProposed': {
      const { ordinal, opens, closes } = facts as Facts<typeof type>;
      return { title: `Maintenance proposed from ${opens} to ${closes}.`, window: ordinal };
    }
    case 'MaintenanceDeclined':
      return { title: 'Wants no further maintenance.' };
    default:
      return assertNever(type, 'timeline event');
  }
}

const HEALTH_FACTS = { condition: 'Condition', medication: 'Medication', allergy: 'Allergy' } as const;

function contact({ preference }: Pick<Facts<'PatientRegistered'>, 'preference'>) {
  const { language, channel, contactConsent } = preference;
  return { language, channel, contactConsent: contactConsent ? 'yes' : 'no' };
}

function conclusion({ conclusion: { outcome, ...rest } }: Facts<'ConsultationConcluded'>): Told {
  const titles = {
    cleared: 'Consultation concluded: cleared for treatment.',
    deferred: 'Consultation concluded: treatment deferred.',
    refused: 'Consultation concluded: treatment refused.',
  };
  return { title: titles[outcome], until: 'until' in rest ? rest.until : undefined };
}

function performed(facts: Facts<'SessionPerformed'>) {
  return {
    durationMinutes: facts.durationMinutes,
    areas: facts.areas,
    device: facts.device,
    depthMm: facts.depthMm,
    products: facts.products.map(({ product, lotNumber, volumeMl }) =>
      [product, `lot ${lotNumber}`, ...(volumeMl === undefined ? [] : [`${volumeMl} ml`])].join(', '),
    ),
    painScore: facts.painScore,
    reactions: facts.reactions,
    overridden: facts.overridden,
  };
}

function followUp(facts: Facts<'FollowUpHeld'>): Told {
  const { kind, reactions, adverseEvent, outcomeScore } = facts;
  return {
    title: kind === 'remote' ? 'Follow-up held remotely.' : 'Follow-up held in person.',
    reactions,
    adverseEvent: adverseEvent && [adverseEvent.kind, adverseEvent.severity].filter(Boolean).join(', '),
    outcomeScore,
  };
}
