import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What practitioners and their credentials hold to. */
export const PRACTITIONER_RULES = ruleBook({
  'practitioner.once': {
    says: 'A practitioner is registered once.',
    demand: 'Who may do what',
    facts: [],
    override: 'none',
  },
  'credential.valid-on': {
    says: 'A practitioner may carry out a procedure on a day on which a credential for it holds, its first and last day included: who was allowed is told for that day, not for today.',
    demand: 'Session',
    facts: ['S2-Q1'],
    override: 'none',
  },
  'credential.period': {
    says: 'A credential does not end before it begins.',
    demand: 'Session',
    facts: ['S2-Q1'],
    override: 'none',
  },
  'credential.revoked': {
    says: 'What is revoked holds no longer from that day on, whatever was granted before; it stands until a credential that begins on that day or later, whenever that is entered.',
    demand: 'Session',
    facts: ['S2-Q1'],
    override: 'none',
  },
  'credential.not-held': {
    says: 'Only a procedure for which the practitioner has a credential is revoked.',
    demand: 'Session',
    facts: ['S2-Q1'],
    override: 'none',
  },
  'credential.repeated': {
    says: 'Granting or revoking the same again adds nothing.',
    demand: 'Session',
    facts: [],
    override: 'none',
  },
  'credential.entry': {
    says: 'Only a grant or a revocation that stands is corrected or taken back, as what it is.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'credential.corrected': {
    says: 'A corrected credential is judged as it should have been, on every day; the history shows both.',
    demand: 'Mistakes',
    facts: ['S2-Q1'],
    override: 'none',
  },
});

export type PractitionerRule = keyof typeof PRACTITIONER_RULES;
