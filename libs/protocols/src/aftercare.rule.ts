import { exactDurationMs, subtractExactDuration } from '#libs/kernel/src/iso-duration.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { longestMs, type AftercareItem } from './aftercare.schema.js';
import type { FactId } from './facts.js';
import type { Protocol } from './protocol.schema.js';
import type { Texts } from './rule.schema.js';
import type { Precaution } from './screening.schema.js';

/** Everything a plan says about one act or thing. */
export interface AftercareLine {
  readonly subject: string;
  readonly act: 'avoid' | 'do';
  readonly text: Texts;
  /** Null has no end. */
  readonly endsAt: Instant | null;
  /** What the all-clear says about it; null where there is nothing to announce. */
  readonly free: Texts | null;
  readonly itemIds: readonly string[];
  readonly facts: readonly FactId[];
}

export interface AftercarePermission {
  readonly subject: string;
  readonly text: Texts;
  readonly startsAt: Instant;
  readonly itemIds: readonly string[];
  readonly facts: readonly FactId[];
}

export interface AftercarePlan {
  readonly lines: readonly AftercareLine[];
  readonly permissions: readonly AftercarePermission[];
  /** When the last end is reached; null where no line ever ends. */
  readonly allClearAt: Instant | null;
}

export interface AllClear {
  readonly at: Instant;
  /** What is free again. */
  readonly free: readonly AftercareLine[];
  /** What has no end, to be said once more. */
  readonly goesOn: readonly AftercareLine[];
  /** What would be free, were it not already forbidden ahead of the next session. */
  readonly withheld: readonly { readonly line: AftercareLine; readonly precaution: Precaution }[];
}

type LastingItem = Exclude<AftercareItem, { act: 'allow' }>;
type PermittingItem = Extract<AftercareItem, { act: 'allow' }>;

/**
 * The instructions after a session, counted from its end: one line for each subject, which ends at the latest end of
 * its items; an item without an end keeps the line open, a range counts with its longer side (S3-A2, S3-A4). Lines
 * stand in the order in which the protocol first names their subject.
 */
export function aftercarePlan(protocol: Pick<Protocol, 'aftercare'>, sessionEnd: Instant): AftercarePlan {
  const lines = mergedLines(protocol.aftercare).map(({ lastsMs, ...line }) => ({
    ...line,
    endsAt: lastsMs === null ? null : after(sessionEnd, lastsMs),
  }));
  return {
    lines,
    permissions: protocol.aftercare.filter(isPermitting).map((item) => permission(item, sessionEnd)),
    allClearAt: lines.reduce<Instant | null>((latest, { endsAt }) => laterInstant(latest, endsAt), null),
  };
}

/**
 * What to say when the last end is reached: what is free again, and what goes on. A subject that a precaution of the
 * next session already forbids at that moment (aspirin, S0-P1) is withheld.
 * @returns null where no line ever ends.
 */
export function allClear(
  protocol: Pick<Protocol, 'preSession'>,
  plan: AftercarePlan,
  nextSession: Instant | null = null,
): AllClear | null {
  const at = plan.allClearAt;
  if (at === null) return null;
  const announced = plan.lines.filter(({ act, endsAt }) => act === 'avoid' && endsAt !== null);
  const judged = announced.map((line) => ({ line, precaution: precautionFor(protocol, line, at, nextSession) }));
  return {
    at,
    free: judged.filter(({ precaution }) => precaution === undefined).map(({ line }) => line),
    goesOn: plan.lines.filter(({ endsAt }) => endsAt === null),
    withheld: judged.flatMap(({ line, precaution }) => (precaution === undefined ? [] : [{ line, precaution }])),
  };
}

const isLasting = (item: AftercareItem): item is LastingItem => item.act !== 'allow';
const isPermitting = (item: AftercareItem): item is PermittingItem => item.act === 'allow';

const after = (instant: Instant, ms: number): Instant => new Date(Date.parse(instant) + ms).toISOString();

const laterInstant = (a: Instant | null, b: Instant | null): Instant | null =>
  a === null || b === null ? (a ?? b) : Date.parse(a) >= Date.parse(b) ? a : b;

/** A line as it is for every session. */
interface MergedLine extends Omit<AftercareLine, 'endsAt'> {
  readonly lastsMs: number | null;
}

/** Merged once for each protocol that is in memory: it is asked for with every session that messages are planned of. */
const merged = new WeakMap<readonly AftercareItem[], readonly MergedLine[]>();

function mergedLines(items: readonly AftercareItem[]): readonly MergedLine[] {
  const known = merged.get(items);
  if (known) return known;
  const lasting = items.filter(isLasting);
  const subjects = [...new Set(lasting.map(({ subject }) => subject))];
  const lines = subjects.map((subject) => mergedLine(lasting.filter((item) => item.subject === subject)));
  merged.set(items, lines);
  return lines;
}

function mergedLine(items: readonly LastingItem[]): MergedLine {
  const ends = items.map(({ lasts }) => longestMs(lasts));
  const lastsMs = ends.includes(null) ? null : Math.max(...(ends as number[]));
  // The text of what holds longest comes first: it is what remains of the line.
  const longestFirst = items.toSorted((a, b) => (longestMs(b.lasts) ?? Infinity) - (longestMs(a.lasts) ?? Infinity));
  const [first] = longestFirst as [LastingItem, ...LastingItem[]];
  return {
    subject: first.subject,
    // A draft may hold both by mistake (the linter refuses it): what is to be left off is then the safe reading.
    act: items.some(({ act }) => act === 'avoid') ? 'avoid' : 'do',
    text: joinedTexts(longestFirst.map(({ text }) => text)),
    lastsMs,
    free: freeTexts(longestFirst),
    itemIds: items.map(({ id }) => id),
    facts: [...new Set(items.flatMap(({ facts }) => facts))],
  };
}

function freeTexts(items: readonly LastingItem[]): Texts | null {
  const texts = items.flatMap((item) => (item.act === 'avoid' && item.free !== null ? [item.free] : []));
  return texts.length === 0 ? null : joinedTexts(texts);
}

/** Different sentences about the same thing are all said; the same sentence is said once. */
function joinedTexts(texts: readonly Texts[]): Texts {
  const languages = [...new Set(texts.flatMap((text) => Object.keys(text)))];
  const sentences = (language: string): string[] => texts.flatMap((text) => text[language] ?? []);
  return Object.fromEntries(languages.map((language) => [language, [...new Set(sentences(language))].join(' ')]));
}

const permission = ({ subject, text, after: wait, id, facts }: PermittingItem, end: Instant): AftercarePermission => ({
  subject,
  text,
  startsAt: after(end, exactDurationMs(wait)),
  itemIds: [id],
  facts,
});

function precautionFor(
  { preSession }: Pick<Protocol, 'preSession'>,
  line: AftercareLine,
  at: Instant,
  nextSession: Instant | null,
): Precaution | undefined {
  if (nextSession === null || Date.parse(nextSession) <= Date.parse(at)) return undefined;
  return preSession.precautions.find(
    ({ subject, before }) =>
      subject === line.subject && Date.parse(subtractExactDuration(nextSession, before)) <= Date.parse(at),
  );
}
