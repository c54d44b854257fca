import { type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { ProtocolFinding } from '#libs/protocols/src/lint/protocol-finding.js';
import type { DraftContent } from './protocol.events.js';
import { PROTOCOL_LIFECYCLE_RULES } from './protocol.rule-book.js';

export class ProtocolUnknown extends NotFound {
  constructor(code: string, version?: number | string, field = 'protocol') {
    const named = version === undefined ? code : `${code} version ${version}`;
    super('protocol.unknown', `There is no published protocol ${named}.`, {
      fields: [{ field, message: 'Name a published protocol by its code.' }],
    });
  }
}

/** Every version of it was retired. */
export class ProtocolIsRetired extends Refused {
  constructor(code: string, field: string) {
    const message = `Every version of the protocol ${code} is retired: no new course is planned with it.`;
    super('protocol.retired', message, {
      fields: [
        {
          field,
          message,
          rule: 'protocol.retired',
          facts: [],
          seen: code,
          accepted: 'a protocol with a version that is not retired',
        },
      ],
    });
  }
}

/** A course that is said to have been planned before there was a version to plan it with. */
export class ProtocolNotPublishedThen extends Refused {
  constructor(asked: {
    readonly code: string;
    readonly field: string;
    readonly at: ZonedTime;
    /** When the next version was published. */
    readonly from: ZonedTime;
  }) {
    const { code, field, at, from } = asked;
    const message = `No version of the protocol ${code} was published at ${at.wall}; there is one from ${from.wall} on.`;
    super('protocol.not-published-then', message, {
      fields: [
        {
          field,
          message,
          rule: 'protocol.published-then',
          facts: [],
          seen: at.wall,
          accepted: `${from.wall} or later, or a protocol that was published by ${at.wall}`,
        },
      ],
    });
  }
}

export class DraftUnknown extends NotFound {
  constructor() {
    super('protocol-draft.unknown', 'There is no such draft of a protocol.');
  }
}

export class DraftClosed extends Refused {
  constructor(status: 'published' | 'discarded') {
    const message = `The draft is ${status}: it does not change any more.`;
    super('protocol-draft.closed', message, {
      fields: [
        {
          field: 'draft',
          message,
          rule: 'protocol.draft-closed',
          facts: [],
          seen: status,
          accepted: 'an open draft; copy a version into a new one',
        },
      ],
    });
  }
}

export class CodeReserved extends Refused {
  constructor(code: string) {
    const message = `${code} is a word of the addresses under which protocols are found.`;
    super('protocol.code-reserved', message, {
      fields: [
        {
          field: 'code',
          message,
          rule: 'protocol.code-reserved',
          facts: [],
          seen: code,
          accepted: 'any other code',
        },
      ],
    });
  }
}

/** The draft cannot be published as it is; everything that is to be mended is named. */
export class DraftRefused extends Refused {
  constructor(findings: readonly ProtocolFinding[], draft: DraftContent) {
    const some = findings.length === 1 ? 'one thing' : `${findings.length} things`;
    super('protocol.findings', `There is ${some} to mend in the draft before it can be published.`, {
      fields: findings.map((found) => fieldOf(found, draft)),
    });
  }
}

function fieldOf({ code, path, message, facts }: ProtocolFinding, draft: DraftContent): ErrorField {
  const rule = PROTOCOL_LIFECYCLE_RULES[`protocol.${code}`];
  const seen = seenAt(draft, path);
  return {
    field: path === '' ? 'draft' : `draft.${path}`,
    message,
    rule: `protocol.${code}`,
    facts: facts ?? rule.facts,
    seen: seen ?? null,
    accepted: rule.says,
  };
}

/** A number, a text or a yes or no as it stands there; nobody wants to see a whole list of rules again. */
function seenAt(draft: DraftContent, path: string): unknown {
  const value = path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      draft,
    );
  if (typeof value === 'string') return value.slice(0, SEEN_CHARACTERS_MAX);
  return typeof value === 'object' ? undefined : value;
}

const SEEN_CHARACTERS_MAX = 200;
