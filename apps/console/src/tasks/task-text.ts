import { words } from '../ui/labels.js';

/** What may have come of a task, in the order in which it is offered. */
export const TASK_OUTCOMES = [
  'patient-spoken-to',
  'patient-not-reached',
  'physician-informed',
  'booked-anew',
  'sent-otherwise',
  'patients-told',
  'nothing-to-do',
  'other',
] as const;

interface TaskText {
  /** What it is, in a line. */
  readonly what: string;
  /** What somebody is asked to do. */
  readonly todo: string;
}

const TEXTS: Readonly<Record<string, TaskText>> = {
  worried: { what: 'Worried after a session', todo: 'Call the patient.' },
  'reply-to-read': { what: 'An answer to read', todo: 'Read it, and answer where it is needed.' },
  'check-in-unanswered': { what: 'Silent after an adverse event', todo: 'Ask the patient how it is going.' },
  'lot-recalled': { what: 'A lot was recalled', todo: 'Tell the patients, and plan sessions without it.' },
  'message-unknown': {
    what: 'A message that may not have arrived',
    todo: 'Find out whether it was sent, or tell the patient.',
  },
  'message-failed': { what: 'A message that could not be sent', todo: 'Tell the patient, and mend the address.' },
  'cannot-come': { what: 'Cannot come to a session', todo: 'Find another time with the patient.' },
  'booking-gave-up': { what: 'No time for maintenance was found', todo: 'Call the patient about a time.' },
  'booking-to-confirm': { what: 'A time to confirm', todo: 'Confirm the time that the patient has agreed to.' },
  'booking-answered-late': {
    what: 'Agreed to a time that is gone',
    todo: 'Call the patient about another time.',
  },
  'glass-broken': {
    what: 'A record opened in an emergency',
    todo: 'Read the reason, ask if it is needed, and have it reviewed.',
  },
};

/** A task in words; a kind that this console does not know yet is written from its code. */
export const taskText = (kind: string): TaskText => TEXTS[kind] ?? { what: words(kind), todo: 'See to it.' };
