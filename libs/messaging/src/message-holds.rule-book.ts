import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What late knowledge, corrections and the end of a person mean to messages. */
export const MESSAGE_HOLDS_RULES = ruleBook({
  'message.held': {
    says: 'What is to be told ahead of a session waits while anything stands against that session, and is not lost.',
    demand: 'Late knowledge',
    facts: [],
    override: 'none',
  },
  'message.released': {
    says: 'When nothing stands against the session any more, what was held goes; when it is of no use any more, it expires.',
    demand: 'Late knowledge',
    facts: [],
    override: 'none',
  },
  'message.recall': {
    says: 'A recalled lot, and a course that was stopped or has lapsed, end the messages of future sessions and no aftercare.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.corrected': {
    says: 'A corrected session is told anew as far as it has not been told, and only where its end has changed.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'message.told-before': {
    says: 'What was sent stays sent: nothing is told twice because it was corrected.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'message.retracted': {
    says: 'What follows from a session that was recorded by mistake is not told any more; its booking counts again.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'message.window-moved': {
    says: 'When a correction moves a maintenance window, its messages are suppressed and told of the new window.',
    demand: 'Mistakes',
    facts: ['S1-M2'],
    override: 'none',
  },
  'message.maintenance-back': {
    says: 'When a patient wants maintenance again, or returns, what is still to come of it is told.',
    demand: 'Maintenance',
    facts: [],
    override: 'none',
  },
  'message.patient-gone': {
    says: 'Nothing goes to a patient who has died, by any of their registrations, and nothing of the future to one who moved away.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
});

export type MessageHoldsRule = keyof typeof MESSAGE_HOLDS_RULES;
