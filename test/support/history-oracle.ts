import { parse } from 'csv-parse/sync';
import moment from 'moment-timezone';

/**
 * What an import of an old history must report, and what the lists must say afterwards, computed in the plainest way from
 * the rules of the import format alone. It shares no code with the product on purpose; zone rules are the one exception.
 */

export interface OracleReport {
  readonly files: Record<string, { lines: number; accepted: number; refused: number; repeated: number }>;
  /** In the order of files and lines, without reasons: those are for people. */
  readonly refused: { file: string; line: number; column: string | null; value: string }[];
  /** Wall times of accepted lines that occurred twice. */
  readonly twice: { file: string; line: number; column: string }[];
}

export interface OracleCourse {
  readonly course: string;
  readonly protocol: string;
  readonly planned: number;
  readonly performed: number;
  readonly maintenancePerformed: number;
  readonly status: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly nextEarliest: string | null;
  readonly maintenance: { opens: string; closes: string; state: string } | null;
  readonly deviations: Record<string, number>;
}

export interface OracleLot {
  readonly product: string;
  readonly lot: string;
  readonly sessions: number;
  readonly patients: number;
  readonly sites: string[];
  readonly expired: number;
}

type Row = Record<string, string>;
interface Line {
  line: number;
  raw: Row;
  row: Row;
}

const ORDER = ['sites', 'practitioners', 'patients', 'lots', 'courses', 'sessions', 'followups'];

const IDENTITY: Record<string, string[]> = {
  sites: ['site_code'],
  practitioners: ['practitioner_code'],
  patients: ['patient_code'],
  lots: ['site_code', 'product', 'lot_number'],
  courses: ['course_code'],
  sessions: ['course_code', 'kind', 'number'],
  followups: ['course_code', 'at'],
};

interface ProtocolFacts {
  readonly count: [number, number];
  readonly interval: [number, number];
  readonly depth: [number, number] | null;
}
const ANY = Number.POSITIVE_INFINITY;
const PROTOCOLS: Record<string, ProtocolFacts> = {
  facial: { count: [4, 5], interval: [14, 14], depth: [1, 4] },
  general: { count: [4, ANY], interval: [7, 10], depth: [1, 4] },
  hair: { count: [4, ANY], interval: [7, 10], depth: [1, 4] },
  'slimming-and-cellulite': { count: [4, ANY], interval: [7, 10], depth: null },
  'chin-and-neck-fat': { count: [4, ANY], interval: [7, 10], depth: null },
  stepwise: { count: [3, 15], interval: [7, 10], depth: [1, 4] },
  'clinic-faq': { count: [4, 10], interval: [7, 10], depth: [1, 4] },
};
const BLOCKING_CONDITIONS = [
  'pregnancy',
  'breastfeeding',
  'cardiovascular-disease',
  'immune-disorder',
  'uncontrolled-diabetes',
  'severe-psoriasis',
];
const ANTICOAGULANTS =
  'warfarin, heparin, enoxaparin, apixaban, rivaroxaban, dabigatran, edoxaban, dalteparin, fondaparinux, acenocoumarol, phenprocoumon'.split(
    ', ',
  );

// Values

const items = (value: string) =>
  value
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const isDate = (value: string) => moment.utc(value, 'YYYY-MM-DD', true).isValid();
const isWall = (value: string) => moment.utc(value, 'YYYY-MM-DDTHH:mm', true).isValid();
const isCount = (value: string) => /^\d+$/.test(value) && Number(value) > 0;
const isNumber = (value: string) => /^\d+(\.\d+)?$/.test(value);
const among = (list: string) => (value: string) => list.split(' ').includes(value);
const allAmong = (list: string) => (value: string) => items(value).every(among(list));
const exists = (wall: string, zone: string) => moment.tz(wall, zone).format('YYYY-MM-DDTHH:mm') === wall;
const twice = (wall: string, zone: string) => {
  // One that occurred twice is shown again an hour, or on Lord Howe half an hour, later.
  const first = moment.tz(wall, zone);
  return [30, 60].some((minutes) => first.clone().add(minutes, 'minutes').format('YYYY-MM-DDTHH:mm') === wall);
};
const instant = (wall: string, zone: string) => moment.tz(wall, zone).valueOf();

