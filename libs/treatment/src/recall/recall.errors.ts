import { Conflict, type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { Refusal } from '../refusal.js';
import type { RecallRule } from './recall.rule-book.js';

/** One rule that stands against a command; a recall's rules rest on no published statement. */
export type RecallField = Refusal<RecallRule>;

const saying = (fields: readonly ErrorField[]): string => fields.map(({ message }) => message).join(' ');

export class RecallUnknown extends NotFound {
  constructor() {
    super('recall.unknown', 'There is no such recall.', {
      fields: [
        {
          field: 'recall',
          message: 'Name a recall by its id.',
          rule: 'recall.not-recalled',
          facts: [],
          seen: null,
          accepted: 'the id of a recall',
        },
      ],
    });
  }
}

/** It is recalled already, with other values. */
export class RecallExists extends Conflict {
  constructor(lotNumber: string, product: string, reference: string) {
    super('recall.exists', `Lot ${lotNumber} of ${product} is recalled already (${reference}).`, {
      fields: [
        {
          field: 'lotNumber',
          message: 'Correct that recall, or lift it first.',
          rule: 'recall.once',
          facts: [],
          seen: lotNumber,
          accepted: 'a lot that is not recalled',
        },
      ],
    });
  }
}

export class RecallRefused extends Refused {
  constructor(fields: readonly RecallField[]) {
    super('recall.refused', `This cannot be recorded: ${saying(fields)}`, { fields });
  }
}

export class RecallEntryRefused extends Refused {
  constructor(fields: readonly RecallField[]) {
    super('recall.entry-refused', `The entry cannot be changed: ${saying(fields)}`, { fields });
  }
}

/** Who is named is no patient of the chain: told at once of all who are not. */
export class ToldUnknown extends NotFound {
  constructor(fields: readonly RecallField[]) {
    super('recall.patient-unknown', `These patients are not known here: ${saying(fields)}`, { fields });
  }
}
