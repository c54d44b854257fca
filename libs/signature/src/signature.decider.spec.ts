import { newId } from '#libs/kernel/src/ids.js';
import { decideSignature, FRESH_MS, type SignEntry, type Signer } from './signature.decider.js';
import { SignatureRefused } from './signature.errors.js';
import { MEANINGS, type PasskeyProof } from './signature.events.js';
import type { Signature } from './signature.state.js';

const NOW = '2026-05-10T12:00:00.000Z';
const before = (ms: number): string => new Date(Date.parse(NOW) - ms).toISOString();
const patientId = newId();

const physician: Signer = {
  ...{ principal: `user:${newId()}`, isPerson: true, isPhysician: true, authenticatedAt: before(60_000) },
  ...{ signInBy: 'openid-connect', passkey: null },
};
/** That it is one over the entry is not the decider's to say. */
const passkey: PasskeyProof = {
  ...{ nonce: 'bm9uY2U', origin: 'https://pistor.example', publicKey: 'a2V5', algorithm: -7 },
  ...{ clientData: 'e30', authenticatorData: 'AA', signature: 'AA' },
};
const nurse = { ...physician, principal: `user:${newId()}`, isPhysician: false };
const entry = {
  ...{ position: 7, stream: `course-${newId()}`, revision: 3, type: 'ConsentSigned', overrides: false },
  ...{ headerHash: 'ab'.repeat(32), dataHash: 'cd'.repeat(32), leafHash: 'ef'.repeat(32) },
};

type Given = Partial<Omit<SignEntry, 'entry'>> & { readonly entry?: Partial<SignEntry['entry']> };

const command = ({ entry: more, ...given }: Given = {}): SignEntry => ({
  ...{ signatureId: newId(), patientId, meaning: 'consent', signer: nurse, askedAt: NOW },
  ...given,
  entry: { ...entry, ...more },
});
const sign = (given: Given = {}, signatures: readonly Signature[] = []) =>
  decideSignature(command(given), signatures, NOW);

/** Rules that stand against it; none where it is signed. */
function refusedBy(given: Given): string[] {
  try {
    return sign(given).length === 1 ? [] : ['nothing was signed'];
  } catch (error) {
    if (!(error instanceof SignatureRefused)) throw error;
    for (const each of error.fields)
      expect(each).toMatchObject({ seen: expect.any(String), accepted: expect.any(String) });
    return error.fields.map(({ rule }) => rule ?? '');
  }
}

describe('signing an entry', () => {
  it('names its place, its bytes, the meaning and the signer', () => {
    const [signed] = sign({ meaning: 'consent' });
    expect(signed).toMatchObject({
      type: 'EntrySigned',
      data: {
        ...{ patientId, position: 7, stream: entry.stream, revision: 3, entry: 'ConsentSigned' },
        ...{ headerHash: entry.headerHash, dataHash: entry.dataHash, leafHash: entry.leafHash, meaning: 'consent' },
        ...{ signer: nurse.principal, signInBy: 'openid-connect', passkey: null },
      },
    });
  });

  it.each([
    ['ConsentSigned', 'consent'],
    ['ContraindicationOverridden', 'override'],
    ['SessionHoldDecided', 'override'],
    ['SessionReviewed', 'review'],
    ['AdverseEventClosed', 'closure'],
    ['CourseStopped', 'closure'],
    ['FollowUpHeld', undefined],
  ] as const)('[signature.meaning] takes %s for what it is: %s', (type, own) => {
    for (const meaning of MEANINGS) {
      const fits = meaning === 'authorship' || meaning === own;
      expect([meaning, refusedBy({ meaning, entry: { type }, signer: physician })]).toEqual([
        meaning,
        fits ? [] : ['signature.meaning'],
      ]);
    }
  });

  it('[signature.meaning] signs as an override a session that was performed against a rule, and no other', () => {
    const performed = { type: 'SessionPerformed' };
    expect(refusedBy({ meaning: 'override', entry: performed, signer: physician })).toEqual(['signature.meaning']);
    expect(refusedBy({ meaning: 'override', entry: { ...performed, overrides: true }, signer: physician })).toEqual([]);
  });

  it('[signature.by-physician] lets nobody else sign an override, a review or the closure of an adverse event', () => {
    for (const [type, meaning] of [
      ['ContraindicationOverridden', 'override'],
      ['SessionReviewed', 'review'],
      ['AdverseEventClosed', 'closure'],
    ] as const) {
      expect(refusedBy({ meaning, entry: { type } })).toEqual(['signature.by-physician']);
      expect(refusedBy({ meaning, entry: { type }, signer: physician })).toEqual([]);
    }
    expect(refusedBy({ meaning: 'closure', entry: { type: 'CourseCompleted' } })).toEqual([]);
  });

  it('[signature.fresh] asks for a sign-in of the last five minutes', () => {
    const at = (ms: number) => ({ signer: { ...nurse, authenticatedAt: before(ms) } });
    expect(refusedBy(at(FRESH_MS))).toEqual([]);
    expect(refusedBy(at(FRESH_MS + 1))).toEqual(['signature.fresh']);
  });

  it('[signature.by-passkey] asks for the passkey where people sign in with one, however fresh their sign-in is', () => {
    const signer: Signer = { ...nurse, signInBy: 'passkeys', authenticatedAt: NOW };
    expect(refusedBy({ signer })).toEqual(['signature.by-passkey']);
    const [signed] = sign({ signer: { ...signer, passkey } });
    expect(signed?.data).toMatchObject({ signInBy: 'passkeys', passkey });
  });

  it('[signature.by-person] is nothing that a machine does', () => {
    expect(refusedBy({ signer: { ...nurse, isPerson: false } })).toEqual(['signature.by-person']);
  });

  it('adds nothing when the same person signs the same again, and something when another one does', () => {
    const [first] = sign();
    const { patientId: _, ...data } = first?.data as Signature & { patientId: string };
    const signed = [{ ...data, signedAt: NOW }];
    expect(sign({}, signed)).toEqual([]);
    expect(sign({ meaning: 'authorship' }, signed)).toHaveLength(1);
    expect(sign({ signer: physician }, signed)).toHaveLength(1);
  });
});
