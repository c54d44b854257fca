import { occurredNow } from '#libs/kernel/src/occurred.js';
import { QUIET_HOURS_DEFAULT, SiteRegistered, siteStream } from '#libs/treatment/src/history.contract.js';
import { columnOf, type FileFormat } from '../file-format.js';
import { language, languageOf, zone } from '../line-checks.js';

export const sitesFile: FileFormat = {
  file: 'sites',
  columns: [
    { name: 'site_code', required: true },
    { name: 'name', required: true },
    { name: 'time_zone', required: true, check: zone },
    { name: 'language', check: language },
  ],
  identity: ['site_code'],
  identify: (line) => ({ kind: 'site', code: columnOf(line, 'site_code') }),
  infoOf: (line) => ({ zone: columnOf(line, 'time_zone') }),
  record: (line, siteId, now) => ({
    site: siteId,
    streams: [
      {
        stream: siteStream(siteId),
        expectedRevision: 'no-stream',
        events: [
          SiteRegistered(occurredNow(now, 'unknown'), {
            siteId,
            name: columnOf(line, 'name'),
            timeZone: columnOf(line, 'time_zone'),
            language: languageOf(columnOf(line, 'language')),
            quietHours: QUIET_HOURS_DEFAULT,
          }),
        ],
      },
    ],
  }),
};
