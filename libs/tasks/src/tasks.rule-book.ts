import { type RuleEntry, ruleBook } from '#libs/protocols/src/rule-book.js';

const rule = <const Says extends string>(says: Says, facts: RuleEntry['facts'] = []) =>
  ({ says, demand: 'Aftercare and reminders', facts, override: 'none' }) as const;

/** What a person has to see to, and who does. */
export const TASK_RULES = ruleBook({
  'task.worried': rule('A patient who is worried after a session is an urgent task until they say that all is well.'),
  'task.reply-to-read': rule('What a patient writes and no program understands is read by a person.'),
  'task.check-in-unanswered': rule(
    'A patient with an open adverse event who has not answered the check-in of its session within 48 hours is a task.',
    ['S4-R2'],
  ),
  'task.lot-recalled': rule(
    'A recalled lot is one task for each site with sessions planned on it or patients to tell, until nothing of it is left.',
  ),
  'task.message-fate': rule(
    'A clinical message or one about an appointment that failed, or of which nobody knows whether it was sent, is a task.',
  ),
  'task.cannot-come': rule(
    'A patient who answers a reminder that they cannot come is a task until the session is changed or they come after all.',
  ),
  'task.booking-gave-up': rule(
    'Maintenance for which no more times are proposed is a task until it is booked or there is nothing to book.',
  ),
  'task.booking-to-confirm': rule(
    'A time that a patient has agreed to and that staff confirms is a task until they do.',
  ),
  'task.booking-answered-late': rule(
    'A patient who agrees to a time that is not held any more is called, unless it is booked or there is nothing to book.',
  ),
  'task.glass-broken': rule(
    'A record that somebody opened beyond their sites in an emergency is a task of the patient’s site until it was reviewed.',
  ),
  'task.withdrawn': rule('A task whose cause is gone before anybody has seen to it is withdrawn by itself.'),
  'task.said-anew': rule('What is said again after somebody has seen to it is a task again, and a repeat is none.'),
  'task.one-taker': rule('A task has one who sees to it; taking it over is said.'),
  'task.settled-once': rule('A task that is done or withdrawn is neither taken nor done again.'),
  'task.note-of-patient': rule('Words are kept only with a task about a patient, whose key closes them.'),
} satisfies Record<string, RuleEntry>);
