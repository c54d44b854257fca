import { type Block, button, footer, list, say, when } from './template-blocks.js';
import type { TemplateSet } from './template-set.js';

const line = '{{ line.text }}{% if line.until %} Bitiş: {{ line.until }}.{% endif %}';
/** Things that end together are told together: each sign of an SMS is paid for. */
const groups =
  '{% for group in groups %} {% if group.until %}{{ group.until }} zamanına kadar: {% else %}Aksini söyleyene kadar: {% endif %}' +
  "{{ group.texts | join: ' ' }}{% endfor %}";
const mail = (...blocks: readonly Block[]): readonly Block[] => [
  say('Merhaba {{ name }},'),
  ...blocks,
  say('Bir sorunuz olursa bizi arayın.'),
  say('{{ clinic }}'),
  when('links.unsubscribe', [footer('Bu tür iletileri artık göndermeyin', 'links.unsubscribe')]),
];
const inDays = "{{ 'in-days' | icu: days: days }}";
const timeLeft = "{{ 'time-left' | icu: weeks: weeks_left, days: days_left }}";
const untilOpen = "{{ 'until-open' | icu: weeks: weeks_to_open, days: days_to_open }}";
const stop = '{% if replies %} Bu iletileri durdurmak için STOP yazın.{% endif %}';

