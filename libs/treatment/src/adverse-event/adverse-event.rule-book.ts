import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What holds for adverse events, from their report until a physician has closed them. */
export const ADVERSE_EVENT_RULES = ruleBook({
  'adverse-event.owner': {
    says: 'Every adverse event has an owner, who is a practitioner of the chain.',
    demand: 'Adverse events',
    facts: ['S4-R2'],
    override: 'none',
  },
  'adverse-event.deadline': {
    says: 'Every adverse event has a last day for its report to the authority: as it was given, else by its severity.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.deadline-of-site': {
    says: 'The days until that last day are those that the site has set, as the law of its country has them; what was given stays when they change.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.deadline-before-onset': {
    says: 'The last day for the report does not lie before the onset.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.future': {
    says: 'An adverse event began, and was reported to the authority, today at the latest.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.overdue': {
    says: 'An open adverse event that was not reported to the authority by its last day is overdue.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.repeated': {
    says: 'What is done about an adverse event already is not recorded again.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.closed-by-physician': {
    says: 'Only a physician closes an adverse event.',
    demand: 'Adverse events',
    facts: ['S4-R2'],
    override: 'none',
  },
  'adverse-event.closed-then': {
    says: 'One that is closed late is closed as of when the physician closed it, after it began and was last opened again; a session is judged by whether it was open then.',
    demand: 'Adverse events',
    facts: ['S4-R2'],
    override: 'none',
  },
  'adverse-event.retracted-by-physician': {
    says: 'Only a physician takes an adverse event back that is open, or its opening again.',
    demand: 'Adverse events',
    facts: ['S4-R2'],
    override: 'none',
  },
  'adverse-event.retraction-shown': {
    says: 'An adverse event that was taken back is shown with its history, and with who took it back and why.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'adverse-event.of-patient': {
    says: 'An adverse event names a session of the course that it is about, which is a course of the patient.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.closed': {
    says: 'One that is closed is opened again before anything more is done about it; a report to the authority may still follow.',
    demand: 'Adverse events',
    facts: [],
    override: 'none',
  },
  'adverse-event.found-by-follow-up': {
    says: 'An adverse event that a follow-up found is assessed, reported and closed like one that was reported.',
    demand: 'Adverse events',
    facts: ['S4-R2'],
    override: 'none',
  },
});
