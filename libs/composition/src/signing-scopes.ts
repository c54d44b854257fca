import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { Access } from '#libs/access/src/access.js';
import type { Scopes } from '#libs/access/src/scopes.port.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { ScopeKind } from '#libs/http/src/access.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import { entryOf, leafHash, NO_PREVIOUS } from '#libs/ledger/src/entry.js';
import { logEvent } from '#libs/ledger/src/ledger-log.js';
import type { LeafOf, PasskeySigner, SignatureDependencies } from '#libs/signature/src/signature.service.js';

/** Streams that are part of a patient's record, by what their names begin with. */
const OF_PATIENTS = /^(patient|course|consultation)-(.+)$/;

/** Whose record an entry is part of, and who is a physician there. */
export const signingScopes = (scopes: Scopes): Pick<SignatureDependencies, 'patientOf' | 'isPhysician'> => ({
  patientOf: async (chain, stream) => {
    const [, kind, id] = OF_PATIENTS.exec(stream) ?? [];
    if (kind === undefined || id === undefined) return undefined;
    if (kind === 'patient') return id;
    // An entry is signed right after it was made: the read model may be a moment behind.
    const find = async () => (await scopes.of(chain, kind as ScopeKind, id))?.patient ?? undefined;
    const found = await find();
    if (found !== undefined) return found;
    await scopes.atHead(chain);
    return find();
  },
  isPhysician: async (chain, { grants, openedPatients = [] }, patientId) => {
    const asPhysician = grants.filter(({ role }) => role === 'physician');
    if (asPhysician.some(({ site }) => site === null)) return true;
    if (asPhysician.length === 0) return false;
    // Who may decide there in an emergency may sign what they have decided: as `record.decide` is admitted.
    if (openedPatients.includes(patientId)) return true;
    const { sites = [] } = (await scopes.of(chain, 'patient', patientId)) ?? {};
    return asPhysician.some(({ site }) => site !== null && sites.includes(site));
  },
});

/** Events of one read. */
const PAGE_EVENTS = 1_000;

/**
 * The leaf of an event in the ledger: it is made from the stream up to it, since each leaf names the one before, and so
 * it is known before the sequencer has come to it.
 */
export const leavesFrom =
  (store: Pick<EventStore, 'readStream'>): LeafOf =>
  async (chain, stream, revision) => {
    let leaf: Buffer = NO_PREVIOUS;
    for (let next = 0; next <= revision; ) {
      const limit = Math.min(PAGE_EVENTS, revision - next + 1);
      const events = await store.readStream(chain.id, stream, { from: next, limit });
      if (events.length === 0) return undefined;
      for (const event of events) leaf = leafHash(entryOf(logEvent(event), leaf));
      next += events.length;
    }
    return leaf.toString('hex');
  };

/** How people prove who they are when they sign: by what they sign in with. */
export const signingProofs = ({
  signIn,
  passkeys,
}: Pick<Access, 'signIn' | 'passkeys'>): Pick<SignatureDependencies, 'signInBy' | 'passkeys' | 'logOf'> => ({
  signInBy: signIn.by,
  logOf: ({ id }) => originOf(id),
  passkeys: {
    begin: (chain, principal, challenge, kept) => passkeys.beginSigning(chain, userOf(principal), challenge, kept),
    finish: (chain, principal, { begun, credential }, challengeOf) => {
      const response = credential as unknown as AuthenticationResponseJSON;
      return passkeys.finishSigning(chain, userOf(principal), begun, response, challengeOf);
    },
  } satisfies PasskeySigner,
});

/** The user behind a principal; of a machine or a patient there is none, and so no passkey. */
const userOf = (principal: string): string => principal.replace(/^user:/, '');
