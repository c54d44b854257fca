import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import {
  adverseEventKindSchema,
  courseStream,
  FollowUpHeld,
  reactionSchema,
  severitySchema,
} from '#libs/treatment/src/history.contract.js';
import { columnOf, type FileFormat, patientOf, refOf, timeOf, type Values } from '../file-format.js';
import { allOf, listOf, number, numberOf, oneOf, wallTime } from '../line-checks.js';

const held = FollowUpHeld.schema.shape;

/** The adverse event of a line, as far as an event can hold it. */
const adverseEventOf = (values: Values) =>
  held.adverseEvent.safeParse(
    values.adverse_event === ''
      ? undefined
      : { kind: values.adverse_event, ...(values.severity !== '' && { severity: values.severity }) },
  );

export const followupsFile: FileFormat = {
  file: 'followups',
  columns: [
    { name: 'course_code', required: true, refersTo: 'courses' },
    { name: 'at', required: true, check: wallTime, wallTime: true },
    { name: 'site_code', required: true, refersTo: 'sites' },
    { name: 'kind', required: true, check: oneOf(held.kind.options) },
    { name: 'reactions', check: allOf(reactionSchema.options) },
    { name: 'adverse_event', check: oneOf(adverseEventKindSchema.options) },
    {
      name: 'severity',
      required: (values) => (adverseEventOf(values).success ? undefined : 'Fill it in: an adverse event is named.'),
      check: oneOf(severitySchema.options),
      note: (_value, values) => (values.adverse_event === '' ? 'Left out: no adverse event is named.' : undefined),
    },
    { name: 'outcome_score', check: number(held.outcomeScore, 'a whole number from 1 to 5') },
  ],
  identity: ['course_code', 'at'],
  identify: (line) => derivedId(refOf(line, 'course_code').id, `follow-up ${columnOf(line, 'at')}`),
  record: (line, followUpId) => {
    const courseId = refOf(line, 'course_code').id;
    const patientId = patientOf(line);
    const siteId = refOf(line, 'site_code').id;
    const at = timeOf(line, 'at');
    const adverseEvent = adverseEventOf(line.values).data;
    const outcomeScore = numberOf(columnOf(line, 'outcome_score'));
    const event = FollowUpHeld(occurredAt(at), {
      courseId,
      patientId,
      followUpId,
      siteId,
      kind: held.kind.parse(columnOf(line, 'kind')),
      at,
      reactions: listOf(columnOf(line, 'reactions')).map((reaction) => reactionSchema.parse(reaction)),
      ...(adverseEvent && { adverseEvent }),
      ...(outcomeScore !== undefined && { outcomeScore }),
    });
    return {
      site: siteId,
      person: { id: patientId, classes: ['clinical'] },
      streams: [{ stream: courseStream(courseId), expectedRevision: 'exists', events: [event] }],
    };
  },
};
