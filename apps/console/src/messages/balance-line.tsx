import { Fragment } from 'react';
import { type Balance, MESSAGE_STATUSES, type MessageStatus } from '../api/messages.js';
import { outcomesOf } from './balance.js';

interface BalanceLineProps {
  balance: Balance;
  status: MessageStatus;
  onShow: (status: MessageStatus) => void;
}

const NEEDS_A_LOOK = new Set<MessageStatus>(['failed', 'unknown']);

/** The sum that must hold, and at the same time the way to its terms. */
export function BalanceLine({ balance, status: shown, onShow }: BalanceLineProps) {
  const outcomes = outcomesOf(balance);
  const holds = outcomes === balance.planned;
  return (
    <nav aria-label="Messages by outcome" className="mb-5 border-y border-line py-1">
      <div className="flex flex-wrap items-stretch gap-x-1 gap-y-1">
        <span className="flex flex-col justify-center py-1.5 pr-2">
          <span className="text-xl leading-6 font-semibold">{balance.planned.toLocaleString('en')}</span>
          <span className="text-xs text-soft">planned</span>
        </span>
        {MESSAGE_STATUSES.map((status, n) => (
          <Fragment key={status}>
            <span className="self-center text-lg text-faint max-sm:hidden">{n === 0 ? (holds ? '=' : '≠') : '+'}</span>
            <button
              type="button"
              aria-current={shown === status ? 'page' : undefined}
              onClick={() => onShow(status)}
              className="flex flex-col justify-center rounded-[5px] border border-transparent px-3 py-1.5 text-left hover:bg-surface aria-[current]:border-ink aria-[current]:bg-surface"
            >
              <span className={`text-xl leading-6 font-semibold ${toneOf(status, balance[status])}`}>
                {balance[status].toLocaleString('en')}
              </span>
              <span className="text-xs text-soft">{status}</span>
            </button>
          </Fragment>
        ))}
      </div>
      {!holds && (
        <p role="alert" className="py-1.5 font-semibold text-iodine">
          The outcomes add up to {outcomes.toLocaleString('en')}: the read model is still catching up, or a message has
          no outcome. See the projections on the System page.
        </p>
      )}
    </nav>
  );
}

function toneOf(status: MessageStatus, n: number): string {
  if (n === 0) return 'text-faint';
  return NEEDS_A_LOOK.has(status) ? 'text-iodine' : 'text-ink';
}