const CODES = Object.keys(PROTOCOLS).join(' ');
const FORM: Record<string, (value: string) => boolean> = {
  time_zone: (value) => moment.tz.zone(value) !== null,
  role: among('physician nurse'),
  procedures: allAmong(CODES),
  protocol: among(CODES),
  valid_from: isDate,
  valid_to: isDate,
  birth_date: isDate,
  expires_on: isDate,
  received_on: isDate,
  consent_signed_on: isDate,
  channel: among('email sms none'),
  contact_consent: among('yes no'),
  consulted_at: isWall,
  planned_at: isWall,
  performed_at: isWall,
  at: isWall,
  planned_sessions: isCount,
  number: isCount,
  device: among('needle microneedle-device mechanical-gun needle-free'),
  duration_min: isCount,
  depth_mm: isNumber,
  volume_ml: isNumber,
  pain_score: (value) => /^\d+$/.test(value) && Number(value) <= 10,
  outcome_score: among('1 2 3 4 5'),
  reactions: allAmong('redness swelling bruising pain itching'),
  adverse_event: among('infection scarring allergic-reaction haematoma necrosis other'),
  severity: among('mild moderate severe'),
};
const LISTS: Record<string, (value: string) => boolean> = {
  'courses status': among('active completed stopped'),
  'sessions status': among('planned performed missed cancelled'),
  'sessions kind': among('course maintenance'),
  'followups kind': among('remote in-person'),
};
const COLUMNS: Record<string, string> = {
  sites: 'site_code name time_zone language',
  practitioners: 'practitioner_code name role procedures valid_from valid_to',
  patients:
    'patient_code family_name given_name birth_date sex phone email language channel contact_consent allergies conditions medications',
  lots: 'site_code product lot_number gtin expires_on received_on ingredients',
  courses:
    'course_code patient_code site_code practitioner_code protocol consulted_at consent_signed_on planned_sessions status stop_reason',
  sessions:
    'course_code number kind site_code practitioner_code planned_at status performed_at duration_min areas device depth_mm product lot_number volume_ml pain_score reactions',
  followups: 'course_code at site_code kind reactions adverse_event severity outcome_score',
};
const REQUIRED: Record<string, string> = {
  sites: 'site_code name time_zone',
  practitioners: 'practitioner_code name role procedures valid_from',
  patients: 'patient_code family_name given_name birth_date channel contact_consent',
  lots: 'site_code product lot_number expires_on received_on',
  courses: 'course_code patient_code site_code practitioner_code protocol consulted_at planned_sessions status',
  sessions: 'course_code number kind site_code practitioner_code status',
  followups: 'course_code at site_code kind',
};
const WALL_COLUMNS = ['consulted_at', 'planned_at', 'performed_at', 'at'];
const REFERS: Record<string, string> = {
  site_code: 'sites',
  practitioner_code: 'practitioners',
  patient_code: 'patients',
  course_code: 'courses',
};

export class HistoryOracle {
  readonly report: OracleReport = { files: {}, refused: [], twice: [] };
  private readonly accepted: Record<string, Map<string, Line>> = {};

  /** @param texts the text of each file by its name without `.csv`; missing files have no lines */
  constructor(texts: Readonly<Record<string, string>>) {
    for (const file of ORDER) this.read(file, texts[file]);
  }

  private read(file: string, text: string | undefined): void {
    const counts = { lines: 0, accepted: 0, refused: 0, repeated: 0 };
    this.report.files[file] = counts;
    const accepted = new Map<string, Line>();
    this.accepted[file] = accepted;
    if (text === undefined) return;
    for (const { line, raw, row, broken } of linesOf(text)) {
      counts.lines += 1;
      const column = broken === undefined ? this.faultyColumn(file, row) : null;
      const identity = JSON.stringify(
        (IDENTITY[file] as string[]).map((name) => (name === 'number' ? Number(row[name]) : row[name])),
      );
      const holder = accepted.get(identity);
      if (column !== undefined) {
        counts.refused += 1;
        this.report.refused.push({
          file,
          line,
          column,
          value: column === null ? (broken as string) : (raw[column] as string),
        });
      } else if (!holder) {
        counts.accepted += 1;
        accepted.set(identity, { line, raw, row });
        for (const name of WALL_COLUMNS) {
          if (row[name] && twice(row[name], this.zone(row.site_code as string)))
            this.report.twice.push({ file, line, column: name });
        }
      } else if ((COLUMNS[file] as string).split(' ').every((name) => holder.row[name] === row[name])) {
        counts.repeated += 1;
      } else {
        counts.refused += 1;
        const first = (IDENTITY[file] as string[])[0] as string;
        this.report.refused.push({ file, line, column: first, value: raw[first] as string });
      }
    }
  }

  private faultyColumn(file: string, row: Row): string | undefined {
    const required = (REQUIRED[file] as string).split(' ');
    if (row.status === 'performed') required.push('performed_at', 'device', 'product', 'lot_number');
    if (row.status === 'planned') required.push('planned_at');
    const columns = (COLUMNS[file] as string).split(' ');
    return columns.find((column) => {
      const value = row[column] as string;
      if (value === '') return required.includes(column);
      const form = LISTS[`${file} ${column}`] ?? FORM[column];
      if (form && !form(value)) return true;
      const refersTo = REFERS[column];
      if (refersTo && refersTo !== file && !this.known(refersTo, value)) return true;
      const site = row.site_code as string;
      return WALL_COLUMNS.includes(column) && this.known('sites', site) && !exists(value, this.zone(site));
    });
  }

