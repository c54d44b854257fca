import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What a draft is shown to change before it is published. */
export const WHAT_IF_RULES = ruleBook({
  'what-if.sessions': {
    says: 'A draft is replayed over the courses of a past period: which sessions and plans it would have blocked or let pass.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'what-if.due-dates': {
    says: 'A replay shows which next sessions, maintenance windows, new courses and check-ups would fall due on other days.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'what-if.messages': {
    says: 'A replay shows which messages would be new, dropped, moved or worded otherwise.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'what-if.same': {
    says: 'A draft that says what the protocol of a course says changes nothing in it.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'what-if.writes-nothing': {
    says: 'A replay writes nothing.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
  'what-if.known-protocol': {
    says: 'A replay is over the courses of a protocol that was published.',
    demand: 'Protocols',
    facts: [],
    override: 'none',
  },
});
