import { type Block, button, footer, list, say, when } from './template-blocks.js';
import type { TemplateSet } from './template-set.js';

const line = '{{ line.text }}{% if line.until %} Jusqu’au {{ line.until }}.{% endif %}';
/** Things that end together are told together: each sign of an SMS is paid for. */
const groups =
  '{% for group in groups %} {% if group.until %}Jusqu’au {{ group.until }} : {% else %}Jusqu’à nouvel ordre : {% endif %}' +
  "{{ group.texts | join: ' ' }}{% endfor %}";
const mail = (...blocks: readonly Block[]): readonly Block[] => [
  say('Bonjour {{ name }},'),
  ...blocks,
  say('Pour toute question, appelez-nous.'),
  say('{{ clinic }}'),
  when('links.unsubscribe', [footer('Ne plus m’envoyer de messages de ce genre', 'links.unsubscribe')]),
];
const inDays = "{{ 'in-days' | icu: days: days }}";
const timeLeft = "{{ 'time-left' | icu: weeks: weeks_left, days: days_left }}";
const untilOpen = "{{ 'until-open' | icu: weeks: weeks_to_open, days: days_to_open }}";
const stop = '{% if replies %} Répondez STOP pour ne plus recevoir ces messages.{% endif %}';

export const fr: TemplateSet = {
  colon: ' :',
  phrases: {
    'your-clinic': 'Votre clinique',
    appointment: 'Rendez-vous',
    'appointment-at': 'Rendez-vous : {clinic}',
    'in-days': '{days, plural, =0 {aujourd’hui} =1 {demain} other {dans # jours}}',
    instructions: '{count, plural, one {cette consigne} other {ces # consignes}}',
    'time-left':
      '{weeks, plural, =0 {{days, plural, =0 {c’est le dernier jour} one {il reste # jour} other {il reste # jours}}} ' +
      'one {il reste # semaine} other {il reste # semaines}}',
    'until-open':
      '{weeks, plural, =0 {{days, plural, =0 {aujourd’hui} one {dans # jour} other {dans # jours}}} ' +
      'one {dans # semaine} other {dans # semaines}}',
  },
  templates: {
    aftercare: {
      subject: 'Après votre visite : à faire et à éviter',
      email: mail(
        say(
          'merci de votre visite ({{ treatment }}) du {{ at }}. Veuillez respecter ' +
            "{{ 'instructions' | icu: count: lines.size }} :",
        ),
        list('lines', line),
        say('Nous vous écrirons de nouveau quand le dernier de ces délais sera passé.'),
      ),
      sms: `{{ sender }} : après votre visite.${groups}`,
    },
    'all-clear': {
      subject: 'Après votre visite : ce qui est de nouveau possible',
      email: mail(
        say('les délais après votre visite du {{ at }} sont passés.'),
        list('free', '{{ line }}'),
        when('goes_on.size != 0', [say('Ceci reste valable :'), list('goes_on', '{{ line }}')]),
      ),
      sms:
        '{{ sender }} : {% for text in free %}{{ text }} {% endfor %}' +
        '{% if goes_on.size != 0 %}Ceci reste valable :{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
    },
    'check-in': {
      subject: 'Comment allez-vous après votre visite ?',
      email: mail(
        say('votre visite ({{ treatment }}) a eu lieu le {{ at }}. Comment allez-vous ?'),
        say(
          'Une légère rougeur, un gonflement ou des bleus devraient s’estomper. Si quelque chose s’aggrave, vous fait mal ' +
            'ou vous inquiète, appelez-nous.',
        ),
        when('links.well', [button('Tout va bien', 'links.well')]),
        when('links.worried', [button('Quelque chose m’inquiète', 'links.worried')]),
      ),
      sms:
        '{{ sender }} : comment allez-vous après votre visite ?{% if replies %} Répondez 1 : tout va bien, 2 : quelque chose ' +
        'm’inquiète.{% endif %} Si quelque chose s’aggrave, fait mal ou vous inquiète, appelez-nous.',
    },
    'session-reminder': {
      subject: 'Votre rendez-vous du {{ at }}',
      email: mail(
        say(`nous vous attendons ({{ treatment }}) ${inDays}, le {{ at }}, à {{ place }}.`),
        list('precautions', '{{ line }}'),
        say('Si vous ne pouvez pas venir, dites-le-nous au plus tôt.'),
      ),
      sms: `{{ sender }} : votre rendez-vous est ${inDays}, le {{ at }}. Si vous ne pouvez pas venir, dites-le-nous.`,
    },
    'session-moved': {
      subject: 'Votre rendez-vous est maintenant le {{ at }}',
      email: mail(
        when(
          'was_at',
          [say('votre rendez-vous ({{ treatment }}) du {{ was_at }} a été déplacé.')],
          [say('votre rendez-vous ({{ treatment }}) a été déplacé.')],
        ),
        say('Il est maintenant le {{ at }}, à {{ place }}.'),
        say('Si vous ne pouvez pas venir à ce moment, dites-le-nous au plus tôt.'),
      ),
      sms:
        '{{ sender }} : votre rendez-vous{% if was_at %} du {{ was_at }}{% endif %} a été déplacé. Il est maintenant le ' +
        '{{ at }}. Si vous ne pouvez pas venir, dites-le-nous.',
    },
    'session-called-off': {
      subject: 'Votre rendez-vous du {{ at }} est annulé',
      email: mail(
        say(
          'votre rendez-vous ({{ treatment }}) du {{ at }}, à {{ place }}, est annulé. Merci de ne pas venir à ce moment.',
        ),
        say('Appelez-nous pour trouver un autre jour.'),
      ),
      sms: '{{ sender }} : votre rendez-vous du {{ at }} est annulé. Appelez-nous pour trouver un autre jour.',
    },
    'precaution-notice': {
      subject: 'Avant votre rendez-vous du {{ at }}',
      email: mail(
        say(`votre rendez-vous ({{ treatment }}) est ${inDays}, le {{ at }}, à {{ place }}.`),
        say('{{ precaution }}'),
      ),
      sms: '{{ sender }} : votre rendez-vous est le {{ at }}. {{ precaution }}',
    },
    'maintenance-due-soon': {
      subject: 'Bientôt le moment de votre prochaine visite',
      email: mail(
        say(
          'pour garder le résultat de votre traitement ({{ treatment }}), la prochaine séance devrait avoir lieu entre le ' +
            `{{ opens }} et le {{ closes }}. Le premier jour est ${untilOpen}.`,
        ),
        say('Appelez-nous pour trouver un jour qui vous convient.'),
      ),
      sms: `{{ sender }} : votre prochaine visite devrait avoir lieu entre le {{ opens }} et le {{ closes }}. Appelez-nous.${stop}`,
    },
    'maintenance-due': {
      subject: 'Le moment de votre prochaine visite',
      email: mail(
        say(
          'c’est le moment, jusqu’au {{ closes }}, de la séance qui garde le résultat de votre traitement ' +
            `({{ treatment }}) : ${timeLeft}.`,
        ),
        say('Appelez-nous pour trouver un jour qui vous convient.'),
      ),
      sms: `{{ sender }} : c’est le moment de votre prochaine visite, jusqu’au {{ closes }} (${timeLeft}). Appelez-nous.${stop}`,
    },
    'maintenance-overdue': {
      subject: 'Nous ne vous avons pas vu depuis un moment',
      email: mail(
        say(
          'le moment de la séance qui garde le résultat de votre traitement ({{ treatment }}) est passé depuis le ' +
            '{{ closes }}. Appelez-nous, nous verrons ensemble que faire.',
        ),
      ),
      sms: `{{ sender }} : le moment de votre prochaine visite est passé depuis le {{ closes }}. Appelez-nous.${stop}`,
    },
    'maintenance-proposal': {
      subject: 'Un moment pour votre prochaine visite : {{ at }}',
      email: mail(
        say(
          'c’est le moment de la séance qui garde le résultat de votre traitement ({{ treatment }}). Nous vous réservons ce ' +
            `moment : {{ at }}, à {{ place }}, ${inDays}.`,
        ),
        say('Nous le réservons jusqu’au {{ held_until }}.'),
        when(
          'links.confirm',
          [button('Je viendrai', 'links.confirm')],
          [say('Appelez-nous pour dire que vous viendrez.')],
        ),
        when(
          'links.other',
          [button('Il me faut un autre jour', 'links.other')],
          [say('Appelez-nous s’il vous faut un autre jour.')],
        ),
        when(
          'links.stop',
          [footer('Je ne veux plus de ces propositions', 'links.stop')],
          [say('Si vous ne voulez plus de ces propositions, dites-le-nous.')],
        ),
      ),
      sms:
        '{{ sender }} : nous réservons le {{ at }} pour votre prochaine visite jusqu’au {{ held_until }}. ' +
        '{% if replies %}Répondez 1 pour confirmer, 2 pour un autre jour, STOP pour ne plus recevoir ces messages.' +
        '{% elsif links.confirm %}Confirmer : {{ links.confirm }}' +
        '{% if links.other %} Autre jour : {{ links.other }}{% endif %}{% if links.stop %} Plus jamais : {{ links.stop }}{% endif %}' +
        '{% else %}Appelez-nous pour confirmer ou pour trouver un autre jour.{% endif %}',
    },
  },
};