  private known(file: string, code: string): Row | undefined {
    return this.accepted[file]?.get(JSON.stringify([code]))?.row;
  }

  private zone(site: string): string {
    return this.known('sites', site)?.time_zone as string;
  }

  private rows(file: string): Row[] {
    return [...(this.accepted[file] as Map<string, Line>).values()].map(({ row }) => row);
  }

  /** Performed sessions, in the order of their instants, then numbers. */
  private performed(): Row[] {
    return this.rows('sessions')
      .filter((row) => row.status === 'performed')
      .sort((a, b) => this.instantOf(a) - this.instantOf(b) || Number(a.number) - Number(b.number));
  }

  private instantOf(session: Row): number {
    return instant(session.performed_at as string, this.zone(session.site_code as string));
  }

  /** What `pistor courses --json` prints, by lines; `today` is the date at a site in the zone. */
  courses(today: (zone: string) => string): OracleCourse[] {
    const byCourse = new Map<string, Row[]>();
    for (const session of this.performed()) {
      const code = session.course_code as string;
      byCourse.set(code, [...(byCourse.get(code) ?? []), session]);
    }
    const ingredients = this.ingredients();
    return this.rows('courses')
      .sort((a, b) => compare(a.course_code, b.course_code))
      .map((course) => this.course(course, byCourse, ingredients, today));
  }

  private course(
    course: Row,
    byCourse: Map<string, Row[]>,
    ingredients: Map<string, Set<string>>,
    today: (zone: string) => string,
  ): OracleCourse {
    const all = byCourse.get(course.course_code as string) ?? [];
    const sessions = all.filter((session) => session.kind === 'course');
    const maintenance = all.filter((session) => session.kind === 'maintenance');
    const protocol = PROTOCOLS[course.protocol as string] as ProtocolFacts;
    const dates = sessions.map(dateOf);
    const [first = null, last = null] = [dates[0], dates.at(-1)];
    const planned = Number(course.planned_sessions);
    const goesOn = course.status === 'active' && sessions.length < planned;
    return {
      course: course.course_code as string,
      protocol: course.protocol as string,
      planned,
      performed: sessions.length,
      maintenancePerformed: maintenance.length,
      status: course.status as string,
      first,
      last,
      nextEarliest: goesOn && last ? plusDays(last, protocol.interval[0]) : null,
      maintenance: this.maintenance(
        course,
        sessions,
        maintenance,
        byCourse,
        today(this.zone(course.site_code as string)),
      ),
      deviations: this.deviations(course, all, dates, ingredients),
    };
  }

  private maintenance(course: Row, sessions: Row[], maintenance: Row[], byCourse: Map<string, Row[]>, today: string) {
    if (course.protocol !== 'facial' || course.status !== 'completed' || sessions.length === 0) return null;
    const [first, last] = [dateOf(sessions[0] as Row), dateOf(sessions.at(-1) as Row)];
    if (this.endedByLater(course, sessions[0] as Row, byCourse, today)) return null;
    const latest = maintenance.map(dateOf).sort().at(-1);
    const opens = latest ? plusMonths(latest, 2) : ([plusMonths(first, 3), plusDays(last, 14)].sort()[1] as string);
    const closes = plusMonths(latest ?? first, 6);
    return { opens, closes, state: today < opens ? 'upcoming' : today <= closes ? 'due' : 'overdue' };
  }

  /** A later course of the same patient under the same protocol ends the rhythm from its first performed session on. */
  private endedByLater(course: Row, first: Row, byCourse: Map<string, Row[]>, today: string): boolean {
    return this.rows('courses').some((other) => {
      const start = byCourse.get(other.course_code as string)?.find((session) => session.kind === 'course');
      return (
        other.course_code !== course.course_code &&
        other.patient_code === course.patient_code &&
        other.protocol === course.protocol &&
        start !== undefined &&
        this.instantOf(start) > this.instantOf(first) &&
        dateOf(start) <= today
      );
    });
  }

  private deviations(
    course: Row,
    all: Row[],
    dates: string[],
    ingredients: Map<string, Set<string>>,
  ): Record<string, number> {
    const found: Record<string, number> = {};
    const add = (kind: string, is: boolean) => {
      if (is) found[kind] = (found[kind] ?? 0) + 1;
    };
    const protocol = PROTOCOLS[course.protocol as string] as ProtocolFacts;
    const planned = Number(course.planned_sessions);
    add('session-count', planned < protocol.count[0] || planned > protocol.count[1]);
    const signed = course.consent_signed_on as string;
    if (all[0]) add('consent', signed === '' || signed > dateOf(all[0]));
    dates.slice(1).forEach((date, n) => {
      const days = daysBetween(dates[n] as string, date);
      add('interval-short', days < protocol.interval[0]);
      add('interval-long', days > protocol.interval[1]);
    });
    for (const session of all) this.sessionDeviations(course, session, protocol, ingredients, add);
    return found;
  }

