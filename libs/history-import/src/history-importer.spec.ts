import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { CodeKind } from '#libs/event-store/src/external-codes.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import {
  PractitionerRegistered,
  practitionerStream,
  SiteRegistered,
  siteStream,
} from '#libs/treatment/src/history.contract.js';
import { generateHistory, type HistoryTexts, writeHistory } from '#test/support/history-generator.js';
import { HistoryOracle } from '#test/support/history-oracle.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { demoHistoryFolder } from './demo-history.js';
import { historySource } from './folder.source.js';
import { HistoryImporter, type ImportEngine, type ImportRun } from './history-importer.js';
import { migrateHistoryImport } from './import-lines.js';
import { type ImportReport, reportJson } from './import-report.js';

const NOW = '2026-06-30T12:00:00.000Z';

describe('import of old histories', () => {
  let engine: TestEngine & Pick<ImportEngine, 'keys'>;
  let importer: HistoryImporter;
  let folder: string;
  let folders = 0;

  beforeAll(async () => {
    const opened = await openTestEngine(TREATMENT_EVENT_TYPES);
    engine = { ...opened, keys: new SubjectKeys(opened.db, opened.master) };
    await migrateHistoryImport(engine.db);
    importer = new HistoryImporter(engine);
    folder = await mkdtemp(join(tmpdir(), 'pistor history '));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await engine.close();
  });

  async function folderOf(texts: HistoryTexts): Promise<string> {
    folders += 1;
    const path = join(folder, String(folders));
    await writeHistory(path, texts);
    return path;
  }

  async function run(chain: Chain, path: string, more: Partial<ImportRun> = {}, by = importer): Promise<ImportReport> {
    return by.run({ chain, source: await historySource(path), now: NOW, ...more });
  }

  const imported = async (texts: HistoryTexts, chain?: Chain) =>
    run(chain ?? (await engine.newChain()), await folderOf(texts));

  async function eventsOf(chain: Chain): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (;;) {
      const page = await engine.store.readAll(chain.id, { from: events.length + 1, limit: 5_000 });
      if (page.length === 0) return events;
      events.push(...(await engine.codec.decode(chain, page)));
    }
  }

  describe('the demo history', () => {
    let chain: Chain;
    let report: ImportReport;

    beforeAll(async () => {
      chain = await engine.newChain();
      report = await run(chain, demoHistoryFolder());
    });

    it('goes in, but for the lines that cannot be understood', () => {
      expect(report.files).toEqual({
        sites: { lines: 6, accepted: 5, refused: 1, repeated: 0 },
        practitioners: { lines: 15, accepted: 15, refused: 0, repeated: 0 },
        patients: { lines: 246, accepted: 240, refused: 1, repeated: 5 },
        lots: { lines: 68, accepted: 67, refused: 1, repeated: 0 },
        courses: { lines: 316, accepted: 311, refused: 5, repeated: 0 },
        sessions: { lines: 1905, accepted: 1831, refused: 52, repeated: 22 },
        followups: { lines: 129, accepted: 129, refused: 0, repeated: 0 },
      });
      expect(report.refused).toHaveLength(60);
    });

    it('changes nothing when it is imported again', async () => {
      const head = await engine.store.head(chain.id);
      const again = await run(chain, demoHistoryFolder());
      expect(await engine.store.head(chain.id)).toBe(head);
      expect(again.refused).toEqual(report.refused);
      for (const [file, counts] of Object.entries(again.files)) {
        const { lines, refused } = report.files[file as keyof ImportReport['files']];
        expect(counts).toEqual({ lines, accepted: 0, refused, repeated: lines - refused });
      }
    });

    it('enters each course in the record of its patient, once, however often it is imported', async () => {
      const events = await eventsOf(chain);
      const coursesOf = (type: string) =>
        events
          .filter((event) => event.type === type)
          .map(({ data }) => data as { courseId: string; patientId: string })
          .map(({ courseId, patientId }) => `${courseId} of ${patientId}`)
          .sort();
      expect(coursesOf('CourseEntered')).toHaveLength(311);
      expect(coursesOf('CourseEntered')).toEqual(coursesOf('CoursePlanned'));
      for (const { type, stream, data } of events) {
        if (type === 'CourseEntered') expect(stream).toBe(`patient-${(data as { patientId: string }).patientId}`);
      }
    });

    it('prints the two keys that are fixed', () => {
      expect(Object.keys(reportJson(report))).toEqual(['files', 'refused']);
      expect(Object.keys(report.files)).toEqual([
        'sites',
        'practitioners',
        'patients',
        'lots',
        'courses',
        'sessions',
        'followups',
      ]);
    });
  });

  describe('against the rules, written down a second time', () => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])('reports what they say (seed %i)', async (seed) => {
      const texts = generateHistory({ seed, courses: 40, faults: 0.15 });
      const { report: expected } = new HistoryOracle(texts);
      const report = await imported(texts);
      expect(report.refused.map(({ reason: _, ...refused }) => refused)).toEqual(
        expected.refused.map(({ value, ...refused }) => ({ ...refused, value: value.slice(0, 100) })),
      );
      expect(report.files).toEqual(expected.files);
      const twice = report.notes.filter(({ note }) => note.includes('twice'));
      expect(twice.map(({ file, line, column }) => ({ file, line, column }))).toEqual(expected.twice);
    });
  });

  describe('interrupted', () => {
    const texts = generateHistory({ seed: 99, courses: 120, faults: 0.05 });
    let path: string;
    let whole: { report: ImportReport; content: string[]; appends: number };
    /** Of the store that was made last. */
    let appends = 0;

    beforeAll(async () => {
      path = await folderOf(texts);
      const chain = await engine.newChain();
      const counting = new HistoryImporter({
        ...engine,
        store: crashingAt(engine.store, Number.POSITIVE_INFINITY, 'before'),
      });
      whole = { report: await run(chain, path, {}, counting), content: await contentOf(chain), appends };
    });

    it.each([1, 2, 4, 6])('by its signal after batch %i and run again, ends the same', async (batches) => {
      const chain = await engine.newChain();
      const controller = new AbortController();
      let done = 0;
      const onProgress = () => {
        done += 1;
        if (done === batches) controller.abort(new Error('enough'));
      };
      await expect(run(chain, path, { signal: controller.signal, onProgress })).rejects.toThrow('enough');
      const report = await run(chain, path);
      expect(report.refused).toEqual(whole.report.refused);
      expectSame(await contentOf(chain), whole.content);
    });

    it.each([
      ['before', 0.01],
      ['after', 0.2],
      ['before', 0.5],
      ['after', 0.8],
      ['after', 0.99],
    ] as const)(
      'by a crash just %s an append was stored, at %d of the way, and run again, ends the same',
      async (when, part) => {
        const chain = await engine.newChain();
        const append = Math.ceil(whole.appends * part);
        const crashing = new HistoryImporter({ ...engine, store: crashingAt(engine.store, append, when) });
        await expect(run(chain, path, {}, crashing)).rejects.toThrow(Unavailable);
        const report = await run(chain, path);
        expect(report.refused).toEqual(whole.report.refused);
        for (const [file, { accepted, repeated }] of Object.entries(report.files)) {
          const once = whole.report.files[file as keyof ImportReport['files']];
          expect(accepted + repeated).toBe(once.accepted + once.repeated);
        }
        expectSame(await contentOf(chain), whole.content);
      },
    );

    it('in the midst of a batch, counts what it claimed and did not finish as accepted', async () => {
      const chain = await engine.newChain();
      const crashing = new HistoryImporter({ ...engine, store: crashingAt(engine.store, 1, 'before') });
      await expect(run(chain, path, {}, crashing)).rejects.toThrow(Unavailable);
      expect((await run(chain, path)).files.sites).toEqual(whole.report.files.sites);
    });

    /** A store that is gone from its nth append on, each `after` or `before` it is carried out. */
    function crashingAt(store: EventStore, nth: number, when: 'before' | 'after'): EventStore {
      appends = 0;
      const gone = () => new Unavailable('database.unavailable', 'gone');
      return {
        ...store,
        capabilities: store.capabilities,
        readStream: (...args) => store.readStream(...args),
        readAll: (...args) => store.readAll(...args),
        head: (...args) => store.head(...args),
        onAppended: (...args) => store.onAppended(...args),
        close: () => store.close(),
        append: async (request) => {
          appends += 1;
          if (appends < nth) return store.append(request);
          if (when === 'after') await store.append(request);
          throw gone();
        },
      };
    }

    /**
     * Every stream as text, without what differs from chain to chain. In it, the order of a course's lines that were
     * appended together is no matter.
     */
    async function contentOf(chain: Chain): Promise<string[]> {
      const streams = new Map<string, RecordedEvent[]>();
      for (const event of await eventsOf(chain))
        streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
      const names = await namesOf(chain, [...streams.keys()]);
      const anonymous = (text: string) =>
        text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => names.get(id) ?? '#');
      return [...streams.values()]
        .map((events) =>
          events
            .map(({ type, occurredAt, data }) => anonymous(JSON.stringify([type, occurredAt, data])))
            .sort()
            .join(' '),
        )
        .sort();
    }

    /** A difference of whole histories would fill the screen. */
    function expectSame(content: string[], expected: string[]): void {
      const lacking = expected.filter((text) => !content.includes(text));
      const beyond = content.filter((text) => !expected.includes(text));
      expect({ lacking: lacking.slice(0, 1), beyond: beyond.slice(0, 1), streams: content.length }).toEqual({
        lacking: [],
        beyond: [],
        streams: expected.length,
      });
    }

    async function namesOf(chain: Chain, streams: readonly string[]): Promise<Map<string, string>> {
      const names = new Map<string, string>();
      for (const kind of ['site', 'practitioner', 'patient', 'course'] satisfies CodeKind[]) {
        const ids = streams
          .filter((stream) => stream.startsWith(`${kind}-`))
          .map((stream) => stream.slice(kind.length + 1));
        for (const [id, code] of await engine.codes.codesOf(chain, kind, ids)) names.set(id, code);
      }
      return names;
    }
  });

  it('gives each event the time that it had', async () => {
    const chain = await engine.newChain();
    await run(chain, await folderOf(SMALL));
    const events = await eventsOf(chain);
    const times = events.map(({ type, occurredAt: { instant, precision } }) => `${type} ${precision} ${instant}`);
    // Lines of one file are appended together, in whatever order.
    expect(times.sort()).toEqual(
      [
        `SiteRegistered unknown ${NOW}`,
        `PractitionerRegistered unknown ${NOW}`,
        `CredentialGranted unknown ${NOW}`,
        `PatientRegistered unknown ${NOW}`,
        'LotReceived day 2024-12-31T21:00:00.000Z',
        'ConsultationHeld instant 2025-03-01T07:00:00.000Z',
        'ConsultationConcluded instant 2025-03-01T07:00:00.000Z',
        'ConsentSigned day 2025-03-01T21:00:00.000Z',
        'CoursePlanned instant 2025-03-01T07:00:00.000Z',
        'CourseEntered instant 2025-03-01T07:00:00.000Z',
        `SessionBooked unknown ${NOW}`,
        'SessionPerformed instant 2025-03-15T07:05:00.000Z',
        `SessionBooked unknown ${NOW}`,
        'SessionMissed instant 2025-03-29T07:00:00.000Z',
        `SessionCancelled unknown ${NOW}`,
        'SessionPerformed instant 2025-04-12T07:00:00.000Z',
        'SessionPerformed instant 2025-09-01T07:00:00.000Z',
        'FollowUpHeld instant 2025-05-01T06:30:00.000Z',
        // Dated by the last session of the course; maintenance comes after its end.
        'CourseStopped derived 2025-04-12T07:00:00.000Z',
      ].sort(),
    );
    expect(events.every(({ header }) => header.origin === 'import' && header.actor === 'system:import')).toBe(true);
    expect(events.at(-1)?.data).toMatchObject({ reason: 'moved away' });
    const performed = events.find(({ type }) => type === 'SessionPerformed');
    expect(performed?.data).toMatchObject({
      kind: 'course',
      number: 1,
      durationMinutes: 45,
      areas: ['chin', 'cheeks'],
      device: 'needle',
      depthMm: 2.5,
      products: [{ product: 'Glow', lotNumber: 'L1', volumeMl: 0.5 }],
      painScore: 0,
      reactions: ['redness'],
      at: { wall: '2025-03-15T10:05', zone: 'Europe/Istanbul' },
    });
  });

  it('dates the end of each course by its last performed session, in whatever order the lines stand', async () => {
    const chain = await engine.newChain();
    await run(chain, await folderOf(generateHistory({ seed: 5, courses: 200, faults: 0 })));
    const events = await eventsOf(chain);
    const last = new Map<string, string>();
    for (const { type, stream, occurredAt, data } of events) {
      const counts = type === 'SessionPerformed' && (data as { kind: string }).kind === 'course';
      if (counts && (last.get(stream) ?? '') < occurredAt.instant) last.set(stream, occurredAt.instant);
    }
    const ends = events.filter(({ type, stream }) => /^Course(Completed|Stopped)$/.test(type) && last.has(stream));
    expect(ends.length).toBeGreaterThan(100);
    expect(ends.map(({ occurredAt }) => occurredAt.instant)).toEqual(ends.map(({ stream }) => last.get(stream)));
  });

  it('dates the end of a course without a performed session by its consultation', async () => {
    const chain = await engine.newChain();
    const { sessions: _, ...others } = SMALL;
    await imported(others, chain);
    expect((await eventsOf(chain)).at(-1)).toMatchObject({
      type: 'CourseStopped',
      occurredAt: { precision: 'derived', instant: '2025-03-01T07:00:00.000Z' },
    });
  });

  it('keeps personal data out of its own tables', async () => {
    const chain = await engine.newChain();
    await run(chain, await folderOf(SMALL));
    for (const table of ['import_line', 'import_refused', 'import_course_end']) {
      const { rows } = await engine.db.query(`select t::text as text from ${table} t where chain = $1`, [chain.no]);
      expect(JSON.stringify(rows)).not.toMatch(/PT1|moved away|García/);
    }
  });

  it('takes lines that refer to what the chain knew before', async () => {
    const chain = await engine.newChain();
    const ids = {
      site: (await engine.codes.reserve(chain, 'site', ['S1'])).get('S1') as string,
      practitioner: (await engine.codes.reserve(chain, 'practitioner', ['P1'])).get('P1') as string,
    };
    const now = occurredNow(NOW);
    const quietHours = { from: '21:00', to: '08:00' };
    await engine.append(chain, [
      {
        stream: siteStream(ids.site),
        events: [
          SiteRegistered(now, {
            siteId: ids.site,
            name: 'Live',
            timeZone: 'Europe/London',
            language: 'en',
            quietHours,
          }),
        ],
      },
      {
        stream: practitionerStream(ids.practitioner),
        events: [PractitionerRegistered(now, { practitionerId: ids.practitioner, role: 'nurse', name: 'Live' })],
      },
    ]);
    const { sites: _, practitioners: __, ...others } = SMALL;
    const report = await imported(others, chain);
    expect(report.refused).toEqual([]);
    expect((await eventsOf(chain)).find(({ type }) => type === 'CoursePlanned')?.occurredAt.instant).toBe(
      '2025-03-01T10:00:00.000Z',
    );

    const again = await imported(SMALL, chain);
    expect(again.files.patients.repeated).toBe(1);
    expect(again.refused.map(({ file, column, value }) => [file, column, value])).toEqual([
      ['sites', 'site_code', 'S1'],
      ['practitioners', 'practitioner_code', 'P1'],
    ]);
  });

  it('refuses a second import into the chain while one is under way', async () => {
    const chain = await engine.newChain();
    const path = await folderOf(SMALL);
    let second: Promise<unknown> | undefined;
    const onProgress = () => {
      second ??= run(chain, path).catch((error: unknown) => error);
    };
    await run(chain, path, {
      onProgress,
    });
    expect(await second).toMatchObject({ kind: 'conflict', code: 'import.under-way' });
    expect((await run(chain, path)).refused).toEqual([]);
  });

  it('imports nothing when a header is wrong anywhere', async () => {
    const chain = await engine.newChain();
    const followups = 'course_code,at,site_code,kind,reactions,adverse_event,severity,score\n';
    await expect(imported({ ...SMALL, followups }, chain)).rejects.toMatchObject({
      kind: 'invalid',
      code: 'import.header',
      message: 'The first line of followups.csv lacks "outcome_score", has unknown columns "score".',
    });
    expect(await engine.store.head(chain.id)).toBe(0);
  });

  it('tells how far it is, in bytes', async () => {
    const steps: { lines: number; bytes: number; totalBytes: number }[] = [];
    await run(await engine.newChain(), await folderOf(SMALL), { onProgress: (progress) => steps.push(progress) });
    const bytes = Object.values(SMALL).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(steps.at(-1)).toMatchObject({ file: 'followups', lines: 11, bytes, totalBytes: bytes });
  });

  it('hands refused lines over as they come, where the caller wants that', async () => {
    const told: unknown[] = [];
    const path = await folderOf({ ...SMALL, sites: SMALL.sites?.replace('Istanbul', 'Atlantis') as string });
    const report = await run(await engine.newChain(), path, { onRefused: (line) => told.push(line) });
    expect(report.refused).toEqual([]);
    // The site, its lot and its course, with all that belongs to the course.
    expect(told).toHaveLength(9);
    expect(told.at(-1)).toMatchObject({
      column: 'course_code',
      reason: 'The course C1 was refused: mend line 2 of courses.csv first.',
    });
  });
});

