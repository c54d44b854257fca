import { type Block, button, footer, list, say, when } from './template-blocks.js';
import type { TemplateSet } from './template-set.js';

const line = '{{ line.text }}{% if line.until %} Until {{ line.until }}.{% endif %}';
/** Things that end together are told together: each sign of an SMS is paid for. */
const groups =
  '{% for group in groups %} {% if group.until %}Until {{ group.until }}: {% else %}Until further notice: {% endif %}' +
  "{{ group.texts | join: ' ' }}{% endfor %}";
const mail = (...blocks: readonly Block[]): readonly Block[] => [
  say('Hello {{ name }},'),
  ...blocks,
  say('If you have a question, call us.'),
  say('{{ clinic }}'),
  when('links.unsubscribe', [footer('Send me no more messages of this kind', 'links.unsubscribe')]),
];
const inDays = "{{ 'in-days' | icu: days: days }}";
const timeLeft = "{{ 'time-left' | icu: weeks: weeks_left, days: days_left }}";
const untilOpen = "{{ 'until-open' | icu: weeks: weeks_to_open, days: days_to_open }}";
const stop = '{% if replies %} Reply STOP to end these messages.{% endif %}';

export const en: TemplateSet = {
  colon: ':',
  phrases: {
    'your-clinic': 'Your clinic',
    appointment: 'Appointment',
    'appointment-at': 'Appointment at {clinic}',
    'in-days': '{days, plural, =0 {today} =1 {tomorrow} other {in # days}}',
    instructions: '{count, plural, one {this instruction} other {these # instructions}}',
    'time-left':
      '{weeks, plural, =0 {{days, plural, =0 {the last day} one {# day left} other {# days left}}} ' +
      'one {# week left} other {# weeks left}}',
    'until-open':
      '{weeks, plural, =0 {{days, plural, =0 {today} one {in # day} other {in # days}}} ' +
      'one {in # week} other {in # weeks}}',
  },
  templates: {
    aftercare: {
      subject: 'After your visit: what to do and what to leave off',
      email: mail(
        say(
          'thank you for your visit ({{ treatment }}) on {{ at }}. Please keep to ' +
            "{{ 'instructions' | icu: count: lines.size }}:",
        ),
        list('lines', line),
        say('We will write again when the last of these times is over.'),
      ),
      sms: `{{ sender }}: after your visit.${groups}`,
    },
    'all-clear': {
      subject: 'After your visit: what you may do again',
      email: mail(
        say('the times after your visit on {{ at }} are over.'),
        list('free', '{{ line }}'),
        when('goes_on.size != 0', [say('This goes on:'), list('goes_on', '{{ line }}')]),
      ),
      sms:
        '{{ sender }}: {% for text in free %}{{ text }} {% endfor %}' +
        '{% if goes_on.size != 0 %}This goes on:{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
    },
    'check-in': {
      subject: 'How are you after your visit?',
      email: mail(
        say('your visit ({{ treatment }}) was on {{ at }}. How are you?'),
        say(
          'Slight redness, swelling or bruises should fade by now. If anything gets worse, hurts or worries you, call us.',
        ),
        when('links.well', [button('All is well', 'links.well')]),
        when('links.worried', [button('Something worries me', 'links.worried')]),
      ),
      sms:
        '{{ sender }}: how are you after your visit?{% if replies %} Reply 1: all is well, 2: something worries me.{% endif %} ' +
        'If anything gets worse, hurts or worries you, please call us.',
    },
    'session-reminder': {
      subject: 'Your appointment on {{ at }}',
      email: mail(
        say(`we expect you ({{ treatment }}) ${inDays}, on {{ at }} at {{ place }}.`),
        list('precautions', '{{ line }}'),
        say('If you cannot come, tell us as soon as you can.'),
      ),
      sms: `{{ sender }}: your appointment is ${inDays}, on {{ at }}. If you cannot come, please tell us.`,
    },
    'session-moved': {
      subject: 'Your appointment is now on {{ at }}',
      email: mail(
        when(
          'was_at',
          [say('your appointment ({{ treatment }}) was on {{ was_at }} and has been moved.')],
          [say('your appointment ({{ treatment }}) has been moved.')],
        ),
        say('It is now on {{ at }} at {{ place }}.'),
        say('If you cannot come then, tell us as soon as you can.'),
      ),
      sms:
        '{{ sender }}: your appointment{% if was_at %} of {{ was_at }}{% endif %} has been moved. It is now on {{ at }}. ' +
        'If you cannot come, please tell us.',
    },
    'session-called-off': {
      subject: 'Your appointment on {{ at }} is called off',
      email: mail(
        say('your appointment ({{ treatment }}) on {{ at }} at {{ place }} is called off. Please do not come then.'),
        say('Call us to find another day.'),
      ),
      sms: '{{ sender }}: your appointment on {{ at }} is called off. Please call us to find another day.',
    },
    'precaution-notice': {
      subject: 'Before your appointment on {{ at }}',
      email: mail(
        say(`your appointment ({{ treatment }}) is ${inDays}, on {{ at }} at {{ place }}.`),
        say('{{ precaution }}'),
      ),
      sms: '{{ sender }}: your appointment is on {{ at }}. {{ precaution }}',
    },
    'maintenance-due-soon': {
      subject: 'Time for your next visit soon',
      email: mail(
        say(
          'to keep the result of your treatment ({{ treatment }}), the next session should be between {{ opens }} and ' +
            `{{ closes }}. The first day is ${untilOpen}.`,
        ),
        say('Call us to find a day that suits you.'),
      ),
      sms: `{{ sender }}: your next visit should be between {{ opens }} and {{ closes }}. Call us to find a day.${stop}`,
    },
    'maintenance-due': {
      subject: 'Time for your next visit',
      email: mail(
        say(
          'from now until {{ closes }} is the time for the session that keeps the result of your treatment ' +
            `({{ treatment }}): ${timeLeft}.`,
        ),
        say('Call us to find a day that suits you.'),
      ),
      sms: `{{ sender }}: it is time for your next visit, until {{ closes }} (${timeLeft}). Call us to find a day.${stop}`,
    },
    'maintenance-overdue': {
      subject: 'We have not seen you for a while',
      email: mail(
        say(
          'the time for the session that keeps the result of your treatment ({{ treatment }}) ended on {{ closes }}. ' +
            'Call us, and we will see together what to do.',
        ),
      ),
      sms: `{{ sender }}: the time for your next visit ended on {{ closes }}. Please call us.${stop}`,
    },
    'maintenance-proposal': {
      subject: 'A time for your next visit: {{ at }}',
      email: mail(
        say(
          'it is time for the session that keeps the result of your treatment ({{ treatment }}). We hold this time for ' +
            `you: {{ at }} at {{ place }}, ${inDays}.`,
        ),
        say('We hold it until {{ held_until }}.'),
        when('links.confirm', [button('I will come', 'links.confirm')], [say('Call us to say that you will come.')]),
        when('links.other', [button('I need another day', 'links.other')], [say('Call us if you need another day.')]),
        when(
          'links.stop',
          [footer('I want no more of these proposals', 'links.stop')],
          [say('If you want no more of these proposals, tell us.')],
        ),
      ),
      sms:
        '{{ sender }}: we hold {{ at }} for your next visit until {{ held_until }}. ' +
        '{% if replies %}Reply 1 to confirm, 2 for another day, STOP to end these messages.' +
        '{% elsif links.confirm %}To confirm: {{ links.confirm }}' +
        '{% if links.other %} Another day: {{ links.other }}{% endif %}{% if links.stop %} No more: {{ links.stop }}{% endif %}' +
        '{% else %}Please call us to confirm or to find another day.{% endif %}',
    },
  },
};
