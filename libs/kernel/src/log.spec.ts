import { createLog, describeError, logLevel } from './log.js';

describe('the log', () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
  });

  it('is one JSON object a line, whatever the values hold', () => {
    createLog('api', 'info', (line) => void lines.push(line)).info(
      { text: 'a\n{"level":"error"}\u2028\u001b[31m' },
      'it happened',
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\n\u001b]/);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'info', app: 'api', msg: 'it happened' });
  });

  it('says of an error what describes it, whoever logs it', () => {
    const lines: string[] = [];
    const log = createLog('test', 'info', (line) => lines.push(line));
    const error = Object.assign(new Error('invalid input syntax for type integer: "Ayşe +90555"'), {
      ...{ code: '22P02', severity: 'ERROR', detail: 'Ayşe' },
    });
    log.warn({ err: error }, 'it failed');
    expect(lines.join('')).not.toContain('Ayşe');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ err: { name: 'Error', code: '22P02' } });
  });
  it('keeps to its level', () => {
    const log = createLog('api', 'warn', (line) => void lines.push(line));
    log.info({}, 'no');
    log.warn({}, 'yes');
    expect(lines).toHaveLength(1);
  });

  it('takes its level from PISTOR_LOG, and passes over what is none', () => {
    expect([logLevel('warn', undefined), logLevel('warn', 'DEBUG'), logLevel('info', 'loud')]).toEqual([
      'warn',
      'debug',
      'info',
    ]);
  });
});

describe('what is logged of an error', () => {
  it('is its name, message, place and cause', () => {
    const error = new Error('outer', { cause: new TypeError('inner') });
    expect(describeError(error)).toMatchObject({
      name: 'Error',
      message: 'outer',
      cause: { name: 'TypeError', message: 'inner' },
    });
    expect(describeError(error).frames[0]).toMatch(/^at .*log\.spec/);
  });

  it('is not the message where that quotes what was sent', () => {
    const ofDatabase = Object.assign(new Error('invalid input: "Ayşe"'), { severity: 'ERROR', code: '22P02' });
    const ofParser = new SyntaxError('Unexpected token in {"name":"Ayşe"');
    for (const error of [ofDatabase, ofParser]) expect(JSON.stringify(describeError(error))).not.toContain('Ayşe');
    expect(describeError(ofDatabase).code).toBe('22P02');
  });

  it('ends, even when causes go round in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(20_000);
  });
});
