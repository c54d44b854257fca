import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type Explanation, explanationQuery, type MessageDetail, messageQuery } from '../api/messages.js';
import { letterQuery } from '../api/outbox.js';
import { Letter } from '../outbox/letter.js';
import { formatInstant } from '../ui/dates.js';
import { messageKind, messageReason } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, PatientLink } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { ExplanationGrounds } from './explanation-grounds.js';
import { ExplanationSteps } from './explanation-steps.js';
import { MessageStatusChip } from './message-status-chip.js';
import { outcomeText, replyText } from './message-text.js';
import { UnknownFate } from './unknown-fate.js';

const route = getRouteApi('/messages/$message');

/** One message: the whole chain of reasons, whether it was sent or not. */
export function MessagePage() {
  const { message } = route.useParams();
  const query = useQuery(explanationQuery(message));
  // The read model may be a moment behind the log: the chain of reasons does not wait for names.
  const detail = useQuery(messageQuery(message)).data;
  return (
    <Loaded query={query} lines={12}>
      {(explanation) => <Reading explanation={explanation} detail={detail} />}
    </Loaded>
  );
}

interface ReadingProps {
  explanation: Explanation;
  /** Undefined until it is loaded. */
  detail: MessageDetail | undefined;
}

function Reading({ explanation, detail }: ReadingProps) {
  const { status } = explanation;
  const reason = detail && detail.status === status && detail.reason;
  return (
    <>
      <PageHeader title={messageKind(explanation.kind)} tabTitle="Message" actions={<PrintButton />}>
        {detail && (
          <>
            For <PatientLink patient={detail.patient} />, course <CourseLink course={detail.course} />.{' '}
          </>
        )}
        <Link to="/messages" search={{ status }} className="link">
          All messages
        </Link>
      </PageHeader>
      <p className="mb-6 max-w-3xl text-[0.9375rem]">
        <MessageStatusChip message={{ status, delivery: detail?.delivery ?? null }} /> {outcomeText(status)}
        {reason && status !== 'expired' && <b className="font-semibold"> {messageReason(reason)}.</b>}
      </p>
      {status === 'unknown' && <UnknownFate explanation={explanation} />}
      <div className="gap-10 xl:grid xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="min-w-0">
          <ExplanationGrounds explanation={explanation} course={detail?.course} />
          <ExplanationSteps steps={explanation.steps} />
        </div>
        <div className="min-w-0">
          {detail && <Answers answers={detail.answers} />}
          <AsSent message={explanation.id} />
        </div>
      </div>
    </>
  );
}

function Answers({ answers }: { answers: MessageDetail['answers'] }) {
  if (answers.length === 0) return null;
  return (
    <section aria-labelledby="answers" className="mb-8">
      <h2 id="answers" className="mb-2 text-lg font-semibold">
        What the patient answered
      </h2>
      <ul className="border-t border-line">
        {answers.map(({ at, meaning, via, text }) => (
          <li key={`${at} ${meaning}`} className="border-b border-line py-2">
            <b className="font-semibold">The patient {replyText(meaning)}</b>
            {text !== null && <q className="ml-2 wrap-anywhere whitespace-pre-wrap">{text}</q>}
            <span className="block text-xs text-faint">
              {via === 'sms' ? 'By SMS' : 'By the link in the message'}, {formatInstant(at)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Only what no provider carried is kept: what a provider took stands with the provider. */
function AsSent({ message }: { message: string }) {
  const item = useQuery(letterQuery(message)).data;
  if (!item) return null;
  return (
    <section aria-labelledby="letter" className="mb-8">
      <h2 id="letter" className="mb-2 text-lg font-semibold">
        As the patient reads it
      </h2>
      <Letter item={item} />
    </section>
  );
}
