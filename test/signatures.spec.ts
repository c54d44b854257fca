import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { signatureViewSchema } from '#libs/signature/src/signature.commands.js';
import { EntrySigned, type SignatureEvent } from '#libs/signature/src/signature.events.js';
import { asOperator, OWN_ORIGIN, signedInPerson, type SignedInPerson } from './support/passkey-people.js';
import { SoftwareAuthenticator } from './support/software-authenticator.js';
import { asOwner } from './support/test-database.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { CourseHistory, patient, practitioner, site } from './support/treatment-history.js';

/** Entries are signed over HTTP, and a signature shows when what it stands under was changed. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const other = { ...of, patient: newId() };
const course = new CourseHistory(of).performed('2026-05-10T14:00');

beforeAll(async () => {
  api = await openTestApi();
  const people = [site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), patient(other.patient)];
  await api.append(...people, ...course.streams());
  await api.followed();
}, 60_000);
afterAll(() => api.close());

async function positionOf(type: string, of = api): Promise<number> {
  const { rows } = await of.pistor.engine.db.query<{ position: string }>(
    `select position from event_log where chain = $1 and header like '%"' || $2 || '"%' order by position limit 1`,
    [of.pistor.chain.no, type],
  );
  return Number(rows[0]?.position);
}

async function sign(position: number, meaning: string, patientId = of.patient) {
  const url = `/v1/patients/${patientId}/signatures`;
  const headers = { host: '127.0.0.1' };
  const answer = await api.app.inject({ method: 'POST', url, headers, payload: { position, meaning } });
  return { status: answer.statusCode, body: answer.json<Record<string, any>>() };
}
const listed = async () =>
  ((await api.get(`/v1/patients/${of.patient}/signatures`)).body.items as unknown[]).map((item) =>
    signatureViewSchema.parse(item),
  );

describe('signatures under a record', () => {
  it('stand under the exact entry, and are told with who and when', async () => {
    const position = await positionOf('ConsentSigned');
    const first = await sign(position, 'consent');
    const again = await sign(position, 'consent');
    expect([first.status, again.status]).toEqual([200, 200]);
    // Signed is signed: whoever asks again is told which signature that was.
    expect(again.body['id']).toBe(first.body['id']);
    expect(await listed()).toEqual([
      expect.objectContaining({
        signatureId: first.body['id'],
        position,
        entry: 'ConsentSigned',
        meaning: 'consent',
        signer: 'user:demo',
        intact: true,
      }),
    ]);
  });

  it('[signature.own-record] stand under nothing of another patient, and under nothing that is not there', async () => {
    const position = await positionOf('ConsentSigned');
    for (const [at, patientId] of [
      [position, other.patient],
      [999_999, of.patient],
      [await positionOf('SiteRegistered'), of.patient],
    ] as const) {
      const refused = await sign(at, 'authorship', patientId);
      expect([refused.status, refused.body['code']]).toEqual([404, 'signature.entry-unknown']);
    }
  });

  it('are refused with the rule, what was seen and what would be accepted', async () => {
    const refused = await sign(await positionOf('SessionPerformed'), 'consent');
    expect(refused.status).toBe(422);
    expect(refused.body['errors'] ?? refused.body['fields']).toEqual([
      expect.objectContaining({ rule: 'signature.meaning', seen: 'consent', accepted: 'authorship' }),
    ]);
  });

  it('show that an entry was changed beneath them', async () => {
    const position = await positionOf('SessionPerformed');
    await sign(position, 'authorship');
    expect((await listed())[0]).toMatchObject({ position, intact: true });
    await asOwner(
      api.pistor.engine.db,
      `update event_log set data = replace(data, '"face"', '"neck"') where position = ${position}`,
    );
    expect((await listed())[0]).toMatchObject({ position, intact: false });
  });
});

describe('in a chain where people sign in with passkeys, a signature', () => {
  let live: TestApi;
  let physician: SignedInPerson;
  let path: string;
  let consent: number;
  let session: number;
  beforeAll(async () => {
    live = await openTestApi({ live: true });
    const here = { site: newId(), patient: newId(), practitioner: newId() };
    const treated = new CourseHistory(here).performed('2026-05-10T14:00', {
      overridden: ['interval-short'],
    });
    await live.append(site(here.site), practitioner({ id: here.practitioner }), patient(here.patient));
    await live.append(...treated.streams());
    await live.followed();
    [physician] = [await signedInPerson(live, 'Deniz', [{ role: 'physician', site: here.site }])];
    path = `/v1/patients/${here.patient}/signatures`;
    [consent, session] = [await positionOf('ConsentSigned', live), await positionOf('SessionPerformed', live)];
  }, 120_000);
  afterAll(() => live.close());

  const begin = async (position: number, meaning: string, who = physician) => {
    const { status, body } = await who.ask('POST', `${path}/begin`, { position, meaning });
    expect([status, body['signInBy']]).toEqual([200, 'passkeys']);
    return { begun: body['begun'] as string, options: body['options'] as { challenge: string } };
  };
  const give = (position: number, meaning: string, passkey?: object) =>
    physician.ask('POST', path, { position, meaning, ...(passkey && { passkey }) });
  const refusedFor = (answer: { status: number; body: Record<string, any> }) => [
    answer.status,
    answer.body['fields']?.map(({ rule }: { rule: string }) => rule),
  ];

  it('is made by the passkey over the very entry, in its meaning', async () => {
    const { begun, options } = await begin(session, 'override');
    const passkey = { begun, credential: physician.device.get(options) };
    expect((await give(session, 'override', passkey)).status).toBe(200);
    // Their name is read from the users' read model.
    await live.followed();
    const { body } = await physician.ask('GET', path);
    expect(body['items'][0]).toMatchObject({
      ...{ position: session, meaning: 'override', name: 'Deniz' },
      ...{ signInBy: 'passkeys', byPasskey: true, intact: true },
    });
  });

  it('[signature.by-passkey] is refused without a passkey, with one of somebody else, and with one that signed another thing', async () => {
    const expected = [422, ['signature.by-passkey']];
    expect(refusedFor(await give(consent, 'consent'))).toEqual(expected);

    const stranger = new SoftwareAuthenticator(OWN_ORIGIN);
    const first = await begin(consent, 'consent');
    const foreign = { begun: first.begun, credential: stranger.get(first.options) };
    expect(refusedFor(await give(consent, 'consent', foreign))).toEqual(expected);

    const other = await begin(consent, 'authorship');
    const ofOther = { begun: other.begun, credential: physician.device.get(other.options) };
    expect(refusedFor(await give(consent, 'consent', ofOther))).toEqual(expected);

    const elsewhere = await begin(session, 'authorship');
    const ofElsewhere = { begun: elsewhere.begun, credential: physician.device.get(elsewhere.options) };
    expect(refusedFor(await give(consent, 'authorship', ofElsewhere))).toEqual(expected);
  });

  it('is made once of what was begun', async () => {
    const { begun, options } = await begin(consent, 'authorship');
    const passkey = { begun, credential: physician.device.get(options) };
    expect((await give(consent, 'authorship', passkey)).status).toBe(200);
    const again = { begun, credential: physician.device.get(options) };
    expect(refusedFor(await give(session, 'authorship', again))).toEqual([422, ['signature.by-passkey']]);
  });

  it('is not begun where a rule stands against it, so that nobody uses their passkey in vain', async () => {
    const refused = await physician.ask('POST', `${path}/begin`, { position: consent, meaning: 'closure' });
    expect(refusedFor(refused)).toEqual([422, ['signature.meaning']]);
  });

  it('is checked by the verifier of an evidence bundle, down to what the passkey signed', async () => {
    await live.pistor.ledger.sequencer.tick();
    const { body } = await asOperator(live, 'GET', path.replace('/signatures', '/evidence'));
    const told = verifyBundle(Buffer.from(JSON.stringify(body)));
    expect(told).toMatchObject({ outcome: 'valid', problem: null });
    expect(told.found).toContain('Signatures under unchanged entries: 2, 2 of them by a passkey for just that.');
  });

  it('is found by the verifier where it was put in with a passkey that signed something else', async () => {
    const { rows } = await live.pistor.engine.db.query<{ stream: string; data: string }>(
      `select stream, data from event_log where stream like 'signature-%' order by position limit 1`,
    );
    const [{ stream, data }] = rows as [{ stream: string; data: string }];
    const { open } = JSON.parse(data) as { open: SignatureEvent['data'] };
    const forged = EntrySigned(occurredNow('2026-05-11T12:00:00.000Z'), { ...open, signer: `user:${newId()}` });
    await live.append({ stream, events: [forged] });
    await live.pistor.ledger.sequencer.tick();
    const { body } = await asOperator(live, 'GET', path.replace('/signatures', '/evidence'));
    expect(verifyBundle(Buffer.from(JSON.stringify(body))).problem).toMatchObject({
      ...{ what: 'its passkey signed something else', stream },
    });
    expect((await physician.ask('GET', path)).body['items'][0]).toMatchObject({ intact: false });
  });

  it('is not one by a passkey in the list where what stands for a proof is none', async () => {
    const { rows } = await live.pistor.engine.db.query<{ stream: string; data: string }>(
      `select stream, data from event_log where stream like 'signature-%' order by position limit 1`,
    );
    const [{ stream, data }] = rows as [{ stream: string; data: string }];
    const { open } = JSON.parse(data) as { open: SignatureEvent['data'] };
    const junk = { ...open.passkey, signature: 'AA' } as NonNullable<typeof open.passkey>;
    for (const leafHash of [null, open.leafHash]) {
      const forged = { ...open, signatureId: newId(), leafHash, passkey: junk };
      await live.append({ stream, events: [EntrySigned(occurredNow('2026-05-11T12:00:00.000Z'), forged)] });
      const [listed] = (await physician.ask('GET', path)).body['items'] as object[];
      expect(listed).toMatchObject({ signatureId: forged.signatureId, byPasskey: false, intact: false });
    }
  });

  it('shows in the list when what it stands under was changed', async () => {
    await asOwner(
      live.pistor.engine.db,
      `update event_log set recorded_at = recorded_at + interval '1 hour' where position = ${session}`,
    );
    const { body } = await physician.ask('GET', path);
    const intact = (body['items'] as { position: number; intact: boolean }[]).map((each) => [
      each.position === session,
      each.intact,
    ]);
    expect(intact).toEqual(expect.arrayContaining([[true, false]]));
  });
});
