import { addDateDuration, addDays } from '#libs/kernel/src/local-date.js';
import { exactDurationMs, type IsoDuration } from '#libs/kernel/src/iso-duration.js';
import { longestMs } from './aftercare.schema.js';
import { basisOf, coversFact } from './evidence.rule.js';
import { isFactId, type FactId } from './facts.js';
import { protocolSchema, type Protocol } from './protocol.schema.js';
import type { Evidence, Grounds, RuleBasis, Texts } from './rule.schema.js';

/** One thing to mend in a protocol before it can be published. */
export interface ProtocolFinding {
  /** Stable: programs may branch on it. */
  readonly code:
    | 'schema'
    | 'unknown-fact'
    | 'unknown-citation'
    | 'unknown-precaution'
    | 'rule-without-evidence'
    | 'fact-outside-evidence'
    | 'basis-contradicts-evidence'
    | 'missing-language'
    | 'range-reversed'
    | 'duplicate-id'
    | 'permission-inside-restriction'
    | 'avoid-and-do'
    | 'missing-all-clear-text'
    | 'window-closes-before-it-opens'
    | 'notice-too-late';
  /** Dotted path of the place, for example `aftercare.2.text`. */
  readonly path: string;
  /** What is wrong, as one sentence. */
  readonly message: string;
}

export type Validation =
  | { readonly ok: true; readonly protocol: Protocol }
  | { readonly ok: false; readonly findings: readonly ProtocolFinding[] };

/** Reads a draft from outside: its shape first, then what the linter finds. */
export function validateProtocol(draft: unknown): Validation {
  const parsed = protocolSchema.safeParse(draft);
  if (!parsed.success) {
    return { ok: false, findings: parsed.error.issues.map(({ path, message }) => shapeFinding(draft, path, message)) };
  }
  const findings = lintProtocol(parsed.data);
  return findings.length === 0 ? { ok: true, protocol: parsed.data } : { ok: false, findings };
}

/** What contradicts itself or is incomplete in a protocol of the right shape; nothing where it may be published. */
export function lintProtocol(protocol: Protocol): ProtocolFinding[] {
  return [
    ...groundsFindings(protocol),
    ...textFindings(protocol),
    ...rangeFindings(protocol),
    ...duplicateFindings(protocol),
    ...aftercareFindings(protocol),
    ...maintenanceFindings(protocol),
    ...messageFindings(protocol),
  ];
}

const finding = (code: ProtocolFinding['code'], path: string, message: string): ProtocolFinding => ({
  code,
  path,
  message,
});

function shapeFinding(draft: unknown, path: readonly PropertyKey[], message: string): ProtocolFinding {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], draft);
  const isUnknownFact = path.at(-2) === 'facts' && typeof value === 'string' && !isFactId(value);
  return isUnknownFact
    ? finding('unknown-fact', path.join('.'), `No published statement has the id ${value}.`)
    : finding('schema', path.join('.'), message);
}

type Visited = readonly [path: string, value: Readonly<Record<string, unknown>>];

/** Every object inside a protocol with its path, so that a check reaches rules that are added to the schema later. */
function* objectsIn(value: unknown, path = ''): Generator<Visited> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Readonly<Record<string, unknown>>];
  for (const [key, child] of Object.entries(value)) yield* objectsIn(child, path === '' ? key : `${path}.${key}`);
}

function groundsFindings(protocol: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)].flatMap(([path, object]) =>
    'basis' in object && 'facts' in object ? groundsOf(protocol, path, object as unknown as Grounds) : [],
  );
}

function groundsOf({ evidence }: Protocol, path: string, { facts, basis, citations = [] }: Grounds): ProtocolFinding[] {
  const known = new Set(evidence.flatMap((entry) => (entry.kind === 'citation' ? [entry.id] : [])));
  const unknown = citations
    .filter((citation) => !known.has(citation))
    .map((citation) => finding('unknown-citation', path, `The evidence list holds no citation ${citation}.`));
  return basis === 'chain' ? unknown : [...unknown, ...publishedGrounds(evidence, path, facts, basis)];
}

function publishedGrounds(
  evidence: readonly Evidence[],
  path: string,
  facts: readonly FactId[],
  basis: RuleBasis,
): ProtocolFinding[] {
  if (facts.length === 0) {
    return [finding('rule-without-evidence', path, 'A rule that cites no published statement is the chain’s own.')];
  }
  const outside = facts.filter((fact) => !coversFact(evidence, fact));
  if (outside.length > 0) {
    return outside.map((fact) => finding('fact-outside-evidence', path, `The evidence list does not cover ${fact}.`));
  }
  const actual = basisOf(evidence, facts);
  return actual === basis
    ? []
    : [finding('basis-contradicts-evidence', path, `By the evidence list its basis is ${actual}, not ${basis}.`)];
}

/** The fields that hold one text for each language. */
const TEXT_FIELDS = ['title', 'text', 'asks', 'free'];

