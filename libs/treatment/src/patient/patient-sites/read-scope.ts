import { schemaOf } from '#libs/projections/src/projection.js';
import { COURSE_PROGRESS } from '../../course/course-progress/course-progress.projection.js';
import { PATIENT_SITES } from './patient-sites.projection.js';

/** Where it stands to which sites a patient belongs, and which registrations are one person, for whoever limits what is read. */
export const READ_SCOPE_SCHEMAS = [schemaOf(PATIENT_SITES), schemaOf(COURSE_PROGRESS)] as const;
