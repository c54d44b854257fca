import { Readable } from 'node:stream';
import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import { type BrokenLine, type CsvRecord, csvRecords } from './csv-records.js';

async function read(content: string | Buffer, chunkBytes = 7): Promise<(CsvRecord | BrokenLine)[]> {
  const bytes = Buffer.from(content as string);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  const records: (CsvRecord | BrokenLine)[] = [];
  for await (const record of csvRecords(Readable.from(chunks))) records.push(record);
  return records;
}

const fieldsOf = (records: readonly (CsvRecord | BrokenLine)[]) =>
  records.map((record) => ('fields' in record ? record.fields : record.problem));

describe('CSV', () => {
  it.each([
    ['LF', 'a,b\n1,2\n'],
    ['CRLF', 'a,b\r\n1,2\r\n'],
    ['no newline at the end', 'a,b\n1,2'],
    ['a byte-order mark', '\uFEFFa,b\n1,2\n'],
    ['blank lines', 'a,b\n\n  \n1,2\n\n'],
    ['quotation marks', '"a","b"\n"1","2"\n'],
  ])('is read with %s', async (_, text) => {
    expect(fieldsOf(await read(text))).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('has commas, quotation marks and line breaks inside quotation marks', async () => {
    expect(await read('a,b\r\n"x, y","say ""hi"""\r\n"one\r\ntwo",3\n4,5\n')).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['x, y', 'say "hi"'] },
      { line: 3, fields: ['one\ntwo', '3'] },
      { line: 5, fields: ['4', '5'] },
    ]);
  });

  it('keeps empty fields, also at the ends', async () => {
    expect(fieldsOf(await read(',\n"",""\n,,x,\n'))).toEqual([
      ['', ''],
      ['', ''],
      ['', '', 'x', ''],
    ]);
  });

  it('takes a byte-order mark off the beginning of the file only', async () => {
    expect(fieldsOf(await read('a\n\uFEFFb\n'))).toEqual([['a'], ['\uFEFFb']]);
  });

  describe('goes on at the next line after', () => {
    const around = (line: string) => `a,b\n${line}\n3,4\n5,"6"\n`;

    it.each([
      ['text after a closing quotation mark', '1,"x"y', /comma after the closing/],
      ['a quotation mark inside a field', '1,x"y', /quotation marks, and double/],
      ['a quotation mark that is never closed', '1,"x', /Close the quotation mark|comma after/],
      ['a NUL character', '1,\0', /NUL/],
    ])('%s', async (_, line, problem) => {
      const [header, broken, ...rest] = await read(around(line));
      expect(header).toEqual({ line: 1, fields: ['a', 'b'] });
      expect(broken).toMatchObject({ line: 2, problem: expect.stringMatching(problem) });
      expect(rest).toEqual([
        { line: 3, fields: ['3', '4'] },
        { line: 4, fields: ['5', '6'] },
      ]);
    });

    it('bytes that are no UTF-8', async () => {
      const content = Buffer.concat([Buffer.from('a\nM'), Buffer.from([0xfc]), Buffer.from('ller\nMüller\n')]);
      expect(await read(content)).toEqual([
        { line: 1, fields: ['a'] },
        { line: 2, problem: expect.stringContaining('UTF-8'), beginning: 'M\uFFFDller' },
        { line: 3, fields: ['Müller'] },
      ]);
    });

    it('a line that is far too long', async () => {
      const records = await read(`a\n${'x'.repeat(2_000_000)}\nb\n`, 65_536);
      expect(records.map(({ line }) => line)).toEqual([1, 2, 3]);
      expect(records[1]).toMatchObject({ problem: expect.stringContaining('Shorten') });
      expect(records[2]).toMatchObject({ fields: ['b'] });
    });

    it('a quotation mark that is never closed, in a file without any other', async () => {
      const records = await read(`a,b\n1,"x\n${'3,4\n'.repeat(1_000)}`, 4_096);
      expect(records).toHaveLength(1_002);
      expect(records[1]).toMatchObject({ line: 2, problem: expect.stringContaining('Close') });
      expect(records.at(-1)).toEqual({ line: 1_002, fields: ['3', '4'] });
    });
  });

  it('reads what csv-parse reads, wherever the stream is cut', async () => {
    const field = fc.oneof(
      fc.constantFrom('', ' ', 'plain', 'a,b', '"', 'say ""', 'two\nlines', 'Şahin', '🙂', "O'Neill"),
      fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\0\r]/.test(text)),
    );
    const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (rows, chunkBytes) => {
        const text = `first,line\n${rows.map((row) => row.map(quoted).join(',')).join('\n')}`;
        const expected = parse(text, { relax_column_count: true, skip_empty_lines: true });
        expect(fieldsOf(await read(text, chunkBytes))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
