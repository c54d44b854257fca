import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The API as it is documented, which a check holds to what the server answers. */
const { paths } = JSON.parse(readFileSync(join(__dirname, '../../../../docs/openapi.json'), 'utf8')) as {
  paths: Record<string, { get?: { parameters?: readonly { name?: string }[] } }>;
};

/** What a course or a patient is read under. */
const OF_PERSON = /^\/v1\/(patients\/\{patient\}|courses|consultations|adverse-events|maintenance)(\/|$)/;

/** What does not change with what is known, or is about something else than the clinic's record. */
const WITHOUT: Readonly<Record<string, string>> = {
  '/v1/courses/{course}/evidence': 'holds the whole record, with when each entry occurred and was recorded',
  '/v1/patients/{patient}/evidence': 'holds the whole record, with when each entry occurred and was recorded',
  '/v1/patients/{patient}/signatures': 'names the exact entries that were signed, which never change',
  '/v1/patients/{patient}/disclosures': 'is the record of reads, which has one time only and is never corrected',
  '/v1/patients/{patient}/erasure': 'says what became of a request, as a protocol of its steps',
};

const reads = Object.entries(paths).flatMap(([path, { get }]) => (get && OF_PERSON.test(path) ? [{ path, get }] : []));

it('answers every history and read model of a course or a patient as of any valid and any recorded time', () => {
  expect(reads.length).toBeGreaterThan(12);
  const lacking = reads
    .filter(({ path }) => WITHOUT[path] === undefined)
    .map(({ path, get }) => ({ path, takes: (get.parameters ?? []).map(({ name }) => name) }))
    .filter(({ takes }) => !takes.includes('asOf') || !takes.includes('knownAt'));
  expect(lacking).toEqual([]);
});

it('leaves out what the API has, and nothing else', () => {
  const known = new Set(reads.map(({ path }) => path));
  expect(Object.keys(WITHOUT).filter((path) => !known.has(path))).toEqual([]);
});
