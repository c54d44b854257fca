import type { Patient, PatientPerson } from '../api/patients.js';
import { formatDate } from '../ui/dates.js';
import { channelName, languageName, words } from '../ui/labels.js';

interface PatientCardProps {
  patient: Patient;
  /** Undefined until it is loaded. */
  person: PatientPerson | undefined;
}

/** Who it is, and how to reach them. */
export function PatientCard({ patient, person }: PatientCardProps) {
  const { preference } = patient;
  const missing = <span className="text-faint">{patient.familyName === null ? 'erased' : 'not on record'}</span>;
  return (
    <dl className="mb-8 space-y-2.5 border-t-[1.5px] border-ink pt-3">
      <Term name="Born">
        {patient.birthDate ? formatDate(patient.birthDate) : missing}
        {person?.isMinor && (
          <b className="block font-semibold text-iodine">
            under age, {person.hasGuardian ? 'guardian on record' : 'no guardian on record'}
          </b>
        )}
      </Term>
      {person?.diedOn && (
        <Term name="Died">
          <b className="font-semibold">{formatDate(person.diedOn)}</b>
        </Term>
      )}
      {person?.movedAwayOn && <Term name="Moved away">{formatDate(person.movedAwayOn)}</Term>}
      <Term name="Sex">{patient.sex ? words(patient.sex) : missing}</Term>
      <Term name="Phone">{patient.phone ?? missing}</Term>
      <Term name="E-mail">
        <span className="break-all">{patient.email ?? missing}</span>
      </Term>
      {preference && (
        <>
          <Term name="Writes in">
            {languageName(preference.language)}, {channelName(preference.channel)}
          </Term>
          <Term name="Contact">
            {preference.contactConsent ? 'Agreed' : <b className="font-semibold text-iodine">Did not agree</b>}
          </Term>
        </>
      )}
    </dl>
  );
}

function Term({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-2">
      <dt className="text-faint">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
