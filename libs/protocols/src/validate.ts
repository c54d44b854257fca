import { isFactId } from './facts.js';
import { aftercareFindings } from './lint/aftercare.lint.js';
import { durationFindings } from './lint/durations.lint.js';
import { groundsFindings } from './lint/grounds.lint.js';
import { messageFindings } from './lint/messages.lint.js';
import { duplicateFindings, longListFindings } from './lint/names.lint.js';
import { finding, type ProtocolFinding } from './lint/protocol-finding.js';
import { screeningFindings } from './lint/screening.lint.js';
import { seriesFindings } from './lint/series.lint.js';
import { indiscreetFindings, textFindings } from './lint/texts.lint.js';
import { protocolSchema, type Protocol } from './protocol.schema.js';

/** More than anybody mends at once; a body of a megabyte could have a hundred thousand. */
const FINDINGS_MAX = 500;

export type Validation =
  | { readonly ok: true; readonly protocol: Protocol }
  | { readonly ok: false; readonly findings: readonly ProtocolFinding[] };

/**
 * Reads a draft from outside: its shape first, then what the linter finds. Never throws, whatever it is given. A finding
 * names a place that the draft has, or one that is missing from an object or a list that it has.
 */
export function validateProtocol(draft: unknown): Validation {
  const parsed = protocolSchema.safeParse(draft);
  const findings = parsed.success
    ? lintProtocol(parsed.data)
    : parsed.error.issues.slice(0, FINDINGS_MAX).flatMap((issue) => shapeFindings(draft, issue));
  if (parsed.success && findings.length === 0) return { ok: true, protocol: parsed.data };
  return { ok: false, findings: findings.slice(0, FINDINGS_MAX) };
}

/**
 * What contradicts itself or is incomplete in a protocol of the right shape; nothing where it may be published. Only what
 * is to be published is asked: a version that was published under fewer checks stays as it is.
 */
export function lintProtocol(protocol: Protocol): ProtocolFinding[] {
  const tooLong = longListFindings(protocol);
  if (tooLong.length > 0) return tooLong;
  return [
    ...groundsFindings(protocol),
    ...textFindings(protocol),
    ...indiscreetFindings(protocol),
    ...durationFindings(protocol),
    ...duplicateFindings(protocol),
    ...screeningFindings(protocol),
    ...aftercareFindings(protocol),
    ...seriesFindings(protocol),
    ...messageFindings(protocol),
  ];
}

interface ShapeIssue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of fields that the schema does not know. */
  readonly keys?: readonly string[];
}

function shapeFindings(draft: unknown, { code, path, message, keys = [] }: ShapeIssue): ProtocolFinding[] {
  if (code === 'unrecognized_keys') {
    return keys.map((key) => finding('schema', [...path, key].join('.'), 'This field is not known here.'));
  }
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], draft);
  const isUnknownFact = path.at(-2) === 'facts' && typeof value === 'string' && !isFactId(value);
  return [
    isUnknownFact
      ? finding('unknown-fact', path.join('.'), `No published statement has the id ${value}.`)
      : finding('schema', path.join('.'), message),
  ];
}
