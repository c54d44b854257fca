import {
  CREDENTIAL_FROM,
  kindOf,
  LOT_RECEIVED_ON,
  numberOf,
  PLANNED_AT,
  type Recorded,
  recordedAtOf,
  saidWallOf,
  wallOf,
} from './corrected-course.js';

/**
 * Where a course stood as of a time and as known at a time, computed in the plainest way from what was recorded. It
 * shares no code with the product on purpose.
 */
export interface CourseByHand {
  readonly planned: number;
  readonly status: 'active' | 'completed';
  readonly performed: number;
  readonly maintenancePerformed: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly nextEarliest: string | null;
  readonly maintenance: { readonly opens: string; readonly closes: string } | null;
  readonly deviations: Record<string, number>;
  /** Performed ones by their times, then those that are only booked. */
  readonly sessions: readonly {
    readonly kind: string;
    readonly number: number;
    readonly status: string;
    readonly at: string;
  }[];
  readonly followUps: readonly { readonly at: string; readonly outcomeScore: number }[];
}

interface Entry {
  readonly n: number;
  readonly recorded: Recorded;
  /** An instant. */
  readonly occurred: string;
  readonly day: number;
  readonly score: number;
}

/** Istanbul is three hours ahead the whole year. */
const instantOf = (wall: string): string => new Date(`${wall}:00+03:00`).toISOString();

/** What stood of the things that were recorded by a time, as it read then. */
export function entriesByHand(history: readonly Recorded[], asOf: string, knownAt: string): Entry[] {
  const known = history.map((recorded, n) => ({ recorded, n })).filter(({ n }) => recordedAtOf(n) <= knownAt);
  const retracted = new Set(known.flatMap(({ recorded }) => (recorded.what === 'retract' ? [recorded.entry] : [])));
  const entries: Entry[] = [];
  for (const { recorded, n } of known) {
    if (recorded.what === 'retract' || recorded.what === 'correct' || retracted.has(n)) continue;
    const corrections = known.filter(
      (each) => each.recorded.what === 'correct' && each.recorded.entry === n && !retracted.has(each.n),
    );
    const latest = corrections.length > 0 ? corrections[corrections.length - 1]?.recorded : undefined;
    const said = {
      ...recorded,
      ...(latest && { day: (latest as { day: number }).day, score: (latest as { score: number }).score }),
    };
    const { day, score } = said as { day?: number; score?: number };
    const unsaid = recorded.what === 'plan' ? instantOf(PLANNED_AT) : recordedAtOf(n);
    const occurred = day === undefined ? unsaid : instantOf(saidWallOf(recorded, day));
    if (occurred <= asOf) entries.push({ n, recorded, occurred, day: day ?? 0, score: score ?? 0 });
  }
  return entries;
}

/** What a timeline shows of the course, each thing by its place in what was recorded. */
export interface ShownByHand {
  readonly n: number;
  readonly occurred: string;
  /** When it occurred as it was entered; null where nothing has corrected it. */
  readonly entered: string | null;
  /** In the order of recording, each with what took it back. */
  readonly corrections: readonly (readonly [n: number, retractedBy: number | null])[];
  readonly retractedBy: number | null;
}

/** As `entriesByHand`, with what was taken back, in the order in which things occurred. */
export function timelineByHand(history: readonly Recorded[], asOf: string, knownAt: string): ShownByHand[] {
  const known = history.map((recorded, n) => ({ recorded, n })).filter(({ n }) => recordedAtOf(n) <= knownAt);
  const about = (what: Recorded['what'], n: number) =>
    known.filter((each) => each.recorded.what === what && (each.recorded as { entry?: number }).entry === n);
  const retractedBy = (n: number) => about('retract', n)[0]?.n ?? null;
  const occurredOf = ({ recorded, n }: { recorded: Recorded; n: number }) => {
    if (recorded.what === 'plan') return instantOf(PLANNED_AT);
    const entry = recorded.what === 'correct' ? (history[recorded.entry] as Recorded) : recorded;
    return 'day' in recorded ? instantOf(saidWallOf(entry, recorded.day)) : recordedAtOf(n);
  };
  const shown: ShownByHand[] = [];
  for (const each of known) {
    if (['correct', 'retract', 'receive', 'credential'].includes(each.recorded.what)) continue;
    const corrections = about('correct', each.n);
    const standing = corrections.filter(({ n }) => retractedBy(n) === null);
    const occurred = occurredOf(standing[standing.length - 1] ?? each);
    if (occurred > asOf) continue;
    shown.push({
      n: each.n,
      occurred,
      entered: corrections.length > 0 ? occurredOf(each) : null,
      corrections: corrections.map(({ n }) => [n, retractedBy(n)] as const),
      retractedBy: retractedBy(each.n),
    });
  }
  return shown.sort((a, b) => (a.occurred === b.occurred ? a.n - b.n : a.occurred < b.occurred ? -1 : 1));
}

