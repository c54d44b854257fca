import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUNDLED_EVENTS_MAX, verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { formatNote, formatVkey, newSigningKey, signText, verifierKey } from '#libs/ledger/src/signed-note.js';
import { isCorrection, isRetraction } from '#libs/event-store/src/correction.js';
import { newId } from '#libs/kernel/src/ids.js';
import { entriesPath } from '#libs/ledger/src/tile.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  AdverseEventReported,
  AdverseEventReportedToAuthority,
} from '#libs/treatment/src/adverse-event/adverse-event.events.js';
import { FollowUpHeld, SessionPerformedCorrected } from '#libs/treatment/src/course/course.events.js';
import { PatientEntryRetracted, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import {
  LotRecalled,
  RecallPatientTold,
  recallIdOf,
  recallStreamOf,
} from '#libs/treatment/src/recall/recall.events.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { eventually } from './support/eventually.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { asOwner } from './support/test-database.js';
import { CourseHistory, patient, practitioner, site, zoned } from './support/treatment-history.js';

/** Reports are computed from the log up to a checkpoint, again and again to the same byte, and proved by a bundle. */
let api: TestApi;
const here = { site: newId(), patient: newId(), practitioner: newId() };
const there = { site: newId(), patient: newId(), practitioner: here.practitioner };
const other = { ...here, patient: newId() };
/** Somebody in whom a follow-up found an adverse event, in an old history. */
const third = { ...here, patient: newId() };
const followedUp = newId();
const AT = occurredNow('2026-06-02T09:00:00.000Z');

const adverse = (patientId: string, of: { kind: string; on: string; by: string; siteId?: string }) => {
  const adverseEventId = newId();
  const about = { patientId, adverseEventId, courseId: null, followUpId: null };
  const reported = AdverseEventReported(AT, {
    ...{ ...about, sessionId: null, siteId: of.siteId ?? here.site, kind: of.kind as never, severity: 'moderate' },
    ...{ causality: null, ownerId: here.practitioner, onsetOn: of.on, reportBy: of.by, description: 'Swelling' },
  });
  const told = (on: string) => AdverseEventReportedToAuthority(AT, { ...about, on, reference: 'A-1' });
  return { adverseEventId, reported, told };
};

beforeAll(async () => {
  api = await openTestApi();
  const { chain } = api.pistor;
  const course = new CourseHistory(here)
    .performed('2026-05-10T14:00', { lotNumber: 'L-7' })
    .performed('2026-05-24T14:00', { number: 2, overridden: ['interval-short'] })
    .performed('2026-08-01T14:00', { number: 3 });
  const second = new CourseHistory(other).performed('2026-05-11T10:00', { lotNumber: 'l 7' });
  const elsewhere = new CourseHistory(there).performed('2026-05-12T10:00', { lotNumber: 'L-7' });
  const [inTime, late, overdue] = [
    adverse(here.patient, { kind: 'infection', on: '2026-05-12', by: '2026-05-27' }),
    adverse(here.patient, { kind: 'infection', on: '2026-05-13', by: '2026-05-28' }),
    adverse(other.patient, { kind: 'infection', on: '2026-05-14', by: '2026-05-29' }),
  ];
  const found = new CourseHistory(third, { id: followedUp, origin: 'import' }).push(
    FollowUpHeld(occurredNow('2026-05-15T09:00:00.000Z'), {
      ...{ courseId: followedUp, patientId: third.patient, followUpId: newId(), siteId: here.site, kind: 'in-person' },
      ...{ at: zoned('2026-05-15T12:00'), reactions: [], adverseEvent: { kind: 'infection' as const } },
    }),
  );
  const recallId = recallIdOf(chain.id, 'GlowMeso', 'L7');
  const recall = { recallId, product: 'GlowMeso', lotNumber: 'L7' };
  await api.append(
    ...[site(here.site), site(there.site), practitioner({ id: here.practitioner })],
    ...[patient(here.patient), patient(other.patient), patient(there.patient), patient(third.patient)],
    ...[...course.streams(), ...second.streams(), ...elsewhere.streams(), ...found.streams()],
    {
      stream: patientStream(here.patient),
      events: [inTime.reported, inTime.told('2026-05-27'), late.reported, late.told('2026-05-29')],
    },
    { stream: patientStream(other.patient), events: [overdue.reported] },
    {
      stream: recallStreamOf(recallId),
      events: [
        LotRecalled(AT, { ...recall, recalledOn: '2026-05-20', reference: 'FSN-1', cause: 'sterility' }),
        RecallPatientTold(AT, { ...recall, patientId: here.patient, on: '2026-05-21', how: 'phone' }),
      ],
    },
  );
  await api.followed();
  await committed();
}, 120_000);
afterAll(() => api.close());

/** A checkpoint holds all that is recorded. */
async function committed(): Promise<void> {
  const { ledger, engine, chain } = api.pistor;
  await eventually('a checkpoint over everything', async () => {
    await ledger.sequencer.tick();
    const { size } = await ledger.reader.published(chain).catch(() => ({ size: 0 }));
    return size === (await engine.store.head(chain.id)) ? size : undefined;
  });
}

async function ask(query: string) {
  const answer = await api.app.inject({ url: `/v1/reports/compliance${query}`, headers: { host: '127.0.0.1' } });
  return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload };
}
const MAY = 'from=2026-05-01&to=2026-05-31';
const ofSite = () => `?site=${here.site}&${MAY}`;
const read = (bytes: Buffer) => JSON.parse(bytes.toString()) as Record<string, any>;

