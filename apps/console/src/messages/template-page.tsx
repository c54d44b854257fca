import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type KeptTemplate, keptTemplateQuery } from '../api/messages.js';
import { formatInstant } from '../ui/dates.js';
import { channelName, languageName, messageKind } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { shortHash } from './message-text.js';

const route = getRouteApi('/message-templates/$hash');

/** The words that messages were written from, as they were then. */
export function TemplatePage() {
  const { hash } = route.useParams();
  const query = useQuery(keptTemplateQuery(hash));
  return (
    <Loaded query={query} lines={8}>
      {(template) => <Words template={template} />}
    </Loaded>
  );
}

function Words({ template }: { template: KeptTemplate }) {
  const { language } = template;
  const phrases = Object.entries(template.phrases);
  return (
    <article className="max-w-4xl">
      <PageHeader
        title={`${messageKind(template.name)}, the words`}
        tabTitle={`Template ${shortHash(template.templateHash)}`}
      >
        {channelName(template.channel)} in {languageName(template.language)}, first used{' '}
        {formatInstant(template.firstUsedAt)}.{' '}
        <span className="code block text-xs wrap-anywhere">SHA-256 {template.templateHash}</span>
      </PageHeader>
      {template.subject !== null && (
        <Part title="Subject" language={language}>
          {template.subject}
        </Part>
      )}
      <Part title="Text" language={language}>
        {template.text}
      </Part>
      {phrases.length > 0 && (
        <section aria-labelledby="phrases" className="mb-6">
          <h2 id="phrases" className="mb-2 text-lg font-semibold">
            Phrases
          </h2>
          <dl className="border-t border-line">
            {phrases.map(([name, phrase]) => (
              <div key={name} className="grid gap-x-4 border-b border-line py-1.5 sm:grid-cols-[10rem_minmax(0,1fr)]">
                <dt className="code text-soft">{name}</dt>
                <dd className="wrap-anywhere whitespace-pre-wrap" lang={template.language}>
                  {phrase}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {template.mjml !== null && (
        <Part title="HTML, as MJML" language={language}>
          {template.mjml}
        </Part>
      )}
    </article>
  );
}

interface PartProps {
  title: string;
  language: string;
  children: ReactNode;
}

function Part({ title, language, children }: PartProps) {
  return (
    <section className="mb-6">
      <h2 className="mb-2 text-lg font-semibold">{title}</h2>
      <p
        lang={language}
        className="code border border-line bg-surface px-4 py-3 leading-relaxed wrap-anywhere whitespace-pre-wrap"
      >
        {children}
      </p>
    </section>
  );
}
