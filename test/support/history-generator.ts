import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes old histories: the same seed gives the same files. They are written the way clinic software exports, and have
 * wrong, repeated and impossible lines of every kind that the import format speaks of.
 */

export type HistoryTexts = Record<string, string>;

export interface HistoryOptions {
  readonly seed: number;
  readonly courses: number;
  /** Share of lines that get a fault; about every thirtieth in real exports. */
  readonly faults?: number;
}

export async function writeHistory(folder: string, texts: HistoryTexts): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(texts)) await writeFile(join(folder, `${file}.csv`), text);
}

const COLUMNS: Record<string, readonly string[]> = {
  sites: ['site_code', 'name', 'time_zone', 'language'],
  practitioners: ['practitioner_code', 'name', 'role', 'procedures', 'valid_from', 'valid_to'],
  patients: [
    'patient_code',
    'family_name',
    'given_name',
    'birth_date',
    'sex',
    'phone',
    'email',
    'language',
    'channel',
    'contact_consent',
    'allergies',
    'conditions',
    'medications',
  ],
  lots: ['site_code', 'product', 'lot_number', 'gtin', 'expires_on', 'received_on', 'ingredients'],
  courses: [
    'course_code',
    'patient_code',
    'site_code',
    'practitioner_code',
    'protocol',
    'consulted_at',
    'consent_signed_on',
    'planned_sessions',
    'status',
    'stop_reason',
  ],
  sessions: [
    'course_code',
    'number',
    'kind',
    'site_code',
    'practitioner_code',
    'planned_at',
    'status',
    'performed_at',
    'duration_min',
    'areas',
    'device',
    'depth_mm',
    'product',
    'lot_number',
    'volume_ml',
    'pain_score',
    'reactions',
  ],
  followups: ['course_code', 'at', 'site_code', 'kind', 'reactions', 'adverse_event', 'severity', 'outcome_score'],
};

const SITES = [
  ['IST1', 'Nişantaşı', 'Europe/Istanbul', 'tr'],
  ['LON1', 'Marylebone, London', 'Europe/London', 'en'],
  ['VAN1', 'Kitsilano', 'America/Vancouver', 'en'],
  ['NYC1', 'Midtown "East"', 'America/New_York', 'en'],
  ['LHI1', 'Lord Howe', 'Australia/Lord_Howe', ''],
] as const;
const PROTOCOLS = [
  'facial',
  'general',
  'hair',
  'slimming-and-cellulite',
  'chin-and-neck-fat',
  'stepwise',
  'clinic-faq',
];
const PRODUCTS: Record<string, string> = {
  'GlowMeso HA': 'hyaluronic acid;vitamin C',
  HairVita: 'biotin; dexpanthenol ;zinc',
  'Lipo, "Sol"': 'phosphatidylcholine',
};
const LOTS = ['A24', 'B25', 'C26'];
/** Skipped at one of the sites; and shown twice. */
const SKIPPED = ['2026-03-29T01:30', '2025-03-09T02:30', '2025-10-05T02:15'];
const TWICE = ['2025-10-26T01:30', '2025-11-02T01:15', '2026-04-05T01:45'];

type Row = Record<string, string>;

