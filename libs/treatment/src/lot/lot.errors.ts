import { Conflict, type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { Refusal } from '../refusal.js';
import type { LotRule } from './lot.rule-book.js';

/** One rule that stands against a command; a lot's rules rest on no published statement. */
export type LotField = Refusal<LotRule>;

const saying = (fields: readonly ErrorField[]): string => fields.map(({ message }) => message).join(' ');

export class LotUnknown extends NotFound {
  constructor() {
    super('lot.unknown', 'There is no such lot.', {
      fields: [
        {
          field: 'lot',
          message: 'Name a lot that was received, by its id.',
          rule: 'lot.not-received',
          facts: [],
          seen: null,
          accepted: 'the id of a received lot',
        },
      ],
    });
  }
}

/** The lot stands on record already, with other values. */
export class LotExists extends Conflict {
  constructor(lotNumber: string, product: string) {
    super('lot.exists', `Lot ${lotNumber} of ${product} was received at this site already.`, {
      fields: [
        {
          field: 'lotNumber',
          message: 'Correct its receipt where something was counted or typed wrong.',
          rule: 'lot.received-once',
          facts: [],
          seen: lotNumber,
          accepted: 'a lot that this site has not received',
        },
      ],
    });
  }
}

/** All that stands against a receipt, so that it can be mended in one go. */
export class ReceiptRefused extends Refused {
  constructor(fields: readonly LotField[]) {
    super('lot.receipt-refused', `The lot cannot be received: ${saying(fields)}`, { fields });
  }
}

export class VialRefused extends Refused {
  constructor(fields: readonly LotField[]) {
    super('lot.vial-refused', `The vial cannot be opened: ${saying(fields)}`, { fields });
  }
}

export class WasteRefused extends Refused {
  constructor(fields: readonly LotField[]) {
    super('lot.waste-refused', `The waste cannot be recorded: ${saying(fields)}`, { fields });
  }
}

export class LotEntryRefused extends Refused {
  constructor(fields: readonly LotField[]) {
    super('lot.entry-refused', `The entry cannot be changed: ${saying(fields)}`, { fields });
  }
}