describe('a compliance report', () => {
  it('counts what a site did in a period, with what was told in time, late, and not at all', async () => {
    const { status, headers, bytes } = await ask(ofSite());
    expect([status, headers['pistor-erased-persons']]).toEqual([200, '0']);
    expect(read(bytes)).toMatchObject({
      ...{ report: 'compliance', site: here.site, from: '2026-05-01', to: '2026-05-31' },
      sessions: { performed: 3, patients: 2, againstARule: 1, byRule: [{ rule: 'interval-short' }] },
      adverseEvents: { all: 4, inTime: 1, late: 1, overdue: 2, open: 0 },
      recalls: { all: 1, items: [{ reference: 'FSN-1', patients: 2, told: 1, notTold: [other.patient] }] },
    });
    expect(read((await ask(`?${MAY}`)).bytes)).toMatchObject({
      sessions: { performed: 4 },
      recalls: { items: [{ patients: 3 }] },
    });
  });

  it('has the deadline of what a follow-up found as the list of adverse events has it', async () => {
    const list = await api.get(`/v1/adverse-events?site=${here.site}&limit=100`);
    const listed = list.body.items as { id: string; reportBy: string; onsetOn: string }[];
    const { items } = read((await ask(ofSite())).bytes)['adverseEvents'] as {
      items: { adverseEventId: string; reportBy: string }[];
    };
    expect(new Map(listed.map(({ id, reportBy }) => [id, reportBy]))).toEqual(
      new Map(items.map(({ adverseEventId, reportBy }) => [adverseEventId, reportBy])),
    );
    expect(items.map(({ reportBy }) => reportBy)).toContain('2026-05-30');
  });

  it('holds nothing that an erasure takes away', async () => {
    expect((await ask(ofSite())).bytes.toString()).not.toMatch(/Swelling|PT0|@|name/);
  });

  it('is the same to the byte from its checkpoint, whatever was recorded, corrected and erased since', async () => {
    const before = await ask(ofSite());
    const size = Number(before.headers['pistor-checkpoint']);
    const [first] = (await api.pistor.engine.store.readAll(api.pistor.chain.id, { limit: 1_000 })).filter(
      ({ header: { type } }) => type === 'SessionPerformed',
    );
    const { open } = JSON.parse(first!.data) as { open: Record<string, unknown> };
    const reported = (await api.pistor.engine.store.readStream(api.pistor.chain.id, patientStream(other.patient))).find(
      ({ header: { type } }) => type === 'AdverseEventReported',
    );
    await api.append(
      {
        stream: first!.stream,
        events: [
          SessionPerformedCorrected(AT, {
            ...{ ...(open as any), overrideReasons: {}, siteId: there.site },
            ...{ corrects: first!.header.id, correctionReason: 'It was at the other site' },
          }),
        ],
      },
      {
        stream: patientStream(other.patient),
        events: [
          PatientEntryRetracted(AT, {
            ...{ patientId: other.patient, retracts: reported!.header.id, retractionReason: 'Of somebody else' },
          }),
        ],
      },
    );
    await committed();
    await asOwner(
      api.pistor.engine.db,
      `update subject_key set wrapped = null, destroyed_at = now() where subject = '${here.patient}'`,
    );

    const again = await ask(`${ofSite()}&checkpoint=${size}`);
    expect(again.bytes.equals(before.bytes)).toBe(true);
    expect(again.headers['pistor-erased-persons']).toBe('1');
    expect(read((await ask(ofSite())).bytes)).toMatchObject({
      sessions: { performed: 2 },
      adverseEvents: { all: 3, overdue: 1 },
    });
  });

  it.each([
    ['a period that ends before it begins', `?from=2026-05-31&to=2026-05-01`, 400],
    ['no period', '', 400],
    ['a site that is none', `?site=NOWHERE&${MAY}`, 404],
    ['a checkpoint that never was', `?${MAY}&checkpoint=99999999`, 404],
  ])('is refused for %s', async (_, query, status) => {
    expect((await ask(query)).status).toBe(status);
  });
});

