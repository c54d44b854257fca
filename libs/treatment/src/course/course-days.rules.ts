import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { PlannedCourse } from './course.state.js';

/** Days between two sessions of a course: as the physician chose them, else as the protocol has them (S0-N1, S1-N1). */
export const intervalDaysOf = (
  { choices }: Pick<PlannedCourse, 'choices'>,
  { intervalDays }: Pick<Protocol, 'intervalDays'>,
): Protocol['intervalDays'] => ({ ...intervalDays, ...choices?.intervalDays });
