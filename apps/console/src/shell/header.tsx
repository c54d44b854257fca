import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { WhoIsSignedIn } from '../access/who-is-signed-in.js';
import { chainQuery } from '../api/chain.js';
import { useCurrentSite } from '../ui/current-site.js';
import { PistorMark } from '../ui/icons.js';
import { PatientSearch } from './patient-search.js';

const item =
  'block rounded-[4px] px-2.5 py-1.5 xl:px-2 2xl:px-2.5 whitespace-nowrap text-drape-soft hover:text-drape-ink aria-[current=page]:bg-drape-raised aria-[current=page]:font-semibold aria-[current=page]:text-drape-ink';

/** Name, ways, search. */
export function Header({ onHelp }: { onHelp: () => void }) {
  const chain = useQuery(chainQuery).data;
  const site = useCurrentSite();
  return (
    <header className="on-drape bg-drape text-drape-ink">
      <div className="mx-auto flex max-w-[90rem] flex-wrap items-center gap-x-5 px-4 lg:px-6 xl:h-13 xl:flex-nowrap">
        <Link to="/" className="flex items-center gap-2.5 py-2.5 font-display text-lg font-semibold">
          <PistorMark />
          Pistor
          {chain && <span className="font-sans text-xs font-normal text-drape-soft">{chain.slug}</span>}
        </Link>
        <nav
          aria-label="Main"
          className="order-3 -mx-4 w-[calc(100%+2rem)] overflow-x-auto px-3 pb-2 lg:-mx-6 lg:w-[calc(100%+3rem)] lg:px-5 xl:order-none xl:mx-0 xl:w-auto xl:p-0"
        >
          <ul className="flex gap-0.5">
            <li>
              <Link to="/" className={item} activeOptions={{ exact: true, includeSearch: false }}>
                Due list
              </Link>
            </li>
            <li>
              <Link to="/courses" className={item} activeOptions={{ includeSearch: false }}>
                Courses
              </Link>
            </li>
            <li>
              <Link to="/waiting" className={item} activeOptions={{ includeSearch: false }}>
                Waiting
              </Link>
            </li>
            <li>
              <Link to="/tasks" className={item} activeOptions={{ includeSearch: false }}>
                Tasks
              </Link>
            </li>
            {site && (
              <li>
                <Link to="/sites/$site/day" params={{ site }} className={item} activeOptions={{ includeSearch: false }}>
                  Day
                </Link>
              </li>
            )}
            <li>
              <Link to="/patients" className={item} activeOptions={{ includeSearch: false }}>
                Patients
              </Link>
            </li>
            <li>
              <Link to="/messages" className={item} activeOptions={{ includeSearch: false }}>
                Messages
              </Link>
            </li>
            <li>
              <Link to="/outbox" className={item} activeOptions={{ includeSearch: false }}>
                Outbox
              </Link>
            </li>
            <li>
              <Link to="/protocols" className={item}>
                Protocols
              </Link>
            </li>
            <li>
              <Link to="/system" className={item}>
                System
              </Link>
            </li>
          </ul>
        </nav>
        <div className="ml-auto flex items-center gap-2">
          <PatientSearch />
          <WhoIsSignedIn />
          <button
            type="button"
            onClick={onHelp}
            aria-label="Keyboard shortcuts"
            className="size-8 rounded-[5px] border border-drape-soft/50 font-semibold text-drape-soft hover:text-drape-ink max-lg:hidden"
          >
            ?
          </button>
        </div>
      </div>
    </header>
  );
}
