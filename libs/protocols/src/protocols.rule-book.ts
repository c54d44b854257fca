import { ruleBook } from './rule-book.js';

/** How a protocol's data is read and judged, whatever a slice then does with the judgement. */
export const PROTOCOL_RULES = ruleBook({
  'built-in.as-published': {
    says: 'The built-in protocols hold what their published descriptions state, each rule with its statement.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'built-in.precedence': {
    says: 'A rule is taken from the own source, else from the general description, else from the one that states it, else it is the chain’s and says so.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'built-in.frozen': {
    says: 'A published version of a protocol never changes.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },

  'screening.condition': {
    says: 'A condition that the protocol lists is a contraindication, whatever the letter case; free text is not one.',
    demand: 'Consultation',
    facts: ['S0-C1', 'S0-C2', 'S0-C3', 'S0-C4', 'S0-C6', 'S0-C8'],
    override: 'physician',
  },
  'screening.anticoagulant': {
    says: 'A medicine that thins the blood is a contraindication.',
    demand: 'Consultation',
    facts: ['S0-C7'],
    override: 'physician',
  },
  'screening.allergy': {
    says: 'An allergy is checked against the whole names of the ingredients of the products that are used or planned.',
    demand: 'Consultation',
    facts: ['S0-C5', 'S4-C1'],
    override: 'none',
  },
  'screening.unlisted': {
    says: 'A condition or medicine that no list knows is held for a review.',
    demand: 'Late knowledge',
    facts: ['S4-C1'],
    override: 'physician',
  },
  'screening.origin': {
    says: 'An allergy to what an ingredient is made from, such as soy, is held for a review.',
    demand: 'Consultation',
    facts: ['S0-G1', 'S0-T3'],
    override: 'physician',
  },

  'protocol.session-count': {
    says: 'A number of sessions is judged by the range of the protocol; a range without an upper end allows any more.',
    demand: 'Planning',
    facts: ['S0-N1', 'S1-N1', 'S3-N1', 'S4-N1'],
    override: 'physician',
  },
  'protocol.interval': {
    says: 'An interval is counted in whole calendar days between the local dates of consecutive course sessions.',
    demand: 'Session',
    facts: ['S0-N1', 'S1-N1'],
    override: 'anyone',
  },
  'protocol.depth': {
    says: 'A depth is judged by the range of the protocol, both ends included.',
    demand: 'Session',
    facts: ['S3-D1'],
    override: 'anyone',
  },
  'protocol.depth-needle-free': {
    says: 'With the needle-free device the depth is not checked.',
    demand: 'Session',
    facts: ['S3-S1', 'S3-D1'],
    override: 'none',
  },
  'protocol.depth-physician': {
    says: 'Beneath the skin the depth is the physician’s and is not checked.',
    demand: 'Session',
    facts: ['S0-D2'],
    override: 'none',
  },
  'protocol.duration': {
    says: 'The length of a session is judged by what the protocol expects, both ends included.',
    demand: 'Session',
    facts: ['S4-U1'],
    override: 'anyone',
  },

  'maintenance.first-window': {
    says: 'After a completed course the first window opens 3 months after the first session and closes after 6.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.after-interval': {
    says: 'The first window does not open before the shortest interval after the last course session has passed.',
    demand: 'Maintenance',
    facts: ['S1-M2', 'S1-N1'],
    override: 'none',
  },
  'maintenance.month-ends': {
    says: 'Months are calendar months, clamped to the end of the month, leap days included.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.anchor-moves': {
    says: 'A window moves when the session that it is counted from is corrected.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.next-window': {
    says: 'After each maintenance session the next window opens 2 months after it and closes after 6.',
    demand: 'Maintenance',
    facts: ['S1-M2', 'S2-M1'],
    override: 'none',
  },
  'maintenance.due': {
    says: 'Maintenance is upcoming before its window opens, due in it, both days included, and overdue after.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.later-course': {
    says: 'A later course of the patient under the same protocol ends the rhythm of the former from its first session on.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.by-physician': {
    says: 'Without a rhythm the physician sets the date, where a source says so within a year of the last session.',
    demand: 'Maintenance',
    facts: ['S4-E1', 'S4-N1'],
    override: 'none',
  },
  'maintenance.new-course': {
    says: 'A whole new course is suggested from 3 to 6 months after the last course session.',
    demand: 'Maintenance',
    facts: ['S1-M1'],
    override: 'none',
  },

  'aftercare.own-ends': {
    says: 'Aftercare has one line for each thing, each with its own end, counted from the end of the session.',
    demand: 'Aftercare and reminders',
    facts: ['S0-A1', 'S0-A2', 'S0-A3', 'S0-A4', 'S1-A1', 'S1-A2', 'S1-A3', 'S3-A1', 'S3-A3', 'S3-A5'],
    override: 'none',
  },
  'aftercare.merged': {
    says: 'Restrictions on the same act merge to the longest end; one without an end keeps the line open.',
    demand: 'Aftercare and reminders',
    facts: ['S0-A1', 'S0-A2', 'S1-A1', 'S1-A2'],
    override: 'none',
  },
  'aftercare.range-end': {
    says: 'Where a source gives a range of hours, the line ends at its longer side.',
    demand: 'Aftercare and reminders',
    facts: ['S3-A2', 'S3-A4'],
    override: 'none',
  },
  'aftercare.neighbours-hours': {
    says: 'Water and exercise after a facial get the 24 hours of their neighbours, and the protocol says that this is ours.',
    demand: 'Aftercare and reminders',
    facts: ['S1-A4', 'S1-A5'],
    override: 'none',
  },
  'aftercare.prescribed-medicine': {
    says: 'No text tells a patient to stop a medicine that a doctor has prescribed; it says to ask that doctor.',
    demand: 'Aftercare and reminders',
    facts: ['S0-A4', 'S0-P1', 'S3-A1'],
    override: 'none',
  },
  'aftercare.permission': {
    says: 'What is explicitly allowed is told apart from what is to be left off, with the time from which it holds.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'all-clear.repeats': {
    says: 'The all-clear comes at the last end, names what is free again and repeats what goes on.',
    demand: 'Aftercare and reminders',
    facts: ['S0-A1', 'S0-A2', 'S1-A3', 'S3-A3'],
    override: 'none',
  },
  'all-clear.not-forbidden-again': {
    says: 'Nothing is announced as free that the next session’s preparation already forbids.',
    demand: 'Aftercare and reminders',
    facts: ['S0-P1', 'S0-A4'],
    override: 'none',
  },
});

export type ProtocolRule = keyof typeof PROTOCOL_RULES;
