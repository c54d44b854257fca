import { NestLogger } from './nest-logger.js';

describe('the messages of the framework', () => {
  const lines: [string, object, string][] = [];
  const take = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message]);
  const logger = new NestLogger({ debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') });
  beforeEach(() => {
    lines.length = 0;
  });

  it('about its start are for who looks for a fault', () => {
    logger.log('Mapped {/v1/rooms, GET} route', 'RouterExplorer');
    logger.log('Listening', 'Main');
    expect(lines).toEqual([
      ['debug', { context: 'RouterExplorer' }, 'Mapped {/v1/rooms, GET} route'],
      ['info', { context: 'Main' }, 'Listening'],
    ]);
  });

  it('about errors carry their place', () => {
    logger.error(new TypeError('broken'), 'ExceptionsHandler');
    expect(lines[0]).toMatchObject([
      'error',
      { context: 'ExceptionsHandler', error: { name: 'TypeError', message: 'broken' } },
      'nest',
    ]);
  });
});
