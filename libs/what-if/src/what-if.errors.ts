import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { ProtocolFinding } from '#libs/protocols/src/lint/protocol-finding.js';

/** The draft has findings; everything that is to be mended is named. */
export class ReplayRefused extends Refused {
  constructor(part: 'draft' | 'protocol', findings: readonly ProtocolFinding[]) {
    const some = findings.length === 1 ? 'one thing' : `${findings.length} things`;
    super('protocol.findings', `There is ${some} to mend in the protocol before anything can be replayed under it.`, {
      fields: findings.map(({ code, path, message, facts = [] }) => ({
        field: path === '' ? part : `${part}.${path}`,
        message,
        rule: `protocol.${code}`,
        facts,
      })),
    });
  }
}

/** No course can have been planned with it, so that there is nothing to replay. */
export class NothingToReplay extends NotFound {
  constructor(code: string) {
    super('protocol.unknown', `No protocol ${code} was ever published: no course was planned with it.`, {
      fields: [
        {
          field: 'over',
          message: 'Name the protocol whose courses are to be replayed.',
          rule: 'what-if.known-protocol',
          facts: [],
          seen: code,
          accepted: 'the code of a published protocol',
        },
      ],
    });
  }
}
