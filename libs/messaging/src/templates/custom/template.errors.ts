import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import { TEMPLATE_RULES, type TemplateFindingCode } from './template.rule-book.js';

/** One thing to mend in a template. */
export interface TemplateFinding {
  readonly code: TemplateFindingCode;
  /** `subject`, `text`, `mjml` or `phrases.<name>`. */
  readonly field: string;
  /** Counts from 1; null where no single line is to blame. */
  readonly line: number | null;
  /** What is wrong and what to mend, as one sentence. */
  readonly message: string;
}

export class TemplateUnknown extends NotFound {
  constructor() {
    super('message-template.unknown', 'There is no such template.');
  }
}

/** The template cannot be published as it is; everything that is to be mended is named. */
export class TemplateRefused extends Refused {
  constructor(findings: readonly TemplateFinding[]) {
    const some = findings.length === 1 ? 'one thing' : `${findings.length} things`;
    super('message-template.findings', `There is ${some} to mend in the template before it can be published.`, {
      fields: findings.map(({ code, field, line, message }) => ({
        field,
        message: line === null ? message : `Line ${line}: ${message}`,
        rule: code,
        facts: [],
        ...(line !== null && { seen: { line } }),
        accepted: TEMPLATE_RULES[code].says,
      })),
    });
  }
}

export class TooManyTemplates extends Refused {
  constructor(max: number) {
    const message = `A chain has at most ${max} templates of its own; withdraw one that is not used.`;
    super('message-template.too-many', message, {
      fields: [{ field: '', message, rule: 'template.number', facts: [], seen: max, accepted: `at most ${max}` }],
    });
  }
}
