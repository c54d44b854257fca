import { isErased } from '#libs/event-store/src/personal-data.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import { occurredOnDay } from '../day-anywhere.js';
import { HealthFactRecorded } from '../patient/patient.events.js';
import { consultationField } from './consultation.errors.js';
import { type ConsultationEvent, type QuestionnaireAnswer, QuestionnaireAnswered } from './consultation.events.js';
import { healthOfAnswer, type ScreeningRules } from './consultation.rules.js';
import { type HeldConsultation, isSameAnswer } from './consultation.state.js';
import type { CommandFor } from './consultation-command.types.js';
import { closed, occurredThen, ofConsultation, outOfTime, refuseAll } from './consultation-entry.rules.js';

/** Records the answers that are new (S0-C1 to S0-C8, S4-C1). @throws ConsultationRefused `questionnaire.refused` */
export function answerQuestionnaire(
  command: CommandFor<'AnswerQuestionnaire'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  const { answers, at, known } = command;
  const before = new Map((isErased(state.answers) ? [] : state.answers).map((each) => [each.code, each]));
  const changed = answers.filter((each) => !isSameAnswer(before.get(each.code), each));
  const today = localDateAt(now, state.zone);
  const wrong = answers.flatMap((each, n) => wrongAnswer(each, n, answers, known.protocol, today));
  if (changed.length === 0 && wrong.length === 0) return [];
  refuseAll('questionnaire.refused', [...closed(state), ...outOfTime(at, state, now), ...wrong]);
  const answeredCodes = changed.map(({ code }) => code);
  const data = { ...ofConsultation(state), answeredCodes, answers: [...changed] };
  return [QuestionnaireAnswered(occurredThen(at, now), data)];
}

/** What nobody can have been asked or have answered. @param n place of the answer among `answers` */
export function wrongAnswer(
  { code, answer: given, details = [], since }: QuestionnaireAnswer,
  n: number,
  answers: readonly QuestionnaireAnswer[],
  { screening }: ScreeningRules,
  today: LocalDate,
): ErrorField[] {
  const fields: ErrorField[] = [];
  const at = `answers.${n}`;
  const questions = screening.contraindications.map((each) => each.code);
  const question = screening.contraindications.find((each) => each.code === code);
  if (!question) {
    const message = `The protocol has no question ${code}.`;
    const accepted = questions.join(', ');
    fields.push(consultationField('questionnaire.question', `${at}.code`, message, { seen: code, accepted }));
  }
  if (answers.findIndex((each) => each.code === code) < n) {
    const message = `The question ${code} is answered twice.`;
    fields.push(consultationField('questionnaire.question', `${at}.code`, message, { seen: code, accepted: 'once' }));
  }
  const asksWhich = question !== undefined && question.trigger.kind !== 'condition';
  if (asksWhich && given === 'yes' && details.length === 0) {
    const message = `Name what it is: ${code} asks which.`;
    const { facts } = question;
    fields.push(
      consultationField('questionnaire.details', `${at}.details`, message, { facts, seen: 'none', accepted: 'names' }),
    );
  }
  if (since !== undefined && since > today) {
    const message = `What is so since ${since} is not so yet.`;
    const accepted = `${today} or earlier`;
    fields.push(consultationField('questionnaire.since', `${at}.since`, message, { seen: since, accepted }));
  }
  return fields;
}

/**
 * What a yes says about the patient beyond this consultation, for the patient's own record: each thing that stands there
 * neither by the record nor by an earlier one of these. It holds from the day that the patient names, else from the day of
 * the answer: nobody knows whether it was so before.
 * @param recorded what the health record says on the day of the answer, `on`
 * @param factIdAt the id of the nth fact
 */
export function healthFactsOf(
  answered: Extract<ConsultationEvent, { type: 'QuestionnaireAnswered' }>,
  {
    protocol,
    recorded,
    on,
    factIdAt,
  }: {
    readonly protocol: Pick<ScreeningRules, 'screening'>;
    readonly recorded: HealthAnswers | 'erased';
    readonly on: LocalDate;
    readonly factIdAt: (n: number) => Id;
  },
): ReturnType<typeof HealthFactRecorded>[] {
  const { answers, patientId, consultationId } = answered.data;
  if (isErased(answers) || recorded === 'erased') return [];
  const known = {
    condition: new Set(recorded.conditions.map(foldCase)),
    medication: new Set(recorded.medications.map(foldCase)),
    allergy: new Set(recorded.allergies.map(foldCase)),
  };
  const facts: ReturnType<typeof HealthFactRecorded>[] = [];
  for (const each of answers) {
    const question = protocol.screening.contraindications.find(({ code }) => code === each.code);
    if (!question) continue;
    const { conditions, medications, allergies } = healthOfAnswer(question, each);
    const learned = [
      ...conditions.map((statement) => ({ kind: 'condition' as const, statement })),
      ...medications.map((statement) => ({ kind: 'medication' as const, statement })),
      ...allergies.map((statement) => ({ kind: 'allergy' as const, statement })),
    ];
    for (const { kind, statement } of learned) {
      if (known[kind].has(foldCase(statement))) continue;
      known[kind].add(foldCase(statement));
      const since = each.since ?? on;
      const factId = factIdAt(facts.length);
      const fact = { patientId, factId, kind, since, until: null, statement, consultationId };
      facts.push(HealthFactRecorded(occurredOnDay(since), fact));
    }
  }
  return facts;
}
