import { ruleBook } from '#libs/protocols/src/rule-book.js';

/** What the receipt, the vials and the waste of a lot hold to. */
export const LOT_RULES = ruleBook({
  'lot.received-once': {
    says: 'A lot is received once at a site; what was counted wrong is corrected.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.gtin': {
    says: 'A GTIN has 8, 12, 13 or 14 digits, of which the last one checks the others.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.scan': {
    says: 'A scanned code is a GS1 element string or Digital Link with product number, lot number and expiry.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.scan-contradicted': {
    says: 'What is typed beside a scanned code is the same as what the code says.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.expired-at-receipt': {
    says: 'A lot that has expired already is not received.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.in-future': {
    says: 'Nothing is received, opened or wasted before its time has come.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.not-received': {
    says: 'A lot is used, opened and wasted at the site that received it, not before the day on which it came.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.expired': {
    says: 'A lot is not used after its last day: no session with it, and no vial of it is opened.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.recalled': {
    says: 'A recalled lot is not used from the day of its recall on: no session with it, and no vial of it is opened.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.vial-expiry': {
    says: 'An opened vial has an expiry of its own, not after that of its lot, and is used between opening and expiry.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.vials-spent': {
    says: 'No more vials of a lot are opened than were received.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.vial-unknown': {
    says: 'What is wasted from a vial is wasted from one that was opened by then.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.waste-exceeds': {
    says: 'What was received was used, was wasted or is left: no more is wasted than is left.',
    demand: 'Lots',
    facts: [],
    override: 'none',
  },
  'lot.volume-exceeds': {
    says: 'A session that uses more of a lot than is left of it is recorded with a reason, as a deviation; the stock says how much more was used and wasted than was received.',
    demand: 'Lots',
    facts: [],
    override: 'anyone',
  },
  'lot.entry-unknown': {
    says: 'Only an entry of the lot that stands is corrected or taken back, and as the kind of entry that it is.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
  'lot.entry-in-use': {
    says: 'A receipt is not taken back while vials or waste stand on it, nor a vial while waste does.',
    demand: 'Mistakes',
    facts: [],
    override: 'none',
  },
});
export type LotRule = keyof typeof LOT_RULES;