export const tr: TemplateSet = {
  colon: ':',
  phrases: {
    'your-clinic': 'Kliniğiniz',
    appointment: 'Randevu',
    'appointment-at': 'Randevu: {clinic}',
    // A noun after a number stays in the singular.
    'in-days': '{days, plural, =0 {bugün} =1 {yarın} other {# gün sonra}}',
    instructions: '{count, plural, one {şu talimata} other {şu # talimata}}',
    'time-left': '{weeks, plural, =0 {{days, plural, =0 {bugün son gün} other {# gün kaldı}}} other {# hafta kaldı}}',
    'until-open': '{weeks, plural, =0 {{days, plural, =0 {bugün} other {# gün sonra}}} other {# hafta sonra}}',
  },
  templates: {
    aftercare: {
      subject: 'Ziyaretinizden sonra: yapılacaklar ve kaçınılacaklar',
      email: mail(
        say(
          '{{ at }} tarihindeki ziyaretiniz ({{ treatment }}) için teşekkür ederiz. Lütfen ' +
            "{{ 'instructions' | icu: count: lines.size }} uyun:",
        ),
        list('lines', line),
        say('Bu sürelerin sonuncusu bitince size yeniden yazacağız.'),
      ),
      sms: `{{ sender }}: ziyaretinizden sonra.${groups}`,
    },
    'all-clear': {
      subject: 'Ziyaretinizden sonra: yeniden yapabilecekleriniz',
      email: mail(
        say('{{ at }} tarihindeki ziyaretinizden sonraki süreler doldu.'),
        list('free', '{{ line }}'),
        when('goes_on.size != 0', [say('Şunlar geçerliliğini koruyor:'), list('goes_on', '{{ line }}')]),
      ),
      sms:
        '{{ sender }}: {% for text in free %}{{ text }} {% endfor %}' +
        '{% if goes_on.size != 0 %}Geçerliliğini koruyan:{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
    },
    'check-in': {
      subject: 'Ziyaretinizden sonra nasılsınız?',
      email: mail(
        say('{{ at }} tarihinde bizi ziyaret ettiniz ({{ treatment }}). Nasılsınız?'),
        say(
          'Hafif kızarıklık, şişlik veya morluklar artık geçiyor olmalı. Kötüleşen, ağrıyan veya sizi endişelendiren bir ' +
            'şey varsa bizi arayın.',
        ),
        when('links.well', [button('Her şey yolunda', 'links.well')]),
        when('links.worried', [button('Beni endişelendiren bir şey var', 'links.worried')]),
      ),
      sms:
        '{{ sender }}: ziyaretinizden sonra nasılsınız?{% if replies %} Her şey yolundaysa 1, sizi endişelendiren bir şey ' +
        'varsa 2 yazın.{% endif %} Kötüleşen, ağrıyan veya sizi endişelendiren bir şey varsa lütfen bizi arayın.',
    },
    'session-reminder': {
      subject: 'Randevunuz: {{ at }}',
      email: mail(
        say(`sizi ({{ treatment }}) ${inDays}, {{ at }} tarihinde bekliyoruz. Yer: {{ place }}.`),
        list('precautions', '{{ line }}'),
        say('Gelemeyecekseniz lütfen bir an önce haber verin.'),
      ),
      sms: `{{ sender }}: randevunuz ${inDays}, {{ at }}. Gelemeyecekseniz lütfen haber verin.`,
    },
    'session-moved': {
      subject: 'Randevunuzun yeni zamanı: {{ at }}',
      email: mail(
        when(
          'was_at',
          [say('{{ was_at }} tarihindeki randevunuzun ({{ treatment }}) zamanı değişti.')],
          [say('randevunuzun ({{ treatment }}) zamanı değişti.')],
        ),
        say('Yeni zamanı: {{ at }}. Yer: {{ place }}.'),
        say('Bu zamanda gelemeyecekseniz lütfen bir an önce haber verin.'),
      ),
      sms:
        '{{ sender }}: {% if was_at %}{{ was_at }} tarihindeki {% endif %}randevunuzun zamanı değişti. Yeni zamanı: {{ at }}. ' +
        'Gelemeyecekseniz lütfen haber verin.',
    },
    'session-called-off': {
      subject: 'Randevunuz iptal edildi: {{ at }}',
      email: mail(
        say('{{ at }} tarihindeki randevunuz ({{ treatment }}, {{ place }}) iptal edildi. Lütfen o zaman gelmeyin.'),
        say('Başka bir gün bulmak için bizi arayın.'),
      ),
      sms: '{{ sender }}: {{ at }} tarihindeki randevunuz iptal edildi. Başka bir gün bulmak için lütfen bizi arayın.',
    },
    'precaution-notice': {
      subject: 'Randevunuzdan önce: {{ at }}',
      email: mail(say(`randevunuz ({{ treatment }}) ${inDays}: {{ at }}, {{ place }}.`), say('{{ precaution }}')),
      sms: '{{ sender }}: randevunuz {{ at }}. {{ precaution }}',
    },
    'maintenance-due-soon': {
      subject: 'Bir sonraki ziyaretinizin zamanı yaklaşıyor',
      email: mail(
        say(
          'tedavinizin ({{ treatment }}) sonucunu korumak için bir sonraki seans {{ opens }} ile {{ closes }} arasında ' +
            `olmalıdır. İlk gün ${untilOpen}.`,
        ),
        say('Size uygun bir gün bulmak için bizi arayın.'),
      ),
      sms: `{{ sender }}: bir sonraki ziyaretiniz {{ opens }} ile {{ closes }} arasında olmalıdır. Gün bulmak için bizi arayın.${stop}`,
    },
    'maintenance-due': {
      subject: 'Bir sonraki ziyaretinizin zamanı geldi',
      email: mail(
        say(
          'tedavinizin ({{ treatment }}) sonucunu koruyan seansın zamanı geldi. Son gün: {{ closes }} ' +
            `(${timeLeft}).`,
        ),
        say('Size uygun bir gün bulmak için bizi arayın.'),
      ),
      sms: `{{ sender }}: bir sonraki ziyaretinizin zamanı geldi. Son gün: {{ closes }} (${timeLeft}). Gün bulmak için bizi arayın.${stop}`,
    },
    'maintenance-overdue': {
      subject: 'Sizi bir süredir görmedik',
      email: mail(
        say(
          'tedavinizin ({{ treatment }}) sonucunu koruyan seansın zamanı {{ closes }} tarihinde doldu. ' +
            'Bizi arayın, ne yapılacağına birlikte bakalım.',
        ),
      ),
      sms: `{{ sender }}: bir sonraki ziyaretinizin zamanı {{ closes }} tarihinde doldu. Lütfen bizi arayın.${stop}`,
    },
    'maintenance-proposal': {
      subject: 'Bir sonraki ziyaretiniz için bir zaman: {{ at }}',
      email: mail(
        say(
          'tedavinizin ({{ treatment }}) sonucunu koruyan seansın zamanı geldi. Sizin için şu zamanı ayırdık: {{ at }}, ' +
            `{{ place }}, ${inDays}.`,
        ),
        say('Bu zamanı şu ana kadar sizin için tutuyoruz: {{ held_until }}.'),
        when(
          'links.confirm',
          [button('Geleceğim', 'links.confirm')],
          [say('Geleceğinizi bildirmek için bizi arayın.')],
        ),
        when(
          'links.other',
          [button('Başka bir gün istiyorum', 'links.other')],
          [say('Başka bir gün istiyorsanız bizi arayın.')],
        ),
        when(
          'links.stop',
          [footer('Bu önerileri artık istemiyorum', 'links.stop')],
          [say('Bu önerileri artık istemiyorsanız bize söyleyin.')],
        ),
      ),
      sms:
        '{{ sender }}: bir sonraki ziyaretiniz için {{ at }} zamanını {{ held_until }} zamanına kadar tutuyoruz. ' +
        '{% if replies %}Onaylamak için 1, başka bir gün için 2, bu iletileri durdurmak için STOP yazın.' +
        '{% elsif links.confirm %}Onaylamak için: {{ links.confirm }}' +
        '{% if links.other %} Başka gün: {{ links.other }}{% endif %}{% if links.stop %} Durdurmak için: {{ links.stop }}{% endif %}' +
        '{% else %}Onaylamak veya başka bir gün bulmak için lütfen bizi arayın.{% endif %}',
    },
  },
};