function textFindings(protocol: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)].flatMap(([path, object]) =>
    TEXT_FIELDS.flatMap((field) => {
      const texts = object[field];
      if (typeof texts !== 'object' || texts === null) return [];
      const missing = protocol.languages.filter((language) => (texts as Texts)[language] === undefined);
      const place = path === '' ? field : `${path}.${field}`;
      return missing.map((language) => finding('missing-language', place, `The text in ${language} is missing.`));
    }),
  );
}

function rangeFindings(protocol: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)]
    .filter(([, { min, max }]) => isReversed(min, max))
    .map(([path, { min, max }]) =>
      finding('range-reversed', path, `The range ends (${max}) before it begins (${min}).`),
    );
}

function isReversed(min: unknown, max: unknown): boolean {
  if (typeof min === 'number' && typeof max === 'number') return min > max;
  return typeof min === 'string' && typeof max === 'string' && exactDurationMs(min) > exactDurationMs(max);
}

function duplicateFindings(protocol: Protocol): ProtocolFinding[] {
  const named: Record<string, readonly string[]> = {
    languages: protocol.languages,
    evidence: protocol.evidence.map((entry) => (entry.kind === 'citation' ? entry.id : entry.cites)),
    consultation: protocol.consultation.map(({ code }) => code),
    'screening.contraindications': protocol.screening.contraindications.map(({ code }) => code),
    testsFirst: protocol.testsFirst.map(({ code }) => code),
    'preSession.precautions': protocol.preSession.precautions.map(({ code }) => code),
    'preSession.checks': protocol.preSession.checks.map(({ code }) => code),
    steps: protocol.steps.map(({ code }) => code),
    aftercare: protocol.aftercare.map(({ id }) => id),
    expectedReactions: protocol.expectedReactions.map(({ code }) => code),
    adverseEvents: protocol.adverseEvents.map(({ code }) => code),
    // A kind that comes twice would give two messages the same cause and kind, and so the same key.
    messages: protocol.messages.map((message) =>
      message.kind === 'precaution-notice' ? `${message.kind} ${message.precaution}` : message.kind,
    ),
  };
  return Object.entries(named).flatMap(([path, ids]) =>
    [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))].map((id) =>
      finding('duplicate-id', path, `${id} stands there more than once.`),
    ),
  );
}

function aftercareFindings({ aftercare }: Protocol): ProtocolFinding[] {
  return aftercare.flatMap((item, index) => {
    const path = `aftercare.${index}`;
    const restrictions = aftercare.filter((other) => other.act === 'avoid' && other.subject === item.subject);
    if (item.act === 'avoid') {
      return item.lasts !== null && item.free === null
        ? [finding('missing-all-clear-text', `${path}.free`, `${item.id} ends, and the all-clear has no words for it.`)]
        : [];
    }
    if (item.act === 'do') {
      return restrictions.map(({ id }) =>
        finding('avoid-and-do', path, `${item.id} asks for what ${id} asks to leave off.`),
      );
    }
    return restrictions
      .filter((other) => other.act === 'avoid' && (longestMs(other.lasts) ?? Infinity) > exactDurationMs(item.after))
      .map(({ id }) =>
        finding('permission-inside-restriction', path, `${item.id} permits what ${id} still restricts at that time.`),
      );
  });
}

function maintenanceFindings({ maintenance: rule }: Protocol): ProtocolFinding[] {
  if (rule.kind !== 'rhythm') return [];
  const windows: readonly (readonly [path: string, opens: IsoDuration, closes: IsoDuration])[] = [
    ['maintenance.firstCloses', rule.firstOpens, rule.firstCloses],
    ['maintenance.thenCloses', rule.thenOpens, rule.thenCloses],
    ...(rule.repeatCourse === null
      ? []
      : [['maintenance.repeatCourse.closes', rule.repeatCourse.opens, rule.repeatCourse.closes] as const]),
  ];
  return windows
    .filter(([, opens, closes]) => mayCloseBeforeItOpens(opens, closes))
    .map(([path, opens, closes]) =>
      finding('window-closes-before-it-opens', path, `A window from ${opens} to ${closes} closes before it opens.`),
    );
}

/** Months have no fixed length: a window from P30D to P1M fails only over February, so every anchor is tried. */
function mayCloseBeforeItOpens(opens: IsoDuration, closes: IsoDuration): boolean {
  const daysFromLeapToCommonYear = Array.from({ length: 2 * 366 }, (_, day) => addDays('2024-01-01', day));
  return daysFromLeapToCommonYear.some((anchor) => addDateDuration(anchor, closes) < addDateDuration(anchor, opens));
}

function messageFindings({ messages, preSession }: Protocol): ProtocolFinding[] {
  return messages.flatMap((message, index) => {
    if (message.kind !== 'precaution-notice') return [];
    const path = `messages.${index}`;
    const precaution = preSession.precautions.find(({ code }) => code === message.precaution);
    if (!precaution) return [finding('unknown-precaution', path, `No precaution has the code ${message.precaution}.`)];
    return exactDurationMs(message.before) < exactDurationMs(precaution.before)
      ? [finding('notice-too-late', path, `The notice comes when ${precaution.code} should already be kept.`)]
      : [];
  });
}
