import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What is told to patients, and when it may go. */
export const MESSAGING_RULES = ruleBook({
  'message.aftercare-at-once': {
    says: 'The instructions go at the end of each performed session, or as soon as the session is known.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'message.all-clear': {
    says: 'The all-clear goes when the last end of the aftercare is reached, and not where nothing ever ends.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'message.check-in': {
    says: 'A few days after each performed session the patient is asked how it is going.',
    demand: 'Aftercare and reminders',
    facts: ['S4-R1'],
    override: 'none',
  },
  'message.reminder': {
    says: 'Before each session goes the reminder, and it is of no use any more once the session begins.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'message.aspirin-notice': {
    says: 'Seven days before each session goes the notice to take no aspirin or similar painkiller from now on.',
    demand: 'Aftercare and reminders',
    facts: ['S0-P1'],
    override: 'none',
  },
  'message.maintenance': {
    says: 'Around a maintenance window go three messages: due soon, due and overdue, in the morning at the site.',
    demand: 'Aftercare and reminders',
    facts: ['S1-M2'],
    override: 'none',
  },
  'message.protocol-decides': {
    says: 'The rules of the protocol say which messages go and when; where it has no rule, none goes.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'message.no-burst': {
    says: 'What was due before a session or an old history came in is not told any more.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'message.imported-overdue': {
    says: 'Maintenance that was overdue when an old history came in waits until staff of the site let its message go.',
    demand: 'Aftercare and reminders',
    facts: [],
    override: 'none',
  },
  'maintenance.proposed': {
    says: 'Each window is proposed once, when the course is completed and again after each maintenance session.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'maintenance.ends': {
    says: 'Nothing is proposed or told about maintenance that was declined, is booked already, or that a later course has ended.',
    demand: 'Maintenance',
    facts: ['S1-M2'],
    override: 'none',
  },
  'message.language': {
    says: 'A message goes in the language that the patient chose, or in the nearest one that there is.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.channel': {
    says: 'A message goes on the channel that the patient chose, to the address on record, and on no other.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.contact-consent': {
    says: 'Nothing goes to a patient who has not agreed to be written to, even where that changes at the last moment.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.consent-withdrawn': {
    says: 'Nobody is reminded of a treatment to which the consent was withdrawn.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.patient-erased': {
    says: 'Nothing goes to a patient whose data was erased.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.not-before-due': {
    says: 'A message does not go before its time.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.quiet-hours': {
    says: 'A message never goes in the quiet hours that the site sets, by the clock on the wall; it waits for their end.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.expires': {
    says: 'A message that is of no use any more, or will not be after the quiet hours, expires, and that is recorded.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.cause-gone': {
    says: 'A message never goes after its cause is gone: cancelled, missed, moved, performed, stopped or completed.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.new-time': {
    says: 'When a session is moved, its messages are told anew for the new time.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.aftercare-stays': {
    says: 'What follows from a performed session is told whatever becomes of the course.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.once': {
    says: 'A message is planned once and never sent twice, however many processes try and wherever one of them dies.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.outcome-unknown': {
    says: 'Where nobody can tell whether a provider took a message, that is on record, and it is not sent again.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.failed': {
    says: 'A message that a provider refuses, or that cannot be written, is on record as failed.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.treatment-unnamed': {
    says: 'The name of a treatment never stands in an SMS or a subject line.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.wall-hour': {
    says: 'Messages ahead of a session keep the hour on the wall at the site across a change of the clocks.',
    demand: 'Several sites',
    facts: [],
    override: 'none',
  },
});

export type MessagingRule = keyof typeof MESSAGING_RULES;
