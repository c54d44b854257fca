import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { readScan, type ScannedLot } from './gs1.js';
import { readGtin } from './gtin.js';
import type { ReceiveLotData } from './lot.commands.js';
import type { Receipt } from './lot.decider.js';
import { type LotField, ReceiptRefused } from './lot.errors.js';

/** A receipt with nothing left to be read from a scan. */
export interface NamedReceipt {
  readonly lotNumber: string;
  readonly receipt: Receipt;
}

/** A scan that is longer is none. */
const SEEN_CHARACTERS_MAX = 200;
const SCAN_ACCEPTED = 'a GS1 element string, its human readable form, or a GS1 Digital Link, with (01), (10) and (17)';

/**
 * What is received, from what was typed and what was scanned. A scan says product number, lot number, expiry and serial
 * number; what is typed beside it must be the same.
 * @throws ReceiptRefused that says everything that is to be mended in the scan
 */
export function receiptOf(data: ReceiveLotData): NamedReceipt {
  const { gtin, serial, receivedOn, ingredients, volumeMl, units } = data;
  const counted = { receivedOn, ingredients, volumeMl, units };
  if (data.scan === undefined) {
    // The schema asks for both where nothing was scanned.
    const { lotNumber = '', expiresOn = receivedOn } = data;
    return { lotNumber, receipt: { ...counted, gtin, serial, expiresOn } };
  }
  const { lotNumber, ...read } = scanned(data.scan, receivedOn);
  const fields = contradictions(data, { lotNumber, ...read });
  if (fields.length > 0) throw new ReceiptRefused(fields);
  return { lotNumber, receipt: { ...counted, ...read, serial: read.serial ?? serial } };
}

function scanned(text: string, receivedOn: LocalDate): ScannedLot {
  const scan = readScan(text, receivedOn);
  if ('lot' in scan) return scan.lot;
  throw new ReceiptRefused(
    scan.problems.map((message) => ({
      field: 'scan',
      message,
      rule: 'lot.scan',
      facts: [],
      seen: text.slice(0, SEEN_CHARACTERS_MAX),
      accepted: SCAN_ACCEPTED,
    })),
  );
}

function contradictions(data: ReceiveLotData, read: ScannedLot): LotField[] {
  const typed = {
    gtin: data.gtin === undefined ? undefined : (readGtin(data.gtin) ?? data.gtin),
    lotNumber: data.lotNumber,
    expiresOn: data.expiresOn,
    serial: data.serial,
  };
  return (Object.keys(typed) as (keyof typeof typed)[]).flatMap((field) => {
    const [given, said] = [typed[field], read[field]];
    if (given === undefined || said === undefined || given === said) return [];
    const message = `The scanned code says ${said}.`;
    return [{ field, message, rule: 'lot.scan-contradicted', facts: [], seen: given, accepted: `${said}, or nothing` }];
  });
}
