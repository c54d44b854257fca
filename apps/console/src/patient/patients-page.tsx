import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { EmergencyLink } from '../access/opened-record.js';
import { patientsQuery } from '../api/patients.js';
import { LoadMore } from '../ui/controls.js';
import { channelName, languageName } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PatientLink } from '../ui/names.js';
import { PageHeader } from '../ui/page-header.js';
import { followRow } from '../ui/row-navigation.js';

/** Patients found by code or family name; all of them without a search. */
export function PatientsPage() {
  const search = useLocation({ select: ({ state }) => state.patientSearch });
  const query = useInfiniteQuery({ ...patientsQuery(search), placeholderData: keepPreviousData });
  return (
    <>
      <PageHeader title="Patients" actions={<EmergencyLink />}>
        {search ? (
          <>
            Patients with the code or family name <b className="text-ink">{search}</b>
          </>
        ) : (
          'Search by patient code or by the whole family name. Names are stored encrypted, so parts of a name find nothing.'
        )}
      </PageHeader>
      <Loaded query={query} lines={10}>
        {(data) => {
          const patients = data.pages.flatMap((page) => page.items);
          if (patients.length === 0) {
            return (
              <p className="py-6 text-soft">
                {search
                  ? `Nobody is on record as “${search}”. Check the spelling: the whole family name or the whole code is needed.`
                  : 'There are no patients yet. Import a history on the System page.'}
              </p>
            );
          }
          return (
            <>
              <table className="ledger" data-sticky>
                <caption className="sr-only">Patients</caption>
                <thead>
                  <tr>
                    <th scope="col">Patient</th>
                    <th scope="col">Code</th>
                    <th scope="col" className="max-sm:hidden">
                      Language
                    </th>
                    <th scope="col" className="max-sm:hidden">
                      Channel
                    </th>
                    <th scope="col" className="max-sm:hidden">
                      May be contacted
                    </th>
                    <th scope="col" className="num">
                      Courses
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {patients.map((patient) => (
                    <tr key={patient.id} data-row onClick={followRow}>
                      <th scope="row">
                        <PatientLink patient={patient} row />
                      </th>
                      <td className="code">{patient.code ?? '–'}</td>
                      <td className="max-sm:hidden">{patient.language ? languageName(patient.language) : '–'}</td>
                      <td className="max-sm:hidden">{patient.channel ? channelName(patient.channel) : '–'}</td>
                      <td className="max-sm:hidden">
                        {patient.contactConsent ? 'Yes' : <b className="font-semibold text-iodine">No</b>}
                      </td>
                      <td className="num">{patient.courses}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <LoadMore query={query} what="patients" />
            </>
          );
        }}
      </Loaded>
    </>
  );
}
