import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/access.js';
import { chainQuery } from '../api/chain.js';
import {
  confirmErasure,
  declineErasure,
  ERASURE_GROUNDS,
  liftLegalHold,
  type PatientErasure as Standing,
  patientErasureQuery,
  requestErasure,
  setLegalHold,
} from '../api/erasure.js';
import { WarningChip } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { formatDate, formatInstant } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { words } from '../ui/labels.js';

interface OfPatient {
  patient: string;
}

/** Above everything else of somebody who was erased: what is missing is missing for good, and why. */
export function ErasedNotice({ patient }: OfPatient) {
  const erased = useQuery(patientErasureQuery(patient)).data?.erased;
  if (!erased) return null;
  return (
    <div role="status" className="mb-6 border-l-4 border-iodine bg-surface px-4 py-3">
      <p className="font-semibold">This patient was erased{erased.at ? ` on ${formatInstant(erased.at)}` : ''}.</p>
      <p className="text-soft">
        Nobody can read any more who it was, or anything that was said of them. What was done, when and with which lots
        stays in the history, without a name.{' '}
        {erased.finalAt
          ? 'The erasure is final: the key is destroyed.'
          : 'It becomes final when the key is destroyed that wrapped theirs.'}
      </p>
      {erased.todo && <p className="mt-1 font-medium text-iodine">An operator has to do this first: {erased.todo}</p>}
    </div>
  );
}

/** For how long the record is kept, what stands against an erasure, and the two people who decide it. */
export function PatientErasure({ patient }: OfPatient) {
  const standing = useQuery(patientErasureQuery(patient)).data;
  const session = useQuery(sessionQuery).data;
  if (!standing || standing.erased) return null;
  const may = (permission: string) => session?.permissions.includes(permission) ?? false;
  const { request, holds, keptUntil } = standing;
  return (
    <section aria-labelledby="keeping" className="mb-8">
      <h2 id="keeping" className="mb-2 flex flex-wrap items-center gap-2 text-lg font-semibold">
        Keeping and erasing {holds.length > 0 && <WarningChip>Legal hold</WarningChip>}
      </h2>
      <p className="border-t border-line pt-2 text-soft">
        {keptUntil === null
          ? 'Never seen at any site: nobody wants the record kept.'
          : standing.against.includes('erasure.retention')
            ? `Kept until ${formatDate(keptUntil)} at least, by the law of the sites.`
            : `Need not be kept any more since ${formatDate(keptUntil)}.`}
        {standing.registrations.length > 1 &&
          ` An erasure is one of all ${standing.registrations.length} registrations of the person.`}
      </p>
      {holds.length > 0 && (
        <ul className="mt-2 border-t border-line">
          {holds.map((hold) => (
            <li key={hold.holdId} className="border-b border-line py-2">
              <span className="block">“{hold.reason}”</span>
              <span className="block text-xs text-soft">Legal hold since {formatInstant(hold.at)}</span>
              {may('erasure.confirm') && (
                <div className="mt-1.5 print:hidden">
                  <Confirm
                    button="Lift the hold"
                    title="Lift the legal hold"
                    confirm="Lift it"
                    onConfirm={(form) => liftLegalHold(hold.patientId, hold.holdId, formText(form, 'reason'))}
                  >
                    <Reason label="Why it is not needed any more" />
                  </Confirm>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {request ? (
        <Waiting patient={patient} request={request} standing={standing} />
      ) : (
        may('erasure.propose') && (
          <div className="mt-3 flex flex-wrap gap-2 print:hidden">
            <Confirm
              button="Ask for erasure"
              title="Ask for the erasure of this patient"
              confirm="Ask for it"
              onConfirm={(form) =>
                requestErasure(patient, { ground: formText(form, 'ground'), reason: formText(form, 'reason') })
              }
            >
              <p className="text-soft">Somebody else has to confirm it. Until then nothing is erased.</p>
              <label className="flex flex-col gap-1">
                <span className="text-xs font-medium text-faint">Ground</span>
                <select name="ground" className="field pr-7" required>
                  {ERASURE_GROUNDS.map((ground) => (
                    <option key={ground} value={ground}>
                      {words(ground)}
                    </option>
                  ))}
                </select>
              </label>
              <Reason label="Why; these words go with the person" />
            </Confirm>
            <Confirm
              button="Set a legal hold"
              title="Keep this record from being erased"
              confirm="Set the hold"
              onConfirm={(form) => setLegalHold(patient, formText(form, 'reason'))}
            >
              <p className="text-soft">While it stands, nobody can erase the person under any registration.</p>
              <Reason label="Who needs the record, and for what" />
            </Confirm>
          </div>
        )
      )}
    </section>
  );
}

interface WaitingProps extends OfPatient {
  request: NonNullable<Standing['request']>;
  standing: Standing;
}

/** A request that waits for a second person. */
function Waiting({ patient, request, standing }: WaitingProps) {
  const session = useQuery(sessionQuery).data;
  const sandbox = useQuery(chainQuery).data?.sandbox ?? false;
  const isOwn = session?.id === request.by;
  const mayConfirm = session?.permissions.includes('erasure.confirm') && (!isOwn || sandbox);
  const erasure = request.erasureId;
  return (
    <div className="mt-3 border-t border-line pt-2">
      <p>
        <b className="font-semibold text-iodine">Erasure asked for</b> on {formatInstant(request.at)} (
        {words(request.ground)}).
      </p>
      {request.reason && <p className="text-soft">“{request.reason}”</p>}
      {isOwn && !sandbox && <p className="text-soft">You have asked for it: somebody else has to confirm it.</p>}
      <div className="mt-2 flex flex-wrap gap-2 print:hidden">
        {mayConfirm && (
          <Confirm
            button="Erase…"
            title="Erase this patient for good"
            confirm={isOwn ? 'Erase, as the second person of the sandbox' : 'Erase'}
            onConfirm={() => confirmErasure(patient, { erasure, ...(isOwn && { asSecondPerson: true }) })}
          >
            <p>
              Nobody will ever again read the name, contact, health or any other words about this person
              {standing.registrations.length > 1 && `, under any of ${standing.registrations.length} registrations`}.
              What was done, when and with which lots stays, without a name. <b>This cannot be undone.</b>
            </p>
            {isOwn && (
              <p className="text-soft">
                A sandbox has one user, who asked for it; it lets you confirm as its second person. Elsewhere you could
                not.
              </p>
            )}
          </Confirm>
        )}
        <Confirm
          button="Do not erase"
          title="Do not erase this patient"
          confirm="Do not erase"
          onConfirm={(form) => declineErasure(patient, { erasure, reason: formText(form, 'reason') })}
        >
          <Reason label="Why not" />
        </Confirm>
      </div>
    </div>
  );
}

function Reason({ label }: { label: string }) {
  return (
    <label className="flex flex-col gap-1">
      <span className="text-xs font-medium text-faint">{label}</span>
      <textarea name="reason" rows={3} required className="field h-auto py-1" />
    </label>
  );
}
