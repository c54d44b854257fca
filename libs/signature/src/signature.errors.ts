import { NotFound, Refused } from '#libs/kernel/src/errors.js';

export class EntryUnknown extends NotFound {
  constructor() {
    super('signature.entry-unknown', 'There is no such entry in the record of this patient.', {
      fields: [{ field: 'position', message: 'Position of an entry of this patient.', rule: 'signature.own-record' }],
    });
  }
}

export interface SignatureFinding {
  readonly rule:
    | 'signature.meaning'
    | 'signature.by-physician'
    | 'signature.fresh'
    | 'signature.by-person'
    | 'signature.by-passkey';
  readonly field: string;
  readonly message: string;
  readonly seen: string;
  readonly accepted: string;
}

/** Everything that stands against it, each with what was seen and what would be accepted. */
export class SignatureRefused extends Refused {
  constructor(findings: readonly SignatureFinding[]) {
    super('signature.refused', findings.map(({ message }) => message).join(' '), {
      fields: findings.map((finding) => ({ ...finding, facts: [] })),
    });
  }
}
