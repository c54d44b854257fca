import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { CourseDetail } from '../api/courses.js';
import { messagesQuery } from '../api/messages.js';
import { LoadMore } from '../ui/controls.js';
import { formatWall } from '../ui/dates.js';
import { channelName, messageKind, messageReason, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

/** What was, is or would have been said to the patient about this course. */
export function CourseMessages({ course }: { course: CourseDetail }) {
  const query = useInfiniteQuery(messagesQuery({ course: course.id }));
  return (
    <section aria-labelledby="messages">
      <h2 id="messages" className="mb-1 text-lg font-semibold">
        Messages
      </h2>
      <Loaded query={query} lines={3}>
        {(data) => {
          const messages = data.pages.flatMap((page) => page.items);
          if (messages.length === 0) {
            return (
              <p className="text-soft">No message was planned. What was due before it was imported is never sent.</p>
            );
          }
          return (
            <>
              <table className="ledger">
                <caption className="sr-only">Messages about this course</caption>
                <thead>
                  <tr>
                    <th scope="col">Message</th>
                    <th scope="col">Due</th>
                    <th scope="col">State</th>
                    <th scope="col" className="max-sm:hidden">
                      Sent, or why not
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {messages.map((message) => (
                    <tr key={message.id}>
                      <th scope="row">
                        <Link to="/messages/$message" params={{ message: message.id }} className="link">
                          {messageKind(message.kind)}
                        </Link>
                      </th>
                      <td title={message.due.zone}>{formatWall(message.due.wall)}</td>
                      <td>{words(message.status)}</td>
                      <td className="text-soft max-sm:hidden">
                        {message.sentWall &&
                          `${formatWall(message.sentWall.wall)}, ${channelName(message.channel ?? 'none')}`}
                        {message.reason && messageReason(message.reason)}
                        {message.heldFor.length > 0 && (
                          <b className="font-semibold text-iodine">held for {message.heldFor.join(', ')}</b>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <LoadMore query={query} what="messages" />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
