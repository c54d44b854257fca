import type { Patient } from '../api/patients.js';
import { formatDate } from '../ui/dates.js';
import { channelName, languageName, words } from '../ui/labels.js';

/** Who it is, how to reach them, and what speaks against a treatment. */
export function PatientCard({ patient }: { patient: Patient }) {
  const { preference, health } = patient;
  return (
    <dl className="mb-8 space-y-2.5 border-t-[1.5px] border-ink pt-3">
      <Term name="Born">{patient.birthDate ? formatDate(patient.birthDate) : <Unknown />}</Term>
      <Term name="Sex">{patient.sex ? words(patient.sex) : <Unknown />}</Term>
      <Term name="Phone">{patient.phone ?? <Unknown />}</Term>
      <Term name="E-mail">
        <span className="break-all">{patient.email ?? <Unknown />}</span>
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
      {health && (
        <>
          <Term name="Allergies">
            <Warned items={health.allergies} />
          </Term>
          <Term name="Conditions">
            <Warned items={health.conditions.map(words)} />
          </Term>
          <Term name="Medicines">
            <Warned items={health.medications} />
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

const Unknown = () => <span className="text-faint">not on record</span>;

function Warned({ items }: { items: string[] }) {
  if (items.length === 0) return <span className="text-faint">none on record</span>;
  return <b className="font-semibold text-iodine">{items.join(', ')}</b>;
}
