import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import type { CourseRefusal } from './course.errors.js';
import type { CourseRule } from './course.rule-book.js';
import type { Finding } from './session-finding.js';

/** What a physician decides and nobody else. */
export const physicianOnly = (rule: CourseRule, physician: PractitionerState, on: LocalDate): CourseRefusal => ({
  field: 'physician',
  message: 'Only a physician who may carry out the procedure may decide this.',
  rule,
  facts: ['S2-Q1'],
  seen: seenAsPhysician(physician, on),
  accepted: `a physician with a credential for the procedure that is valid on ${on}`,
});

const WAYS = {
  none: '',
  anyone: ' An override needs a reason.',
  physician: ' A physician may override it with a reason.',
};

/** A finding as the answer names it. */
export function fieldOf({ field, message, rule, facts, override, seen, accepted }: Finding): CourseRefusal {
  return {
    field,
    message: `${message}${WAYS[override]}`,
    rule,
    facts,
    seen,
    accepted,
    ...(override === 'none' ? {} : { override }),
  };
}
