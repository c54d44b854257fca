import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What a recall holds to. */
export const RECALL_RULES = ruleBook({
  'recall.matches': {
    says: 'A recall holds for a lot by its GTIN where both have one, else by product and lot number, however these are written.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.once': {
    says: 'A lot that is recalled is not recalled a second time; its recall is corrected or lifted.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.unmatched': {
    says: 'A recall answers how many receipts on record are of its lot, with a warning where there is none.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.in-future': {
    says: 'A recall, its lifting and the telling of a patient are recorded once their day has come.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.not-recalled': {
    says: 'Only a recall that holds is lifted, and not before the day from which on it holds.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.told-early': {
    says: 'A patient is told of a recall on its day or later.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.patient-unknown': {
    says: 'Who was told of a recall is a patient of the chain.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.gtin': {
    says: 'The product number of a recall is a GTIN whose last digit checks the others.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'recall.entry-unknown': {
    says: 'Only an entry of the recall that stands is corrected or taken back, and as the kind of entry that it is.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'recall.entry-in-use': {
    says: 'A recall that was lifted, or of which patients were told, is not taken back while that stands.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
});
export type RecallRule = keyof typeof RECALL_RULES;
