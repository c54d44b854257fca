import { type ErrorField, Invalid, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { RuleEntry, RuleOverride } from '#libs/protocols/src/rule-book.js';
import type { Refusal, SeenAndAccepted } from '../refusal.js';
import { CONSULTATION_RULES, type ConsultationRule } from './consultation.rule-book.js';

interface FieldDetails extends SeenAndAccepted {
  /** The published statements of the protocol's own rule, where they are others than those of the rule book. */
  readonly facts?: readonly string[];
  /** Who may let it pass in this case, where that is not what the rule book says. */
  readonly override?: RuleOverride;
}

/** One thing that stands against a command, with its rule and the statements that it rests on. */
export function consultationField(
  rule: ConsultationRule,
  field: string,
  message: string,
  details: FieldDetails,
): Refusal<ConsultationRule> {
  const entry: RuleEntry = CONSULTATION_RULES[rule];
  const { facts = entry.facts, override = entry.override, ...rest } = details;
  return { field, message, rule, facts, ...rest, ...(override === 'none' ? {} : { override }) };
}

export class ConsultationUnknown extends NotFound {
  /** @param consultation as it was asked for */
  constructor(consultation?: string) {
    super('consultation.unknown', 'There is no such consultation.', {
      fields: [
        {
          field: 'consultation',
          message: 'Name a consultation that was held by its id.',
          seen: consultation ?? null,
          accepted: 'id of a consultation',
        },
      ],
    });
  }
}

/** Everything that stands against a command on a consultation, so that it can be mended in one go. */
export class ConsultationRefused extends Refused {
  constructor(code: string, fields: readonly ErrorField[]) {
    super(code, fields.map(({ message }) => message).join(' '), { fields });
  }
}

/** It lacks what a clearance needs. */
export class ClearanceRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super(
      'consultation.not-clearable',
      `The consultation cannot be cleared: ${fields.map(({ message }) => message).join(' ')}`,
      { fields },
    );
  }
}

export class EntryUnknown extends NotFound {
  constructor() {
    super('consultation-entry.unknown', 'The consultation has no such entry, or it was taken back.', {
      fields: [
        consultationField(
          'consultation.entry',
          'event',
          'Name an entry of this consultation that stands, by the id of its event.',
          { seen: 'no such entry', accepted: 'an entry of this consultation that was not taken back' },
        ),
      ],
    });
  }
}

/** What a correction says is not what an entry of its kind can say. */
export class CorrectionInvalid extends Invalid {
  constructor(fields: readonly ErrorField[]) {
    super('consultation-entry.invalid', 'The corrected entry does not have the form of its kind.', { fields });
  }
}
