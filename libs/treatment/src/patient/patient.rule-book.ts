import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What the record of a patient holds to: their health as it is learned, and who they are. */
export const PATIENT_RULES = ruleBook({
  'patient.birth-date': {
    says: 'Nobody was born after today.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'health-fact.late': {
    says: 'What is learned late about a patient’s health is recorded at any time, with the day since when it was true.',
    demand: 'Late knowledge',
    facts: ['S0-C1', 'S0-C7', 'S4-C1'],
    override: 'none',
  },
  'health-fact.future': {
    says: 'What is known of a patient’s health does not begin after today.',
    demand: 'Late knowledge',
    facts: [],
    override: 'none',
  },
  'health-fact.period': {
    says: 'What holds of a patient’s health does not end before it began.',
    demand: 'Late knowledge',
    facts: [],
    override: 'none',
  },
  'health-fact.repeated': {
    says: 'The same thing about the same days is recorded once.',
    demand: 'Late knowledge',
    facts: [],
    override: 'none',
  },
  'person.health': {
    says: 'What is known of a person’s health holds under each of their registrations, at every site.',
    demand: 'Identity',
    facts: ['S4-C1'],
    override: 'none',
  },
  'person.health-erased': {
    says: 'Where a part of what was known of a person’s health was erased, nobody can tell what holds.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'person.adverse-events': {
    says: 'An adverse event that is open under one registration is open for the person.',
    demand: 'Identity',
    facts: ['S4-R2'],
    override: 'none',
  },
  'patient.erased': {
    says: 'Nothing more is recorded about a patient who was erased, and no link with them is made or undone.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient-link.itself': {
    says: 'A registration is not linked with itself.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient-link.linked': {
    says: 'Two registrations that are one person already are not linked again.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient-link.too-many': {
    says: 'A person has at most 20 registrations.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient-link.undone': {
    says: 'A link can be undone, and what each registration held before it is as it was.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient.minor': {
    says: 'A guardian is named for a patient who is under age.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient.day-to-come': {
    says: 'A death, a move and a return are recorded once they have happened.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient.died': {
    says: 'Nobody dies twice, and nothing else happens to a patient after that day.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient.moved-away': {
    says: 'Whoever moved away returns before moving away again, and not before they went.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'site.legal-rules': {
    says: 'A site sets what the law of its country asks for: days for the report of an adverse event, never more for what is worse, and the age of majority. They are in force from then on.',
    demand: 'Several sites',
    facts: [],
    override: 'none',
  },
  'patient.age-of-majority': {
    says: 'Who is under age is decided by the law of the site: the age that it has set, else 18. A guardian may be named by the highest age of the chain’s sites.',
    demand: 'Identity',
    facts: [],
    override: 'none',
  },
  'patient-entry.stands': {
    says: 'Only an entry of this patient that stands can be corrected or taken back.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'patient-entry.kind': {
    says: 'A correction says anew what its entry said, for the same patient and the same thing.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'patient-entry.correctable': {
    says: 'What has a way of its own to be changed is neither corrected nor taken back: a registration stays, a link is undone, a wish is changed.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'patient-entry.repeated': {
    says: 'A correction that says what the entry says already adds nothing.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
});
