import { useInfiniteQuery } from '@tanstack/react-query';
import { type Message, type MessageStatus, messagesQuery } from '../api/messages.js';
import { LoadMore } from '../ui/controls.js';
import { formatDate, formatInstant, formatTime, formatWall } from '../ui/dates.js';
import { messageKind, messageReason } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, PatientLink, PersonName } from '../ui/names.js';
import { MessageReasoning } from './message-reasoning.js';
import { Entry, Panes } from './panes.js';

interface MessageListProps {
  status: MessageStatus;
  selected: string | undefined;
  onSelect: (message: string | undefined) => void;
}

const EMPTY: Record<MessageStatus, string> = {
  sent: 'Nothing has gone out yet.',
  pending: 'No message waits. Sessions that are booked and courses that are completed bring new ones.',
  suppressed: 'Nothing was held back.',
  expired: 'No message came too late to be of use.',
  failed: 'No message failed.',
  unknown: 'The outcome of every message is known.',
};

/** Messages that did not go out, or not yet, each with the reason. */
export function MessageList({ status, selected, onSelect }: MessageListProps) {
  const query = useInfiniteQuery(messagesQuery({ status }));
  return (
    <Loaded query={query} lines={8}>
      {(data) => {
        const messages = data.pages.flatMap((page) => page.items);
        if (messages.length === 0) return <p className="py-6 text-soft">{EMPTY[status]}</p>;
        const open = messages.find((message) => message.id === selected) ?? messages[0];
        return (
          <Panes
            label={`Messages, ${status}`}
            isChosen={open?.id === selected}
            onBack={() => onSelect(undefined)}
            list={
              <>
                <ul className="border-t-[1.5px] border-ink lg:max-h-[72dvh] lg:overflow-y-auto">
                  {messages.map((message) => (
                    <Entry
                      key={message.id}
                      isChosen={message === open}
                      onChoose={() => onSelect(message.id)}
                      first={<PersonName person={message.patient} />}
                      aside={`${formatDate(message.due.wall)}, ${formatTime(message.due.wall)}`}
                      second={
                        message.reason
                          ? `${messageKind(message.kind)}: ${messageReason(message.reason)}`
                          : messageKind(message.kind)
                      }
                    />
                  ))}
                </ul>
                <LoadMore query={query} what="messages" />
              </>
            }
            reading={open && <Unsent message={open} />}
          />
        );
      }}
    </Loaded>
  );
}

const OUTCOME: Record<MessageStatus, string> = {
  sent: 'It went out.',
  pending: 'It waits until it is due.',
  suppressed: 'It was held back.',
  expired: 'It expired: when it could have left, it would have been of no use any more.',
  failed: 'It could not be delivered.',
  unknown: 'The provider may or may not have taken it. It is not sent again blindly.',
};

function Unsent({ message }: { message: Message }) {
  return (
    <>
      <article className="border border-line bg-surface px-5 py-4">
        <h2 className="text-lg font-semibold">{messageKind(message.kind)}</h2>
        <p className="mt-1 text-soft">
          For <PatientLink patient={message.patient} />, course <CourseLink course={message.course} />
        </p>
        <p className="mt-3 text-[0.9375rem]">
          {OUTCOME[message.status]}
          {message.reason && <b className="font-semibold"> {messageReason(message.reason)}.</b>}
        </p>
        <dl className="mt-3 space-y-1 text-soft">
          <div className="flex gap-2">
            <dt className="text-faint">Due</dt>
            <dd>
              {formatWall(message.due.wall)} <span className="text-faint">{message.due.zone}</span>
            </dd>
          </div>
          {message.nextDue && (
            <div className="flex gap-2">
              <dt className="text-faint">Tried next</dt>
              <dd>{formatInstant(message.nextDue)}</dd>
            </div>
          )}
        </dl>
      </article>
      <MessageReasoning message={message.id} />
    </>
  );
}
