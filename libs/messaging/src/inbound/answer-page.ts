import { createHash } from 'node:crypto';
import type { LinkAction } from '../dispatch/answer-links.js';
import { bestLanguage } from '../templates/language.js';

export type PageAction = LinkAction | 'unsubscribe';

interface PageTexts {
  readonly ask: Readonly<Record<PageAction, string>>;
  readonly button: string;
  readonly done: Readonly<Record<PageAction, string>>;
  readonly unknown: string;
  /** The time that was proposed is not the patient's to have, or to change here, any more. */
  readonly gone: string;
}

const TEXTS: Readonly<Record<string, PageTexts>> = {
  en: {
    ask: {
      confirm: 'Shall we note that this time suits you?',
      other: 'Shall we look for another time?',
      stop: 'Shall we send you no more invitations?',
      well: 'Shall we note that all is well?',
      worried: 'Shall we tell your clinic that something worries you? If it is urgent, call the clinic now.',
      unsubscribe: 'Shall we send you no more messages of this kind?',
    },
    button: 'Yes',
    done: {
      confirm: 'Thank you. It is noted.',
      other: 'Thank you. We will come back to you with another time.',
      stop: 'It is noted. You will get no more invitations.',
      well: 'Thank you. We are glad to hear it.',
      worried: 'It is noted, and your clinic sees it. If it is urgent, call the clinic now.',
      unsubscribe: 'It is noted. You will get no more messages of this kind.',
    },
    unknown: 'This address leads to nothing. Please call your clinic.',
    gone: 'This time can no longer be confirmed or changed here. Please call your clinic: we will gladly find one with you.',
  },
  fr: {
    ask: {
      confirm: 'Pouvons-nous noter que cet horaire vous convient ?',
      other: 'Devons-nous chercher un autre horaire ?',
      stop: 'Ne plus vous envoyer d’invitations ?',
      well: 'Pouvons-nous noter que tout va bien ?',
      worried:
        'Devons-nous signaler à votre clinique que quelque chose vous inquiète ? En cas d’urgence, appelez-la maintenant.',
      unsubscribe: 'Ne plus vous envoyer de messages de ce type ?',
    },
    button: 'Oui',
    done: {
      confirm: 'Merci. C’est noté.',
      other: 'Merci. Nous reviendrons vers vous avec un autre horaire.',
      stop: 'C’est noté. Vous ne recevrez plus d’invitations.',
      well: 'Merci. Nous en sommes heureux.',
      worried: 'C’est noté, et votre clinique le voit. En cas d’urgence, appelez-la maintenant.',
      unsubscribe: 'C’est noté. Vous ne recevrez plus de messages de ce type.',
    },
    unknown: 'Cette adresse ne mène à rien. Veuillez appeler votre clinique.',
    gone: 'Cet horaire ne peut plus être confirmé ni modifié ici. Veuillez appeler votre clinique : nous en trouverons un avec vous.',
  },
  tr: {
    ask: {
      confirm: 'Bu saatin size uyduğunu kaydedelim mi?',
      other: 'Başka bir saat arayalım mı?',
      stop: 'Size artık davet göndermeyelim mi?',
      well: 'Her şeyin yolunda olduğunu kaydedelim mi?',
      worried: 'Sizi endişelendiren bir şey olduğunu kliniğinize iletelim mi? Acilse hemen kliniği arayın.',
      unsubscribe: 'Size bu tür mesajları artık göndermeyelim mi?',
    },
    button: 'Evet',
    done: {
      confirm: 'Teşekkürler. Kaydedildi.',
      other: 'Teşekkürler. Size başka bir saatle döneceğiz.',
      stop: 'Kaydedildi. Artık davet almayacaksınız.',
      well: 'Teşekkürler. Sevindik.',
      worried: 'Kaydedildi, kliniğiniz görüyor. Acilse hemen kliniği arayın.',
      unsubscribe: 'Kaydedildi. Bu tür mesajları artık almayacaksınız.',
    },
    unknown: 'Bu adres bir yere götürmüyor. Lütfen kliniğinizi arayın.',
    gone: 'Bu saat artık buradan onaylanamaz veya değiştirilemez. Lütfen kliniğinizi arayın; size birlikte bir saat bulalım.',
  },
};

const STYLE =
  'body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1a2330}' +
  'main{max-width:32rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:.75rem}' +
  'p{margin:0 0 1.5rem}p:last-child{margin:0}' +
  'button{font:inherit;padding:.75rem 2rem;border:0;border-radius:.5rem;background:#1d4ed8;color:#fff;cursor:pointer}';

/** The page holds a style and a form, and nothing that could be made to do anything else. */
export const ANSWER_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What a page says: a question with a button, what was done, or that there is nothing. */
export type AnswerPage =
  | { readonly kind: 'ask' | 'done'; readonly action: PageAction }
  | { readonly kind: 'unknown' | 'gone' };

/**
 * A page for whoever follows a link in a message. Programs follow links, too, so following one does nothing yet.
 * @param wanted the message's language, or what the browser asks for
 */
export function answerPage(page: AnswerPage, wanted: string): string {
  const language = bestLanguage(wanted, Object.keys(TEXTS)) as string;
  const texts = TEXTS[language] as PageTexts;
  const text = 'action' in page ? texts[page.kind][page.action] : texts[page.kind];
  const form = page.kind === 'ask' ? `<form method="post"><button type="submit">${texts.button}</button></form>` : '';
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${text}</title>` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">' +
    `<style>${STYLE}</style></head><body><main><p>${text}</p>${form}</main></body></html>`
  );
}