const SMALL: HistoryTexts = {
  sites: 'site_code,name,time_zone,language\nS1,Nişantaşı,Europe/Istanbul,tr\n',
  practitioners:
    'practitioner_code,name,role,procedures,valid_from,valid_to\nP1,Zoë García,nurse,facial;hair,2024-01-01,\n',
  patients:
    'patient_code,family_name,given_name,birth_date,sex,phone,email,language,channel,contact_consent,allergies,conditions,medications\n' +
    'PT1,García,Zoë,1980-02-29,female,,,tr,sms,yes,latex,,\n',
  lots: 'site_code,product,lot_number,gtin,expires_on,received_on,ingredients\nS1,Glow,L1,,2026-01-01,2025-01-01,zinc\n',
  courses:
    'course_code,patient_code,site_code,practitioner_code,protocol,consulted_at,consent_signed_on,planned_sessions,status,stop_reason\n' +
    'C1,PT1,S1,P1,facial,2025-03-01T10:00,2025-03-02,4,stopped,moved away\n',
  sessions:
    'course_code,number,kind,site_code,practitioner_code,planned_at,status,performed_at,duration_min,areas,device,depth_mm,product,lot_number,volume_ml,pain_score,reactions\n' +
    'C1,1,course,S1,P1,2025-03-15T10:00,performed,2025-03-15T10:05,45,chin;cheeks,needle,2.5,Glow,L1,0.5,0,redness\n' +
    'C1,2,course,S1,P1,2025-03-29T10:00,missed,,,,,,,,,,\n' +
    'C1,3,course,S1,P1,,cancelled,,,,,,,,,,\n' +
    'C1,4,course,S1,P1,,performed,2025-04-12T10:00,,,needle-free,,Glow,L1,,,\n' +
    'C1,1,maintenance,S1,P1,,performed,2025-09-01T10:00,,,needle,,Glow,L1,,,\n',
  followups:
    'course_code,at,site_code,kind,reactions,adverse_event,severity,outcome_score\nC1,2025-05-01T09:30,S1,remote,,,,5\n',
};