  private sessionDeviations(
    course: Row,
    session: Row,
    protocol: ProtocolFacts,
    ingredients: Map<string, Set<string>>,
    add: (kind: string, is: boolean) => void,
  ): void {
    const date = dateOf(session);
    const outside = (value: string, [min, max]: [number, number]) =>
      value !== '' && (Number(value) < min || Number(value) > max);
    if (protocol.depth && session.device !== 'needle-free')
      add('depth', outside(session.depth_mm as string, protocol.depth));
    add('duration', outside(session.duration_min as string, [30, 60]));
    const lot = this.lotAt(session);
    add('lot-expired', lot !== undefined && date > (lot.expires_on as string));
    add('lot-not-received', lot === undefined || date < (lot.received_on as string));
    const holder = this.known('practitioners', session.practitioner_code as string) as Row;
    const valid =
      date >= (holder.valid_from as string) && (holder.valid_to === '' || date <= (holder.valid_to as string));
    add('credential', !valid || !items(holder.procedures as string).includes(course.protocol as string));
    const patient = this.known('patients', course.patient_code as string) as Row;
    const lower = (value: string) => items(value).map((item) => item.toLowerCase());
    const inProduct = ingredients.get(session.product as string) ?? new Set();
    add(
      'contraindication',
      lower(patient.conditions as string).some((condition) => BLOCKING_CONDITIONS.includes(condition)) ||
        lower(patient.medications as string).some((medication) => ANTICOAGULANTS.includes(medication)) ||
        lower(patient.allergies as string).some((allergy) => inProduct.has(allergy)),
    );
  }

  /** What `pistor lots --json` prints, by lines. */
  lots(): OracleLot[] {
    const lots = new Map<string, { sessions: number; patients: Set<string>; sites: Set<string>; expired: number }>();
    const of = (row: Row) => {
      const key = JSON.stringify([row.product, row.lot_number]);
      const lot = lots.get(key) ?? { sessions: 0, patients: new Set(), sites: new Set(), expired: 0 };
      lots.set(key, lot);
      return lot;
    };
    for (const row of this.rows('lots')) of(row);
    for (const session of this.performed()) {
      const lot = of(session);
      lot.sessions += 1;
      lot.patients.add(this.known('courses', session.course_code as string)?.patient_code as string);
      lot.sites.add(session.site_code as string);
      if (dateOf(session) > (this.lotAt(session)?.expires_on ?? '9999')) lot.expired += 1;
    }
    return [...lots]
      .map(([key, { sessions, patients, sites, expired }]) => {
        const [product, lot] = JSON.parse(key) as [string, string];
        return { product, lot, sessions, patients: patients.size, sites: [...sites].sort(), expired };
      })
      .sort((a, b) => compare(a.product, b.product) || compare(a.lot, b.lot));
  }

  private lotAt(session: Row): Row | undefined {
    return this.accepted.lots?.get(JSON.stringify([session.site_code, session.product, session.lot_number]))?.row;
  }

  private ingredients(): Map<string, Set<string>> {
    const union = new Map<string, Set<string>>();
    for (const lot of this.rows('lots')) {
      const known = union.get(lot.product as string) ?? new Set();
      for (const item of items(lot.ingredients as string)) known.add(item.toLowerCase());
      union.set(lot.product as string, known);
    }
    return union;
  }
}

// Lines and dates

function linesOf(text: string): (Line & { broken?: string })[] {
  const records = parse(text.replaceAll('\r\n', '\n'), {
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
  }) as unknown as { record: string[]; info: { lines: number } }[];
  const header = (records[0]?.record ?? []).map((name) => name.trim());
  return records.slice(1).map(({ record }, n) => {
    // A record starts on the line after the one on which the record before ends.
    const line = (records[n]?.info.lines ?? 0) + 1;
    const raw = Object.fromEntries(header.map((name, i) => [name, record[i] ?? '']));
    const row = Object.fromEntries(header.map((name, i) => [name, (record[i] ?? '').trim()]));
    return { line, raw, row, ...(record.length !== header.length && { broken: record.join(',') }) };
  });
}

const dateOf = (session: Row): string => (session.performed_at as string).slice(0, 10);
const compare = (a: string | undefined, b: string | undefined): number =>
  (a ?? '') < (b ?? '') ? -1 : a === b ? 0 : 1;
const plusDays = (date: string, days: number) => moment.utc(date).add(days, 'days').format('YYYY-MM-DD');
const plusMonths = (date: string, months: number) => moment.utc(date).add(months, 'months').format('YYYY-MM-DD');
const daysBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
