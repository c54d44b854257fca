import type { TemplateSet } from './template-set.js';

const greeting = 'Bonjour {{ name }},\n\n';
const regards = '\n\nPour toute question, appelez-nous.\n\n{{ clinic }}\n';
const list =
  '{% for line in lines %}- {{ line.text }}{% if line.until %} Jusqu’au {{ line.until }}.{% endif %}\n{% endfor %}';
const short =
  '{% for line in lines %} {{ line.text }}{% if line.until %} Jusqu’au {{ line.until }}.{% endif %}{% endfor %}';

export const fr: TemplateSet = {
  aftercare: {
    subject: 'Après votre visite : à faire et à éviter',
    email:
      `${greeting}merci de votre visite ({{ treatment }}) du {{ at }}. Veuillez respecter ceci :\n\n${list}\n` +
      `Nous vous écrirons de nouveau quand le dernier de ces délais sera passé.${regards}`,
    sms: `{{ sender }} : après votre visite.${short}`,
  },
  'all-clear': {
    subject: 'Après votre visite : ce qui est de nouveau possible',
    email:
      `${greeting}les délais après votre visite du {{ at }} sont passés.\n\n` +
      '{% for text in free %}- {{ text }}\n{% endfor %}' +
      '{% if goes_on.size > 0 %}\nCeci reste valable :\n\n{% for text in goes_on %}- {{ text }}\n{% endfor %}{% endif %}' +
      regards,
    sms:
      '{{ sender }} : {% for text in free %}{{ text }} {% endfor %}' +
      '{% if goes_on.size > 0 %}Ceci reste valable :{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
  },
  'check-in': {
    subject: 'Comment allez-vous après votre visite ?',
    email:
      `${greeting}votre visite ({{ treatment }}) a eu lieu le {{ at }}. Comment allez-vous ?\n\n` +
      'Une légère rougeur, un gonflement ou des bleus devraient s’estomper. Si quelque chose s’aggrave, vous fait mal ou ' +
      `vous inquiète, appelez-nous.${regards}`,
    sms: '{{ sender }} : comment allez-vous après votre visite ? Si quelque chose s’aggrave, fait mal ou vous inquiète, appelez-nous.',
  },
  'session-reminder': {
    subject: 'Votre rendez-vous du {{ at }}',
    email:
      `${greeting}nous vous attendons ({{ treatment }}) le {{ at }} à {{ place }}.\n\n` +
      '{% for text in precautions %}{{ text }}\n\n{% endfor %}' +
      `Si vous ne pouvez pas venir, dites-le-nous au plus tôt.${regards}`,
    sms: '{{ sender }} : votre rendez-vous est le {{ at }}. Si vous ne pouvez pas venir, dites-le-nous.',
  },
  'precaution-notice': {
    subject: 'Avant votre rendez-vous du {{ at }}',
    email: `${greeting}votre rendez-vous ({{ treatment }}) est le {{ at }} à {{ place }}.\n\n{{ precaution }}${regards}`,
    sms: '{{ sender }} : votre rendez-vous est le {{ at }}. {{ precaution }}',
  },
  'maintenance-due-soon': {
    subject: 'Bientôt le moment de votre prochaine visite',
    email:
      `${greeting}pour garder le résultat de votre traitement ({{ treatment }}), la prochaine séance devrait avoir lieu ` +
      `entre le {{ opens }} et le {{ closes }}. Appelez-nous pour trouver un jour qui vous convient.${regards}`,
    sms: '{{ sender }} : votre prochaine visite devrait avoir lieu entre le {{ opens }} et le {{ closes }}. Appelez-nous.',
  },
  'maintenance-due': {
    subject: 'Le moment de votre prochaine visite',
    email:
      `${greeting}c’est le moment, jusqu’au {{ closes }}, de la séance qui garde le résultat de votre traitement ` +
      `({{ treatment }}). Appelez-nous pour trouver un jour qui vous convient.${regards}`,
    sms: '{{ sender }} : c’est le moment de votre prochaine visite, jusqu’au {{ closes }}. Appelez-nous.',
  },
  'maintenance-overdue': {
    subject: 'Nous ne vous avons pas vu depuis un moment',
    email:
      `${greeting}le moment de la séance qui garde le résultat de votre traitement ({{ treatment }}) est passé depuis le ` +
      `{{ closes }}. Appelez-nous, nous verrons ensemble que faire.${regards}`,
    sms: '{{ sender }} : le moment de votre prochaine visite est passé depuis le {{ closes }}. Appelez-nous.',
  },
};
