import { schemaOf } from '#libs/projections/src/projection.js';
import { MAINTENANCE_DUE } from './maintenance-due.projection.js';

const SCHEMA = `"${schemaOf(MAINTENANCE_DUE)}"`;

/**
 * What ends the maintenance of a course beside its own events, as SQL over `c`, a row of courses: a later course of the
 * patient under the same protocol, what the other courses of the person say (`PersonRhythms`), and the end of the person
 * (`PersonEnds`). The first day on which it is no more.
 */
export const PERSON_END = `
  left join ${SCHEMA}.person_end e on e.chain = c.chain and e.id = c.patient_id
  left join ${SCHEMA}.person_rhythm pr on pr.chain = c.chain and pr.course_id = c.id`;
/** To be used where `PERSON_END` was joined. `least` leaves out what is null. */
export const ENDS_ON = 'least(c.rhythm_ends_on, pr.ends_on, e.ends_on)';

/** Nobody is invited of whom nothing is known any more, by any registration. To be used where `PERSON_END` was joined. */
export const IS_ERASED = `exists (
  select 1 from subject_key k
  where k.chain = c.chain and k.subject = any(coalesce(e.registrations, array[c.patient_id]))
    and k.class in ('contact', 'clinical') and k.destroyed_at is not null
)`;
