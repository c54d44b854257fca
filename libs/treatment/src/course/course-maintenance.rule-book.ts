import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What the windows of maintenance hold to, beside the arithmetic of the protocol. */
export const COURSE_MAINTENANCE_RULES = ruleBook({
  'maintenance.physician-sets': {
    says: 'Where the protocol has no rhythm, a physician sets the window of the next maintenance session and takes it back, and nobody else.',
    demand: 'Maintenance',
    facts: ['S4-N1', 'S4-E1'],
    override: 'none',
  },
  'maintenance.rhythm-sets': {
    says: 'Where the protocol has a rhythm, the window follows from the sessions, and nobody sets one beside it.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.latest': {
    says: 'The window that a physician sets closes no later after the last session than the protocol says.',
    demand: 'Maintenance',
    facts: ['S4-E1'],
    override: 'none',
  },
  'maintenance.window-order': {
    says: 'A window that is set lies after the last session, closes no earlier than it opens, and is not over yet.',
    demand: 'Maintenance',
    facts: [],
    override: 'none',
  },
  'maintenance.to-be-set': {
    says: 'Where the physician has set no window, the list says by which day maintenance is to take place.',
    demand: 'Maintenance',
    facts: ['S4-E1'],
    override: 'none',
  },
  'maintenance.set-once': {
    says: 'A window that a physician has set counts for one maintenance session that begins after that; the next one is set anew.',
    demand: 'Maintenance',
    facts: ['S4-E1'],
    override: 'none',
  },
  'maintenance.resumed': {
    says: 'A patient who has declined maintenance may want it again; it goes on in the window that the course has then.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.patient-gone': {
    says: 'Maintenance ends when the patient dies or moves away, by any of their registrations, and when they are erased under any.',
    demand: 'Maintenance',
    facts: [],
    override: 'none',
  },
  'maintenance.declined-by-person': {
    says: 'A decline holds for every course of the person under the same protocol that had begun by then, whichever registration it stands under; it holds no more once the link is undone, or maintenance is wanted again.',
    demand: 'Maintenance',
    facts: [],
    override: 'none',
  },
  'maintenance.rhythm-of-person': {
    says: 'A later course ends the rhythm of a former one of the same person, whichever registrations they stand under, for as long as these are linked.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.suggested-course': {
    says: 'The suggestion of a whole new course stands beside the window, with a state of its own, and ends with maintenance.',
    demand: 'Maintenance',
    facts: ['S1-M1'],
    override: 'none',
  },
});

export type CourseMaintenanceRule = keyof typeof COURSE_MAINTENANCE_RULES;
