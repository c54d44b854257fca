import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { beginOpenIdConnect, type SignInBy, signInQuery } from '../api/access.js';
import { formText } from '../ui/form-text.js';
import { PistorMark } from '../ui/icons.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { ProblemPanel } from '../ui/problem-panel.js';

const route = getRouteApi('/sign-in');

/** Nothing that was loaded for somebody else is left: the page begins anew. */
const begin = () => window.location.assign('/');

/** The one page that is there for whoever is not signed in. */
export function SignInPage() {
  const { refused } = route.useSearch();
  const signIn = useQuery(signInQuery);
  return (
    <div className="mx-auto max-w-md pt-[8vh]">
      <p className="mb-6 flex items-center gap-2.5 font-display text-lg font-semibold">
        <PistorMark />
        Pistor
      </p>
      <PageHeader title="Sign in">{signIn.data && <>Chain {signIn.data.chain}</>}</PageHeader>
      {refused && (
        <p role="alert" className="mb-4 border-l-4 border-iodine bg-surface px-4 py-3">
          That did not sign you in. Try again; if you come for the first time, use the code of your invitation.
        </p>
      )}
      <Loaded query={signIn} lines={3}>
        {({ by }) => (by === 'demo' ? <Demo /> : <Ways by={by} />)}
      </Loaded>
    </div>
  );
}

function Demo() {
  return (
    <>
      <p className="mb-3 text-soft">This is a sandbox on your own machine: nobody has to sign in.</p>
      <button type="button" className="button" data-primary onClick={begin}>
        Go on
      </button>
    </>
  );
}

function Ways({ by }: { by: Exclude<SignInBy, 'demo'> }) {
  const enter = useMutation({ mutationFn: () => signInBy(by) });
  const first = useMutation({ mutationFn: (code: string) => signInBy(by, code) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    first.mutate(formText(new FormData(event.currentTarget), 'code').trim());
  };
  const isBusy = enter.isPending || first.isPending;
  return (
    <>
      <button
        type="button"
        className="button min-h-11 w-full justify-center"
        data-primary
        disabled={isBusy}
        onClick={() => enter.mutate()}
      >
        {by === 'passkeys' ? 'Sign in with a passkey' : 'Sign in with your organisation'}
      </button>
      {enter.isError && <Failed error={enter.error} />}
      <form onSubmit={submit} className="mt-8 space-y-3 border-t-[1.5px] border-ink pt-4">
        <h2 className="text-base font-semibold">For the first time here, or on a new device</h2>
        <p className="text-soft">
          {by === 'passkeys'
            ? 'Enter the code that you were given. Your device then makes a passkey, which stays with you.'
            : 'Enter the code that you were given, and sign in with your organisation. The code is not needed again.'}
        </p>
        <label className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">Code of your invitation</span>
          <input
            name="code"
            required
            pattern="\s*[A-Za-z0-9_\-]{43}\s*"
            title="43 letters, digits, hyphens and underscores"
            autoComplete="one-time-code"
            spellCheck={false}
            className="field code w-full"
          />
        </label>
        {first.isError && <Failed error={first.error} />}
        <button type="submit" className="button" disabled={isBusy}>
          {by === 'passkeys' ? 'Make a passkey' : 'Go on'}
        </button>
      </form>
    </>
  );
}

async function signInBy(by: Exclude<SignInBy, 'demo'>, code?: string): Promise<void> {
  if (by === 'openid-connect') {
    const { url } = await beginOpenIdConnect(code === undefined ? {} : { invitation: code });
    window.location.assign(url);
    return;
  }
  const { makePasskey, signInWithPasskey } = await import('../api/passkeys.js');
  await (code === undefined ? signInWithPasskey() : makePasskey(code));
  begin();
}

/** A browser says at length that nobody touched the key; people know. */
function Failed({ error }: { error: Error }) {
  const isBrowser = ['NotAllowedError', 'AbortError', 'WebAuthnError'].includes(error.name);
  return (
    <div className="mt-3">
      <ProblemPanel error={isBrowser ? new Error('No passkey was used. Try again when you are ready.') : error} />
    </div>
  );
}
