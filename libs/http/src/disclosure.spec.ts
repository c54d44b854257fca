import { patientsIn } from './disclosure.js';
import { QueryEndpoint } from './endpoint.decorators.js';

const declare = (options: object) => () =>
  QueryEndpoint({ id: 'getFile', summary: '', may: 'public', ...options })({}, 'file', { value: () => undefined });

describe('whose data an answer holds', () => {
  it('is seen wherever a patient is named', () => {
    const answer = {
      patient: { id: 'a', name: 'A' },
      items: [{ patientId: 'b' }, { course: { patient: { id: 'c' } } }, { links: [{ otherPatientId: 'd' }] }],
      registrations: [{ id: 'e' }, { patient: { id: 'f' } }],
    };
    expect([...patientsIn(answer)].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('is seen where a patient is named by their id alone', () => {
    const patient = '0199a000-0000-7000-8000-0000000000aa';
    expect([...patientsIn({ items: [{ grants: [{ role: 'patient', patient }] }] })]).toEqual([patient]);
    expect(patientsIn({ items: [{ patient: 'a word' }, { patient: null }] }).size).toBe(0);
  });

  it('is nobody’s where none is', () => {
    for (const answer of [undefined, null, 'text', 3, [], {}, { patient: null, patients: 4, site: { id: 's' } }]) {
      expect(patientsIn(answer).size).toBe(0);
    }
  });

  it('is that of the answer itself, or of its items, where these are patients', () => {
    expect([...patientsIn({ id: 'a', course: { id: 'k' } }, 'patients')]).toEqual(['a']);
    expect([...patientsIn({ items: [{ id: 'a' }, { id: 'b' }], next: null }, 'patients')]).toEqual(['a', 'b']);
  });

  it('is said by an endpoint that sends its answer itself: it has left before anybody could look', () => {
    expect(declare({ produces: 'text/csv' })).toThrow('getFile');
    for (const discloses of ['nobody', 'address', 'chain']) {
      expect(declare({ produces: 'text/csv', discloses })).not.toThrow();
    }
    expect(declare({ produces: 'text/csv', discloses: 'patients' })).toThrow('getFile');
    expect(declare({})).not.toThrow();
  });
});
