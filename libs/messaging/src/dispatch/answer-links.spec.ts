import { randomBytes } from 'node:crypto';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { newId } from '#libs/kernel/src/ids.js';
import fc from 'fast-check';
import { AnswerLinks } from './answer-links.js';

const master = new MasterKey(randomBytes(32));
const chain = { id: newId(), no: 1, slug: 'main', sandbox: false };
const links = new AnswerLinks(master, 'https://clinic.example/');

describe('the links of a message', () => {
  it('lead to what may be answered to it, and say nothing of the patient', () => {
    const messageId = newId();
    const proposal = links.of(chain, { messageId, kind: 'maintenance-proposal' });
    expect(Object.keys(proposal ?? {}).sort()).toEqual(['confirm', 'other', 'stop', 'unsubscribe']);
    expect(proposal?.confirm).toMatch(/^https:\/\/clinic\.example\/m\/[\w.-]+\/confirm$/);
    expect(links.of(chain, { messageId, kind: 'check-in' })).toEqual({
      well: expect.stringMatching(/\/well$/),
      worried: expect.stringMatching(/\/worried$/),
    });
    expect(new AnswerLinks(master, undefined).of(chain, { messageId, kind: 'check-in' })).toBeUndefined();
  });

  it('are the same for ever', () => {
    const messageId = newId();
    expect(new AnswerLinks(master, 'https://x').token(chain, messageId)).toBe(links.token(chain, messageId));
  });

  it('are read back, and nothing that we did not make is', () => {
    const messageId = newId();
    const token = links.token(chain, messageId);
    expect(links.read(chain, token)).toBe(messageId);
    expect(links.read({ ...chain, id: newId() }, token)).toBeNull();
    expect(links.read(chain, token.replace(messageId, newId()))).toBeNull();
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'0aA-_.é '), (at, character) => {
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        if (forged !== token) expect(links.read(chain, forged)).toBeNull();
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(links.read(chain, text)).toBeNull()));
  });
});