/** @returns undefined where the course was not planned by then */
export function courseByHand(history: readonly Recorded[], asOf: string, knownAt: string): CourseByHand | undefined {
  // What a fold takes depends on nothing but what is in it: it is put in the order in which it occurred.
  const entries = entriesByHand(history, asOf, knownAt).sort((a, b) =>
    a.occurred === b.occurred ? a.n - b.n : a.occurred < b.occurred ? -1 : 1,
  );
  const has = (what: string) => entries.some(({ recorded }) => recorded.what === what);
  if (!has('plan')) return undefined;
  const sessions = entries.flatMap(({ recorded, day }) =>
    recorded.what === 'perform' ? [{ k: recorded.session, date: wallOf(day).slice(0, 10), at: wallOf(day) }] : [],
  );
  const byTime = [...sessions].sort((a, b) => (a.at === b.at ? numberOf(a.k) - numberOf(b.k) : a.at < b.at ? -1 : 1));
  const course = byTime.filter(({ k }) => kindOf(k) === 'course').map(({ date }) => date);
  const upkeep = byTime.filter(({ k }) => kindOf(k) === 'maintenance').map(({ date }) => date);
  const first = course[0] ?? null;
  const last = course[course.length - 1] ?? null;
  const plans = entries.flatMap(({ recorded }) => (recorded.what === 'change-plan' ? [recorded.sessions] : []));
  const planned = plans[plans.length - 1] ?? 4;
  const completed = has('complete');
  const latestUpkeep = upkeep[upkeep.length - 1];
  let maintenance: CourseByHand['maintenance'] = null;
  if (completed && !has('decline') && first !== null && last !== null) {
    maintenance =
      latestUpkeep === undefined
        ? { opens: [months(first, 3), days(last, 14)].sort()[1] as string, closes: months(first, 6) }
        : { opens: months(latestUpkeep, 2), closes: months(latestUpkeep, 6) };
  }
  const done = new Set(sessions.map(({ k }) => k));
  const booked = entries.flatMap(({ recorded }) =>
    recorded.what === 'book' && !done.has(recorded.session) ? [recorded.session] : [],
  );
  return {
    planned,
    status: completed ? 'completed' : 'active',
    performed: course.length,
    maintenancePerformed: upkeep.length,
    first,
    last,
    nextEarliest: !completed && last !== null && course.length < planned ? days(last, 14) : null,
    maintenance,
    deviations: deviations({ planned, course, all: sessions.map(({ date }) => date), history, knownAt }),
    sessions: [
      ...byTime.map(({ k, at }) => ({ kind: kindOf(k), number: numberOf(k), status: 'performed', at })),
      ...booked
        .sort((a, b) => numberOf(a) - numberOf(b) || a - b)
        .map((k) => ({ kind: kindOf(k), number: numberOf(k), status: 'booked', at: '2033-01-01T10:00' })),
    ],
    followUps: entries.flatMap(({ recorded, day, score }) =>
      recorded.what === 'follow-up' ? [{ at: wallOf(day), outcomeScore: score }] : [],
    ),
  };
}

/** What was known of the lot and of the credential counts by its own date, whenever it occurred that somebody entered it. */
function deviations(of: {
  readonly planned: number;
  readonly course: readonly string[];
  readonly all: readonly string[];
  readonly history: readonly Recorded[];
  readonly knownAt: string;
}): Record<string, number> {
  const isKnown = (what: string) => of.history.some((each, n) => each.what === what && recordedAtOf(n) <= of.knownAt);
  const gaps = of.course
    .slice(1)
    .map((date, n) => Math.round((Date.parse(date) - Date.parse(of.course[n] as string)) / 86_400_000));
  const counts: Record<string, number> = {
    'session-count': of.planned < 4 || of.planned > 5 ? 1 : 0,
    'interval-short': gaps.filter((gap) => gap < 14).length,
    'interval-long': gaps.filter((gap) => gap > 14).length,
    'lot-not-received': of.all.filter((date) => !isKnown('receive') || date < LOT_RECEIVED_ON).length,
    credential: of.all.filter((date) => !isKnown('credential') || date < CREDENTIAL_FROM).length,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const days = (date: string, count: number): string =>
  new Date(Date.parse(date) + count * 86_400_000).toISOString().slice(0, 10);

function months(date: string, count: number): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month - 1 + count + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + count, Math.min(day, last))).toISOString().slice(0, 10);
}
