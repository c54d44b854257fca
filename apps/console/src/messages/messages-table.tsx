import { Link } from '@tanstack/react-router';
import type { Message, MessageStatus } from '../api/messages.js';
import { formatWall } from '../ui/dates.js';
import { messageKind } from '../ui/labels.js';
import { CourseLink, PatientLink } from '../ui/names.js';
import { followRow } from '../ui/row-navigation.js';
import { fateText } from './message-text.js';
import { MessageStatusChip } from './message-status-chip.js';

interface MessagesTableProps {
  messages: Message[];
  status: MessageStatus;
}

/** Messages, each with when it is due, whom it is for, and what became of it. */
export function MessagesTable({ messages, status }: MessagesTableProps) {
  return (
    <table className="ledger" data-sticky>
      <caption className="sr-only">Messages, {status}, with due time, kind, patient, course, status and reason</caption>
      <thead>
        <tr>
          <th scope="col" className="max-md:hidden">
            Due
          </th>
          <th scope="col">Message</th>
          <th scope="col">Patient</th>
          <th scope="col" className="max-md:hidden">
            Course
          </th>
          <th scope="col" className="max-lg:hidden">
            Status
          </th>
          <th scope="col" className="max-md:hidden">
            Why, and how
          </th>
        </tr>
      </thead>
      <tbody>
        {messages.map((message) => (
          <MessageRow key={message.id} message={message} />
        ))}
      </tbody>
    </table>
  );
}

function MessageRow({ message }: { message: Message }) {
  const fate = fateText(message);
  return (
    <tr data-row onClick={followRow}>
      <td className="whitespace-nowrap max-md:hidden">
        {formatWall(message.due.wall)}
        <span className="block text-xs text-faint">{message.due.zone}</span>
      </td>
      <th scope="row">
        <Link to="/messages/$message" params={{ message: message.id }} className="link" data-row-link>
          {messageKind(message.kind)}
        </Link>
        <span className="mt-0.5 block text-xs text-faint md:hidden">{formatWall(message.due.wall)}</span>
        {fate && <span className="block text-xs text-soft md:hidden">{fate}</span>}
      </th>
      <td>
        <PatientLink patient={message.patient} />
        <span className="mt-0.5 block text-xs md:hidden">
          <CourseLink course={message.course} />
        </span>
      </td>
      <td className="max-md:hidden">
        <CourseLink course={message.course} />
      </td>
      <td className="max-lg:hidden">
        <MessageStatusChip message={message} />
      </td>
      <td className="text-soft max-md:hidden">{fate}</td>
    </tr>
  );
}
