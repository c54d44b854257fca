import { queryOptions } from '@tanstack/react-query';
import type { Instant, Page } from './common.js';
import { beginOpenIdConnect, type SignInBy } from './access.js';
import { getJson, postJson } from './http.js';

export type Meaning = 'authorship' | 'consent' | 'override' | 'closure' | 'review';

/** Somebody has signed an entry of a patient's record. */
export interface Signature {
  signatureId: string;
  position: number;
  entry: string;
  meaning: Meaning;
  signer: string;
  name: string | null;
  signedAt: Instant;
  /** Whether a passkey of the signer has signed this very entry. */
  byPasskey: boolean;
  /** Whether the entry has the very bytes still that were signed. */
  intact: boolean;
}

/** More are asked for by nobody: a record has some tens. */
const LIMIT = 200;

export const signaturesQuery = (patient: string) =>
  queryOptions({
    queryKey: ['signatures', patient],
    queryFn: ({ signal }) =>
      getJson<Page<Signature>>(`/v1/patients/${encodeURIComponent(patient)}/signatures`, { limit: LIMIT }, signal),
  });

interface Begun {
  signInBy: SignInBy;
  fresh: boolean;
  begun: string | null;
  options: object | null;
}

/**
 * Signs an entry: with the passkey of whoever is signed in, or with their fresh sign-in. Where that is not fresh any more
 * the page is left for the provider, which brings them back here.
 * @throws ApiProblem, ServerLost, or what the browser says about the passkey
 */
export async function signEntry(wanted: { patient: string; position: number; meaning: Meaning }): Promise<void> {
  const { patient, ...what } = wanted;
  const path = `/v1/patients/${encodeURIComponent(patient)}/signatures`;
  const { signInBy, fresh, begun, options } = await postJson<Begun>(`${path}/begin`, what);
  if (signInBy === 'passkeys') {
    const { askPasskey } = await import('./passkeys.js');
    await postJson(path, { ...what, passkey: { begun, credential: await askPasskey(options) } });
    return;
  }
  if (fresh) {
    await postJson(path, what);
    return;
  }
  const { url } = await beginOpenIdConnect({ anew: true, returnTo: window.location.pathname });
  window.location.assign(url);
  // The page is about to be left: until then the dialog stays as it is.
  await new Promise(() => undefined);
}
