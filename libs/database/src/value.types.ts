import pg from 'pg';

const OID_DATE = 1082;
const asIs = (value: string): string => value;

/**
 * Type parsers of both databases: the driver's own, except that a `date` stays the text it is. The driver would make it
 * a Date at midnight of the machine's zone, which is another day elsewhere.
 */
export const valueTypes = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === OID_DATE && format !== 'binary'
      ? asIs
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};
