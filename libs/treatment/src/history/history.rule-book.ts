import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What is shown of the past: what was entered, what it reads now, and what was known when. */
export const HISTORY_RULES = ruleBook({
  'correction.both-shown': {
    says: 'Every history shows an entry as it was entered and as it reads now, with what corrected it, why, who and when.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'correction.retraction-shown': {
    says: 'An entry that was taken back stays in every history, marked, with who took it back, when and why.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'correction.read-models': {
    says: 'Every read model shows the corrected value, and what follows from it: windows, deviations, lots, days of sites.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'correction.moves': {
    says: 'An entry whose time was corrected stands in a history where it happened, and not where it was first entered.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.known-then': {
    says: 'What is asked for as it was known then shows what was on record by then, uncorrected by what came later.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.as-of': {
    says: 'What is asked for as of a time shows what had occurred by then, however late it was entered.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.own-dates': {
    says: 'Lots, credentials, consents and answers about health are asked by their own dates, not by when they were entered.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.head': {
    says: 'As of now and as known now, a history says the same as the read model.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.registered-always': {
    says: 'Who is registered was a person before: as of a time before the registration, a patient is shown as registered, as their courses of that time are.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.unknown-then': {
    says: 'What was not on record yet is not found then, and the answer says that a later time would find it.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.known-in-future': {
    says: 'Nobody can ask what will be on record at a time that is still to come.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'history.patient-missing': {
    says: 'A list of courses as they stood is that of one patient.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'person.timeline': {
    says: 'A person’s timeline has what is on record under every registration that is linked, as the links stood then.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
});
