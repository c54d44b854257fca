import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { type OutboxItem, outboxQuery } from '../api/outbox.js';
import { sitesQuery } from '../api/sites.js';
import { LoadMore, Select } from '../ui/controls.js';
import { formatWall } from '../ui/dates.js';
import { channelName, messageKind } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PersonName } from '../ui/names.js';
import { Letter } from './letter.js';
import { Entry, Panes } from './panes.js';

const route = getRouteApi('/outbox');

interface SentListProps {
  selected: string | undefined;
  onSelect: (message: string | undefined) => void;
}

/** What went out, newest first, to be read as the patient reads it. */
export function SentList({ selected, onSelect }: SentListProps) {
  const { site } = route.useSearch();
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const query = useInfiniteQuery(outboxQuery(site));
  return (
    <>
      <div className="mb-3 max-w-88">
        <Select
          label="Site"
          value={site}
          all="All sites"
          options={sites.map((one) => ({ value: keyOf(one), label: one.name }))}
          onChange={(chosen) =>
            void navigate({ search: (before) => ({ ...before, site: chosen, message: undefined }), replace: true })
          }
        />
      </div>
      <Loaded query={query} lines={8}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          if (items.length === 0) return <NothingSent />;
          const open = items.find((item) => item.messageId === selected) ?? items[0];
          return (
            <Panes
              label="Messages that went out"
              isChosen={open?.messageId === selected}
              onBack={() => onSelect(undefined)}
              list={
                <>
                  <ul className="border-t-[1.5px] border-ink lg:max-h-[72dvh] lg:overflow-y-auto">
                    {items.map((item) => (
                      <Entry
                        key={item.messageId}
                        isChosen={item === open}
                        onChoose={() => onSelect(item.messageId)}
                        first={<PersonName person={item.patient} />}
                        aside={formatWall(item.sentWall.wall)}
                        second={`${messageKind(item.kind)}, ${channelName(item.channel)}`}
                      />
                    ))}
                  </ul>
                  <LoadMore query={query} what="messages" />
                </>
              }
              reading={open && <Reading item={open} />}
            />
          );
        }}
      </Loaded>
    </>
  );
}

function Reading({ item }: { item: OutboxItem }) {
  return (
    <>
      <Letter item={item} />
      <p className="mt-4">
        <Link to="/messages/$message" params={{ message: item.messageId }} className="link">
          Why it went, and what became of it
        </Link>
      </p>
    </>
  );
}

function NothingSent() {
  return (
    <p className="py-6 text-soft">
      Nothing has gone out yet. Messages leave when they fall due: in a sandbox, advance the clock above and watch them
      arrive here. What was due before a history was imported is never sent.
    </p>
  );
}
