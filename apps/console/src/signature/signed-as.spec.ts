import { meaningsOf } from '#libs/signature/src/signature.decider.js';
import { signedAs } from './signed-as.js';

/** Every type that the server takes for more than its author's. */
const TYPES = [
  ...['ConsentSigned', 'ConsentWithdrawn', 'ContraindicationOverridden', 'SessionHoldDecided', 'SessionReviewed'],
  ...['ConsultationConcluded', 'AdverseEventClosed', 'CourseCompleted', 'CourseStopped', 'CourseLapsed'],
  ...['SessionBooked', 'FollowUpHeld', 'PatientRegistered'],
];

describe('what is to be signed', () => {
  it.each(TYPES)('of %s is what the server takes it for', (type) => {
    const [, meaning] = meaningsOf(type, false);
    expect(signedAs({ type, details: {} })).toBe(meaning);
  });

  it('of a session is that a rule was overridden, where one was', () => {
    for (const overridden of [[], ['depth']]) {
      const [, meaning] = meaningsOf('SessionPerformed', overridden.length > 0);
      expect(signedAs({ type: 'SessionPerformed', details: { overridden } })).toBe(meaning);
    }
    expect(signedAs({ type: 'SessionPerformed', details: {} })).toBeUndefined();
  });
});
