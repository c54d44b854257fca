import { useQuery } from '@tanstack/react-query';
import { sessionQuery, type SessionView } from '../api/access.js';
import { type Meaning, type Signature, signaturesQuery, signEntry } from '../api/signatures.js';
import type { TimelineItem } from '../api/timeline.js';
import { WarningChip } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { MEANING_TEXT, needsPhysician, signedAs } from './signed-as.js';

/** Who has signed an entry, and the way to sign it for whoever may. Nothing where nobody is asked to. */
export function EntrySignatures({ item }: { item: TimelineItem }) {
  const session = useQuery(sessionQuery).data;
  const mayRead = session?.permissions.includes('record.read') ?? false;
  const meaning = signedAs(item);
  const query = useQuery({ ...signaturesQuery(item.patientId), enabled: mayRead && meaning !== undefined });
  if (meaning === undefined || !session || !query.data) return null;
  const given = query.data.items.filter(({ position }) => position === item.position);
  const isMine = given.some((each) => each.signer === session.id && each.meaning === meaning);
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
      {given.map((signature) => (
        <SignedBy key={signature.signatureId} signature={signature} />
      ))}
      {!isMine && item.retracted === null && maySign(session, meaning, item.type) && (
        <Sign item={item} meaning={meaning} session={session} />
      )}
    </div>
  );
}

function maySign({ permissions }: SessionView, meaning: Meaning, type: string): boolean {
  return permissions.includes(needsPhysician(meaning, type) ? 'record.decide' : 'record.write');
}

function SignedBy({ signature: { name, signer, meaning, signedAt, byPasskey, intact } }: { signature: Signature }) {
  return (
    <span className="text-sage">
      <b className="font-semibold">Signed</b> by {name ?? signer} as {words(meaning).toLowerCase()},{' '}
      {formatInstant(signedAt)}
      {byPasskey && ', with a passkey'} {!intact && <WarningChip>Changed since</WarningChip>}
    </span>
  );
}

const HOW: Readonly<Record<SessionView['signInBy'], string>> = {
  passkeys: 'Your device asks for your passkey. What it signs stands under this entry and no other.',
  'openid-connect':
    'You have to have signed in within the last five minutes. Where that is longer ago you are asked to sign in again and come back here; then press Sign once more.',
  demo: 'This is a sandbox: nobody has to prove who they are.',
};

function Sign({ item, meaning, session }: { item: TimelineItem; meaning: Meaning; session: SessionView }) {
  return (
    <span className="print:hidden">
      <Confirm
        small
        button={
          <>
            Sign <span className="sr-only">{item.title}</span>
          </>
        }
        title={`Sign as ${words(meaning).toLowerCase()}`}
        confirm={session.signInBy === 'passkeys' ? 'Sign with your passkey' : 'Sign'}
        onConfirm={() => signEntry({ patient: item.patientId, position: item.position, meaning })}
      >
        <p>
          {item.title} <span className="text-soft">{item.practitioner?.name}</span>
        </p>
        <p className="border-l-4 border-gentian-mid bg-sunken px-3 py-2">{MEANING_TEXT[meaning]}</p>
        <p className="text-soft">
          By {session.name ?? session.id}, now. {HOW[session.signInBy]}
        </p>
      </Confirm>
    </span>
  );
}
