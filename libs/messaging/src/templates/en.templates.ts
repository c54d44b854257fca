import type { TemplateSet } from './template-set.js';

const greeting = 'Hello {{ name }},\n\n';
const regards = '\n\nIf you have a question, call us.\n\n{{ clinic }}\n';
const list =
  '{% for line in lines %}- {{ line.text }}{% if line.until %} Until {{ line.until }}.{% endif %}\n{% endfor %}';
const short =
  '{% for line in lines %} {{ line.text }}{% if line.until %} Until {{ line.until }}.{% endif %}{% endfor %}';

export const en: TemplateSet = {
  aftercare: {
    subject: 'After your visit: what to do and what to leave off',
    email:
      `${greeting}thank you for your visit ({{ treatment }}) on {{ at }}. Please keep to this:\n\n${list}\n` +
      `We will write again when the last of these times is over.${regards}`,
    sms: `{{ sender }}: after your visit.${short}`,
  },
  'all-clear': {
    subject: 'After your visit: what you may do again',
    email:
      `${greeting}the times after your visit on {{ at }} are over.\n\n` +
      '{% for text in free %}- {{ text }}\n{% endfor %}' +
      '{% if goes_on.size > 0 %}\nThis goes on:\n\n{% for text in goes_on %}- {{ text }}\n{% endfor %}{% endif %}' +
      regards,
    sms:
      '{{ sender }}: {% for text in free %}{{ text }} {% endfor %}' +
      '{% if goes_on.size > 0 %}This goes on:{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
  },
  'check-in': {
    subject: 'How are you after your visit?',
    email:
      `${greeting}your visit ({{ treatment }}) was on {{ at }}. How are you?\n\n` +
      `Slight redness, swelling or bruises should fade by now. If anything gets worse, hurts or worries you, call us.${regards}`,
    sms: '{{ sender }}: how are you after your visit? If anything gets worse, hurts or worries you, please call us.',
  },
  'session-reminder': {
    subject: 'Your appointment on {{ at }}',
    email:
      `${greeting}we expect you ({{ treatment }}) on {{ at }} at {{ place }}.\n\n` +
      '{% for text in precautions %}{{ text }}\n\n{% endfor %}' +
      `If you cannot come, tell us as soon as you can.${regards}`,
    sms: '{{ sender }}: your appointment is on {{ at }}. If you cannot come, please tell us.',
  },
  'precaution-notice': {
    subject: 'Before your appointment on {{ at }}',
    email: `${greeting}your appointment ({{ treatment }}) is on {{ at }} at {{ place }}.\n\n{{ precaution }}${regards}`,
    sms: '{{ sender }}: your appointment is on {{ at }}. {{ precaution }}',
  },
  'maintenance-due-soon': {
    subject: 'Time for your next visit soon',
    email:
      `${greeting}to keep the result of your treatment ({{ treatment }}), the next session should be between {{ opens }} ` +
      `and {{ closes }}. Call us to find a day that suits you.${regards}`,
    sms: '{{ sender }}: your next visit should be between {{ opens }} and {{ closes }}. Call us to find a day.',
  },
  'maintenance-due': {
    subject: 'Time for your next visit',
    email:
      `${greeting}from now until {{ closes }} is the time for the session that keeps the result of your treatment ` +
      `({{ treatment }}). Call us to find a day that suits you.${regards}`,
    sms: '{{ sender }}: it is time for your next visit, until {{ closes }}. Call us to find a day.',
  },
  'maintenance-overdue': {
    subject: 'We have not seen you for a while',
    email:
      `${greeting}the time for the session that keeps the result of your treatment ({{ treatment }}) ended on ` +
      `{{ closes }}. Call us, and we will see together what to do.${regards}`,
    sms: '{{ sender }}: the time for your next visit ended on {{ closes }}. Please call us.',
  },
};