describe('the bundle of a report', () => {
  const bundle = async (query: string) => (await ask(`/evidence${query}`)).bytes;
  /** The entries of the log, each with its length before it. */
  async function entries(): Promise<Buffer[]> {
    const head = await api.pistor.engine.store.head(api.pistor.chain.id);
    const parts: Buffer[] = [];
    for (let n = 0; n * 256 < head; n += 1) {
      const width = Math.min(256, head - n * 256);
      const tile = `/v1/ledger/${entriesPath(n, width)}`;
      parts.push((await api.app.inject({ url: tile, headers: { host: '127.0.0.1' } })).rawPayload);
    }
    return parts;
  }

  it('is valid: the verifier computes the figures again from the events in it', async () => {
    const verdict = verifyBundle(await bundle(ofSite()));
    expect(verdict).toMatchObject({ outcome: 'valid but erased', problem: null });
    expect(verdict.found.join(' ')).toContain('computed from these events again, it is the same to the byte');
    expect(verdict.notShown.join(' ')).toContain('entries do not say sites');
  });

  it('is invalid with another figure, and with a stream left out', async () => {
    const whole = read(await bundle(ofSite()));
    const forged = { ...whole, report: { ...whole['report'] } };
    forged.report.text = forged.report.text.replace('"performed": 2', '"performed": 3');
    expect(verifyBundle(Buffer.from(JSON.stringify(forged))).problem?.what).toBe(
      'the figures of the report do not follow from these events',
    );
    const [left, ...rest] = whole['streams'] as { stream: string }[];
    const short = { ...whole, streams: rest, scope: { ...whole['scope'] } };
    short.scope.streams = (whole['scope'].streams as string[]).filter((name) => name !== left?.stream);
    expect(verifyBundle(Buffer.from(JSON.stringify(short))).outcome).toBe('invalid');
  });

  it('is invalid with a stream that the report does not count', async () => {
    const whole = read(await bundle(ofSite()));
    const { streams } = read(await bundle(`?${MAY}`));
    const has = new Set((whole['streams'] as { stream: string }[]).map(({ stream }) => stream));
    const other = (streams as { stream: string }[]).find(({ stream }) => !has.has(stream));
    expect(other).toBeDefined();
    const more = { ...whole, streams: [...(whole['streams'] as object[]), other] };
    expect(verifyBundle(Buffer.from(JSON.stringify(more))).problem).toEqual({
      what: 'the report does not count this stream',
      stream: other?.stream,
    });
  });

  it('on all sites is shown by the entries of the log to leave no stream out, and found out where it does', async () => {
    const whole = await bundle(`?${MAY}`);
    const verdict = verifyBundle(whole, { entries: await entries() });
    expect(verdict).toMatchObject({ outcome: 'valid but erased', problem: null });
    expect(verdict.found).toContain('No stream that a report on all sites counts is left out.');

    // Its figures follow from what is left: only the entries can tell.
    const ofOne = read(await bundle(ofSite()));
    const claimed = JSON.parse(ofOne['report'].text) as Record<string, unknown>;
    const { complianceReport, reportText } = await import('#libs/evidence/src/verify-bundle.mjs');
    const { log, checkpoint, from, to } = claimed as never;
    const text = reportText(complianceReport(ofOne['streams'], { log, checkpoint, site: null, from, to }));
    const forged = Buffer.from(JSON.stringify({ ...ofOne, report: { text, eventsLeftOut: 0 } }));
    expect(verifyBundle(forged).outcome).toBe('valid but erased');
    expect(verifyBundle(forged, { entries: await entries() }).problem?.what).toBe(
      'the report counts this stream, which the bundle leaves out',
    );
  });

  it('says how to compute it again where its events are too many', async () => {
    const whole = read(await bundle(ofSite()));
    const [stream, size] = [whole['scope'].streams[0], JSON.parse(whole['report'].text).checkpoint.size as number];
    const left = { text: whole['report'].text as string, size, eventsLeftOut: BUNDLED_EVENTS_MAX + 1 };
    expect(stream).toBeDefined();
    const { evidenceOf } = await import('#libs/composition/src/evidence-scopes.js');
    const pieces = evidenceOf(api.pistor, '1').writer.write(
      api.pistor.chain,
      { kind: 'report', name: 'compliance', streams: [], further: [] },
      { report: left },
    );
    let text = '';
    for await (const piece of pieces) text += piece;
    const verdict = verifyBundle(Buffer.from(text));
    // A log as small as this one has no such report: a claim that its events are too many is found out.
    expect(verdict).toMatchObject({
      outcome: 'invalid',
      problem: { what: `it leaves ${BUNDLED_EVENTS_MAX + 1} events out, and its checkpoint has only ${size}` },
    });
    expect(verdict.notShown.join(' ')).not.toContain('SHA-256');

    const { root } = verdict.checkpoint as { root: string };
    const { log, from, to } = JSON.parse(left.text) as Record<string, string>;
    // One that is large enough, as it would be signed; nothing of its tree is in the bundle.
    const [key, large] = [newSigningKey(), BUNDLED_EVENTS_MAX + 1];
    const body = `${log}\n${large}\n${root}\n`;
    const vkey = formatVkey(verifierKey(log as string, key.publicKey));
    const ofLarge = JSON.parse(text) as Record<string, unknown>;
    ofLarge['checkpoint'] = formatNote(body, [signText(body, log as string, key)]);
    ofLarge['keys'] = [{ vkey, role: 'log', fromSize: 0, untilSize: null }];
    const claimed = { ...(JSON.parse(left.text) as object), checkpoint: { size: large, root } };
    ofLarge['report'] = { text: JSON.stringify(claimed), eventsLeftOut: large };
    const told = verifyBundle(Buffer.from(JSON.stringify(ofLarge)));
    expect(told).toMatchObject({ outcome: 'not proved', problem: null });
    const again = `pistor report compliance --from ${from} --to ${to} --checkpoint ${large} --site ${here.site}; SHA-256 `;
    expect(told.notShown.join(' ')).toContain(again);
  });

  it('is verified alone, as a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pistor report '));
    const file = join(folder, 'report.json');
    await writeFile(file, await bundle(ofSite()));
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const script = join(__dirname, '..', 'libs/evidence/src/verify-bundle.mjs');
    const run = promisify(execFile)(process.execPath, [script, file]);
    // What was erased is told by how it ends.
    const { stdout, code } = (await run.catch((error: { stdout: string; code: number }) => error)) as {
      stdout: string;
      code?: number;
    };
    expect(code).toBe(3);
    expect(stdout).toContain('it is the same to the byte');
    await rm(folder, { recursive: true, force: true });
  });
});

it('takes for a correction or a retraction what every other reader takes for one', () => {
  for (const { type } of TREATMENT_EVENT_TYPES) {
    expect([type, type.endsWith('Corrected')]).toEqual([type, isCorrection(type)]);
    expect([type, type.endsWith('Retracted')]).toEqual([type, isRetraction(type)]);
  }
});
