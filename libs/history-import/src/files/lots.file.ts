import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { LotReceived, lotStream } from '#libs/treatment/src/history.contract.js';
import { columnOf, type FileFormat, refOf, zoneOf } from '../file-format.js';
import { date, listOf } from '../line-checks.js';

export const lotsFile: FileFormat = {
  file: 'lots',
  columns: [
    { name: 'site_code', required: true, refersTo: 'sites' },
    { name: 'product', required: true },
    { name: 'lot_number', required: true },
    { name: 'gtin' },
    { name: 'expires_on', required: true, check: date },
    { name: 'received_on', required: true, check: date },
    { name: 'ingredients' },
  ],
  identity: ['site_code', 'product', 'lot_number'],
  identify: (line) => ({
    kind: 'lot',
    code: `${refOf(line, 'site_code').id}/${columnOf(line, 'product')}/${columnOf(line, 'lot_number')}`,
  }),
  record: (line, lotId) => {
    const siteId = refOf(line, 'site_code').id;
    const receivedOn = columnOf(line, 'received_on');
    const gtin = columnOf(line, 'gtin');
    const received = LotReceived(occurredAt(wallToInstant(`${receivedOn}T00:00`, zoneOf(line)), 'day'), {
      lotId,
      siteId,
      product: columnOf(line, 'product'),
      lotNumber: columnOf(line, 'lot_number'),
      ...(gtin === '' ? {} : { gtin }),
      expiresOn: columnOf(line, 'expires_on'),
      receivedOn,
      ingredients: listOf(columnOf(line, 'ingredients')),
    });
    return { site: siteId, streams: [{ stream: lotStream(lotId), expectedRevision: 'no-stream', events: [received] }] };
  },
};
