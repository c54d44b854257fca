import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { EmergencyWay, OpenedNotice } from '../access/opened-record.js';
import { coursesQuery } from '../api/courses.js';
import { patientErasureQuery } from '../api/erasure.js';
import { type Patient, type PatientPerson, patientPersonQuery, patientQuery, timelineQuery } from '../api/patients.js';
import { EvidenceLink } from '../ui/evidence-link.js';
import { CourseStatusChip } from '../ui/chips.js';
import { LoadMore, Toggle } from '../ui/controls.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, SiteName } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { LinkedRegistrations } from './linked-registrations.js';
import { PatientAdverseEvents } from './patient-adverse-events.js';
import { PatientCard } from './patient-card.js';
import { PatientContact } from './patient-contact.js';
import { PatientDisclosures } from './patient-disclosures.js';
import { ErasedNotice, PatientErasure } from './patient-erasure.js';
import { PatientHealth } from './patient-health.js';
import { PatientSignatures } from './patient-signatures.js';
import { PatientTimeline } from './patient-timeline.js';

const route = getRouteApi('/patients/$patient');

/** One patient: who, which courses, and everything that happened, newest first. */
export function PatientPage() {
  const { patient } = route.useParams();
  const query = useQuery(patientQuery(patient));
  // Of a patient from an old history who is not registered yet there is no person to ask for.
  const person = useQuery(patientPersonQuery(patient)).data;
  const isErased = Boolean(useQuery(patientErasureQuery(patient)).data?.erased);
  return (
    <>
      {query.error && <EmergencyWay patient={patient} error={query.error} />}
      <Loaded query={query} lines={10}>
        {(data) => (
          <>
            <PageHeader
              title={data.name ?? 'Erased patient'}
              tabTitle={data.code ?? 'Patient'}
              actions={
                <>
                  <EvidenceLink what="patients" id={data.id} />
                  <PrintButton />
                </>
              }
            >
              <span className="code">{data.code}</span>
            </PageHeader>
            <ErasedNotice patient={data.id} />
            <OpenedNotice patient={data.id} />
            <div className="lg:grid lg:grid-cols-[17rem_minmax(0,1fr)] lg:gap-10">
              <div>
                <PatientCard patient={data} person={person} />
                {!isErased && <PatientHealth patient={data.id} />}
                {!isErased && person && <PatientContact patient={data} person={person} />}
                {person && <LinkedRegistrations person={person} />}
                <PatientCourses patient={data} />
                <PatientErasure patient={data.id} />
              </div>
              <div className="min-w-0">
                <PatientAdverseEvents registrations={person?.registrations.map((each) => each.patient) ?? [data]} />
                <Timeline patient={data.id} person={person} />
                <PatientSignatures patient={data.id} />
                <PatientDisclosures patient={data.id} />
              </div>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

function PatientCourses({ patient }: { patient: Patient }) {
  const query = useInfiniteQuery(coursesQuery({ patient: patient.id }));
  return (
    <section aria-labelledby="courses" className="mb-8">
      <h2 id="courses" className="mb-2 text-lg font-semibold">
        Courses
      </h2>
      <Loaded query={query} lines={3}>
        {(data) => {
          const courses = data.pages.flatMap((page) => page.items);
          if (courses.length === 0) return <p className="text-soft">No course yet.</p>;
          return (
            <>
              <ul className="border-t border-line">
                {courses.map((course) => (
                  <li key={course.id} className="border-b border-line py-2">
                    <span className="flex items-center justify-between gap-2">
                      <CourseLink course={course} />
                      <CourseStatusChip status={course.status} />
                    </span>
                    <span className="flex flex-wrap items-center justify-between gap-x-2 text-xs text-soft">
                      <span>
                        {words(course.protocol)}, <SiteName site={course.site} />
                      </span>
                      <ProgressDots
                        planned={course.planned}
                        performed={course.performed}
                        maintenance={course.maintenancePerformed}
                      />
                    </span>
                  </li>
                ))}
              </ul>
              <LoadMore query={query} what="courses" />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function Timeline({ patient, person }: { patient: string; person: PatientPerson | undefined }) {
  const [ofPerson, setOfPerson] = useState(false);
  const query = useInfiniteQuery(timelineQuery(patient, ofPerson));
  const others = person?.registrations.slice(1).map((each) => each.patient) ?? [];
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline" className="mb-2 text-lg font-semibold">
        What happened
      </h2>
      {others.length > 0 && (
        <p className="print:hidden">
          <Toggle pressed={ofPerson} onToggle={() => setOfPerson(!ofPerson)}>
            With linked registrations
          </Toggle>
        </p>
      )}
      <Loaded query={query} lines={12}>
        {(data) => (
          <>
            <PatientTimeline items={data.pages.flatMap((page) => page.items)} others={others} />
            <LoadMore query={query} what="of the history" />
          </>
        )}
      </Loaded>
    </section>
  );
}
