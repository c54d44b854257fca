import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { type OutboxItem, outboxQuery } from '../api/outbox.js';
import { sitesQuery } from '../api/sites.js';
import { LoadMore, Select } from '../ui/controls.js';
import { formatWall } from '../ui/dates.js';
import { channelName, languageName, messageKind } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, PatientLink, PersonName } from '../ui/names.js';
import { MessageReasoning } from './message-reasoning.js';
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
              reading={open && <Letter item={open} />}
            />
          );
        }}
      </Loaded>
    </>
  );
}

function Letter({ item }: { item: OutboxItem }) {
  return (
    <>
      <article className="border border-line bg-surface" lang={item.language}>
        <header className="border-b border-line px-5 py-4" lang="en">
          <h2 className="text-lg font-semibold" lang={item.subject ? item.language : 'en'}>
            {item.subject ?? messageKind(item.kind)}
          </h2>
          <p className="mt-1 text-soft">
            To <PatientLink patient={item.patient} />
            {item.to && `, ${item.to}`}
          </p>
          <p className="text-xs text-faint">
            {channelName(item.channel)} in {languageName(item.language)}, sent{' '}
            <span title={item.sentWall.zone}>{formatWall(item.sentWall.wall)}</span>
            {item.course && (
              <>
                , course <CourseLink course={item.course} />
              </>
            )}
          </p>
        </header>
        {item.body === null ? (
          <p className="px-5 py-5 text-faint italic" lang="en">
            The text was erased with the patient.
          </p>
        ) : (
          <p className="max-w-[68ch] px-5 py-5 text-[0.9375rem] leading-relaxed whitespace-pre-wrap">{item.body}</p>
        )}
      </article>
      <MessageReasoning message={item.messageId} />
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