/** A small generator of random numbers (mulberry32): the point is that a seed gives the same history everywhere. */
class Dice {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

export function generateHistory({ seed, courses, faults = 0.04 }: HistoryOptions): HistoryTexts {
  const dice = new Dice(seed);
  const patients = Math.max(3, Math.ceil(courses * 0.7));
  const rows = {
    sites: siteRows(dice),
    practitioners: practitionerRows(dice),
    patients: patientRows(dice, patients),
    lots: lotRows(dice),
    ...courseRows(dice, courses, patients),
  };
  const texts: HistoryTexts = {};
  for (const [file, good] of Object.entries(rows))
    texts[file] = textOf(dice, file, withFaults(dice, file, good, faults));
  return texts;
}

const pad = (value: number, width: number) => String(value).padStart(width, '0');
const dayAt = (day: number) => new Date(Date.UTC(2024, 9, 1) + day * 86_400_000).toISOString().slice(0, 10);

const siteRows = (dice: Dice): Row[] => [
  ...SITES.map(([site_code, name, time_zone, language]) => ({ site_code, name, time_zone, language })),
  { site_code: 'BAD1', name: 'Nowhere', time_zone: 'Europe/Atlantis', language: dice.one(['en', '']) },
];

function practitionerRows(dice: Dice): Row[] {
  const rows = Array.from({ length: 10 }, (_, n) => ({
    practitioner_code: `P${pad(n, 2)}`,
    name: dice.one(['Zoë García', 'Emre Yılmaz', "O'Neill, Mary", 'Chloé  Nguyễn']),
    role: dice.one(['physician', 'nurse']),
    procedures: PROTOCOLS.filter(() => dice.chance(0.85)).join(dice.one([';', '; '])) || 'facial',
    valid_from: dice.one(['2023-01-01', '2025-02-01']),
    valid_to: dice.one(['', '2028-12-31', '2026-03-31']),
  }));
  return [...rows, { ...(rows[0] as Row), practitioner_code: 'P97', procedures: 'facial;botox' }];
}

function patientRows(dice: Dice, count: number): Row[] {
  return Array.from({ length: count }, (_, n) => ({
    patient_code: `PT${pad(n + 1, 5)}`,
    family_name: dice.one(['Kaya', 'Smith, Jr.', 'Ó Briain', 'Müller', 'Şahin']),
    given_name: dice.one(['Zoë', 'José', 'Linh', 'Mary\nAnn']),
    birth_date: `${dice.between(1950, 2004)}-${pad(dice.between(1, 12), 2)}-${pad(dice.between(1, 28), 2)}`,
    sex: dice.one(['female', 'male', 'other', 'unknown', '']),
    phone: dice.one(['', `+90532${pad(dice.below(10_000_000), 7)}`]),
    email: dice.one(['', `pt${n}@example.org`]),
    language: dice.one(['en', 'tr', 'fr', 'pt-BR', '']),
    channel: dice.one(['email', 'sms', 'none']),
    contact_consent: dice.one(['yes', 'no']),
    allergies: dice.chance(0.1) ? dice.one(['latex', 'Biotin', 'HYALURONIC ACID;latex', 'acid', 'zinc ; ']) : '',
    conditions: dice.chance(0.1)
      ? dice.one(['pregnancy', 'migraine', 'eczema;immune-disorder', 'severe-psoriasis'])
      : '',
    medications: dice.chance(0.1) ? dice.one(['warfarin', 'ibuprofen', 'levothyroxine;heparin']) : '',
  }));
}

function lotRows(dice: Dice): Row[] {
  const rows: Row[] = [];
  for (const [site_code] of SITES) {
    for (const [product, ingredients] of Object.entries(PRODUCTS)) {
      LOTS.forEach((lot_number, n) => {
        if (dice.chance(0.25)) return;
        const received = 20 + n * 180 + dice.below(60);
        const expires_on = dayAt(received + dice.between(120, 700));
        rows.push({
          site_code,
          product,
          lot_number,
          gtin: dice.one(['', '08690000000017']),
          expires_on,
          received_on: dayAt(received),
          ingredients,
        });
      });
    }
  }
  return rows;
}

function courseRows(
  dice: Dice,
  count: number,
  patients: number,
): { courses: Row[]; sessions: Row[]; followups: Row[] } {
  const courses: Row[] = [];
  const sessions: Row[] = [];
  const followups: Row[] = [];
  for (let n = 1; n <= count; n += 1) {
    const course_code = `C${pad(n, 6)}`;
    const site_code = dice.one(SITES)[0];
    const practitioner_code = `P${pad(dice.below(10), 2)}`;
    const protocol = dice.chance(0.35) ? 'facial' : dice.one(PROTOCOLS);
    const start = dice.between(0, 650);
    const planned = dice.chance(0.1) ? dice.one([1, 3, 11, 18]) : dice.between(4, 6);
    const status = dice.one(['active', 'completed', 'completed', 'completed', 'stopped']);
    const first = start + dice.between(0, 14);
    const consent = dice.one([dayAt(start), dayAt(start), dayAt(start), dayAt(first), dayAt(first + 1), '']);
    courses.push({
      course_code,
      patient_code: `PT${pad(dice.between(1, patients), 5)}`,
      site_code,
      practitioner_code,
      protocol,
      consulted_at: `${dayAt(start)}T${pad(dice.between(8, 17), 2)}:15`,
      consent_signed_on: consent,
      planned_sessions: String(planned),
      status,
      stop_reason:
        status === 'stopped' ? dice.one(['moved away', "side effects, patient's wish", 'a\n"quoted"\nreason', '']) : '',
    });
    const made = sessionRows(dice, { course_code, site_code, practitioner_code, protocol, planned, status, first });
    sessions.push(...made);
    if (dice.chance(0.4)) followups.push(followupRow(dice, course_code, site_code, first + dice.between(20, 120)));
  }
  // Exports are not sorted: some lines come long after the others of their course.
  for (let n = 0; n < sessions.length / 5; n += 1) {
    const [from, to] = [dice.below(sessions.length), dice.below(sessions.length)];
    [sessions[from], sessions[to]] = [sessions[to] as Row, sessions[from] as Row];
  }
  return { courses, sessions, followups };
}

interface Course {
  readonly course_code: string;
  readonly site_code: string;
  readonly practitioner_code: string;
  readonly protocol: string;
  readonly planned: number;
  readonly status: string;
  readonly first: number;
}

function sessionRows(dice: Dice, course: Course): Row[] {
  const rows: Row[] = [];
  let day = course.first;
  const until = course.status === 'completed' ? course.planned : dice.between(0, course.planned);
  for (let number = 1; number <= until; number += 1) {
    const outcome = dice.chance(0.06) ? dice.one(['missed', 'cancelled', 'planned']) : 'performed';
    rows.push(sessionRow(dice, course, number, 'course', day, outcome));
    day += course.protocol === 'facial' ? dice.one([14, 14, 14, 13, 16]) : dice.one([7, 8, 9, 10, 6, 12]);
  }
  if (course.status === 'completed' && dice.chance(0.4)) {
    for (let number = 1; number <= dice.between(1, 3); number += 1) {
      day += dice.between(60, 200);
      rows.push(sessionRow(dice, course, number, 'maintenance', day, 'performed'));
    }
  }
  return rows;
}

function sessionRow(dice: Dice, course: Course, number: number, kind: string, day: number, status: string): Row {
  const away = dice.chance(0.1);
  const site_code = away ? dice.one(SITES)[0] : course.site_code;
  const at = `${dayAt(day)}T${pad(dice.between(9, 18), 2)}:${dice.one(['00', '20', '40'])}`;
  const performed = status === 'performed';
  const when = (value: string) => (performed ? value : '');
  return {
    course_code: course.course_code,
    number: String(number),
    kind,
    site_code,
    practitioner_code: away ? `P${pad(dice.below(10), 2)}` : course.practitioner_code,
    planned_at: status === 'planned' || dice.chance(0.9) ? at : '',
    status,
    performed_at: when(dice.chance(0.02) ? dice.one(TWICE) : at),
    duration_min: when(dice.one(['30', '45', '60', '29', '61', ''])),
    areas: when(dice.one(['chin', 'cheeks;forehead', ''])),
    device: when(dice.one(['needle', 'microneedle-device', 'mechanical-gun', 'needle-free'])),
    depth_mm: when(dice.one(['1', '2.5', '4', '0.5', '4.5', '6.0', ''])),
    product: when(dice.one(Object.keys(PRODUCTS))),
    lot_number: when(dice.chance(0.05) ? 'ZZ9999X' : dice.one(LOTS)),
    volume_ml: when(dice.one(['2.5', '0.9', ''])),
    pain_score: when(dice.one(['0', '10', '4', ''])),
    reactions: when(dice.one(['', 'redness', 'redness;swelling'])),
  };
}

const followupRow = (dice: Dice, course_code: string, site_code: string, day: number): Row => {
  const adverse_event = dice.one(['', '', 'infection', 'allergic-reaction']);
  return {
    course_code,
    at: `${dayAt(day)}T09:30`,
    site_code,
    kind: dice.one(['remote', 'in-person']),
    reactions: dice.one(['', 'bruising', 'redness;itching']),
    adverse_event,
    severity: adverse_event === '' ? '' : dice.one(['mild', 'moderate', 'severe']),
    outcome_score: dice.one(['', '1', '3', '5']),
  };
};

/** What may be wrong in a column: values that cannot be understood there. */
const WRONG: Record<string, readonly string[]> = {
  site_code: ['UNKNOWN', 'BAD1', ''],
  practitioner_code: ['P99', 'P97', ''],
  patient_code: ['UNKNOWN', ''],
  course_code: ['C999999', ''],
  name: ['', '  '],
  time_zone: ['', 'Mars/Olympus'],
  role: ['', 'surgeon', 'Nurse'],
  procedures: ['', 'botox', 'facial,hair'],
  valid_from: ['', '2025-02-29', '01.02.2025'],
  valid_to: ['2025-13-01'],
  family_name: [''],
  birth_date: ['', '1990-00-10', '1990-6-1'],
  channel: ['', 'fax'],
  contact_consent: ['', 'maybe', 'Yes'],
  product: [''],
  lot_number: [''],
  expires_on: ['', '2026-02-30'],
  received_on: ['', '2025-04-31'],
  protocol: ['', 'UNKNOWN'],
  consulted_at: ['', '2025-02-29T10:00', ...SKIPPED],
  consent_signed_on: ['2025-06-31'],
  planned_sessions: ['', '0', '-1', 'four', '4.5'],
  status: ['', 'done'],
  number: ['', '0', 'x'],
  kind: ['', 'other'],
  planned_at: ['', '2025-02-30T10:00', '2025-02-20', ...SKIPPED],
  performed_at: ['', '2025-04-31T10:00', '2025-04-30T25:00', ...SKIPPED],
  duration_min: ['half an hour', '-5'],
  device: ['', 'laser'],
  depth_mm: ['deep', '2,5'],
  volume_ml: ['-1', '1 ml'],
  pain_score: ['11', '-1', '2.5'],
  reactions: ['sadness', 'redness;sadness'],
  at: ['', '2025-02-29T09:30', ...SKIPPED],
  adverse_event: ['hiccups'],
  severity: ['fatal'],
  outcome_score: ['0', '6'],
};

type Line = Row | string;

/**
 * Puts faults among good rows. A row with a wrong value mostly stands for the good one, and now and then before it: the
 * refused line holds no identity, so that the good one goes in.
 */
function withFaults(dice: Dice, file: string, good: readonly Row[], share: number): Line[] {
  const lines: Line[] = [];
  for (const row of good) {
    if (!dice.chance(share)) {
      lines.push(row);
      continue;
    }
    const columns = Object.keys(row);
    const wrongColumn = dice.one(columns.filter((column) => WRONG[column]));
    const wrong = { ...row, [wrongColumn]: dice.one(WRONG[wrongColumn] as readonly string[]) };
    const changedColumn = columns.at(file === 'sites' ? 1 : -1) as string;
    switch (dice.below(7)) {
      case 0:
        lines.push(wrong, row);
        break;
      case 1:
        lines.push(row, { ...row });
        break;
      case 2:
        lines.push(row, {
          ...row,
          [changedColumn]: `${row[changedColumn]}`.trim() === 'redness' ? '' : (CHANGED[file] ?? ''),
        });
        break;
      case 3:
        lines.push(row, padded(row));
        break;
      case 4:
        lines.push(dice.one(['too,few', 'a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t']), row);
        break;
      default:
        lines.push(wrong);
    }
  }
  // The same lines again, long after.
  for (const line of lines.slice(0, Math.ceil(lines.length * share * 0.3))) lines.push(line);
  return lines;
}

/** Another valid value for the column in which a line with the same identity differs. */
const CHANGED: Record<string, string> = {
  sites: 'Elsewhere',
  practitioners: '2030-01-01',
  patients: 'aspirin',
  lots: 'water',
  courses: 'changed',
  sessions: 'redness',
  followups: '2',
};

const padded = (row: Row): Row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, ` ${value} `]));

function textOf(dice: Dice, file: string, lines: readonly Line[]): string {
  const columns = [...(COLUMNS[file] as readonly string[])];
  if (dice.chance(0.3)) columns.sort(() => dice.next() - 0.5);
  const newline = dice.one(['\n', '\r\n']);
  const quoteAll = dice.chance(0.2);
  const quoted = (value: string) => (quoteAll || /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const text = [
    columns.join(','),
    ...lines.map((line) =>
      typeof line === 'string' ? line : columns.map((column) => quoted(line[column] as string)).join(','),
    ),
  ].join(newline);
  return `${dice.one(['', '\uFEFF'])}${text}${dice.one(['', newline])}`;
}
