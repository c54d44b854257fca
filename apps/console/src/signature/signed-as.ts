import type { Meaning } from '../api/signatures.js';
import type { TimelineItem } from '../api/timeline.js';

/** What an entry is signed as, beside by its author; a spec holds it to the rule of the server. */
const SIGNED_AS: Readonly<Record<string, Exclude<Meaning, 'authorship'>>> = {
  ConsentSigned: 'consent',
  ConsentWithdrawn: 'consent',
  ContraindicationOverridden: 'override',
  SessionHoldDecided: 'override',
  SessionPerformed: 'override',
  SessionReviewed: 'review',
  ConsultationConcluded: 'closure',
  AdverseEventClosed: 'closure',
  CourseCompleted: 'closure',
  CourseStopped: 'closure',
  CourseLapsed: 'closure',
};

/** In which meaning an entry is to be signed; undefined where none is asked for. A session is one against a rule. */
export function signedAs({ type, details }: Pick<TimelineItem, 'type' | 'details'>): Meaning | undefined {
  const isWithinRules =
    type === 'SessionPerformed' && !(Array.isArray(details['overridden']) && details['overridden'][0]);
  return isWithinRules ? undefined : SIGNED_AS[type];
}

/** Overrides, reviews and the closure of an adverse event are a physician's. */
export const needsPhysician = (meaning: Meaning, type: string): boolean =>
  meaning === 'override' || meaning === 'review' || type === 'AdverseEventClosed';

/** What somebody says by signing, as the sentence that stands above the button. */
export const MEANING_TEXT: Readonly<Record<Meaning, string>> = {
  authorship: 'I have made this entry, and it says what took place.',
  consent: 'This is what was consented to, or withdrawn, before me.',
  override: 'I have decided this against a rule, for the reason that is written here, and answer for it.',
  closure: 'This has come to its end as it is written here.',
  review: 'I have looked at this session, and have found what is written here.',
};
