import type { TemplateSet } from './template-set.js';

const greeting = 'Merhaba {{ name }},\n\n';
const regards = '\n\nBir sorunuz olursa bizi arayın.\n\n{{ clinic }}\n';
const list =
  '{% for line in lines %}- {{ line.text }}{% if line.until %} Bitiş: {{ line.until }}.{% endif %}\n{% endfor %}';
const short =
  '{% for line in lines %} {{ line.text }}{% if line.until %} Bitiş: {{ line.until }}.{% endif %}{% endfor %}';

export const tr: TemplateSet = {
  aftercare: {
    subject: 'Ziyaretinizden sonra: yapılacaklar ve kaçınılacaklar',
    email:
      `${greeting}{{ at }} tarihindeki ziyaretiniz ({{ treatment }}) için teşekkür ederiz. Lütfen şunlara dikkat edin:\n\n` +
      `${list}\nBu sürelerin sonuncusu bitince size yeniden yazacağız.${regards}`,
    sms: `{{ sender }}: ziyaretinizden sonra.${short}`,
  },
  'all-clear': {
    subject: 'Ziyaretinizden sonra: yeniden yapabilecekleriniz',
    email:
      `${greeting}{{ at }} tarihindeki ziyaretinizden sonraki süreler doldu.\n\n` +
      '{% for text in free %}- {{ text }}\n{% endfor %}' +
      '{% if goes_on.size > 0 %}\nŞunlar geçerliliğini koruyor:\n\n{% for text in goes_on %}- {{ text }}\n{% endfor %}{% endif %}' +
      regards,
    sms:
      '{{ sender }}: {% for text in free %}{{ text }} {% endfor %}' +
      '{% if goes_on.size > 0 %}Geçerliliğini koruyan:{% for text in goes_on %} {{ text }}{% endfor %}{% endif %}',
  },
  'check-in': {
    subject: 'Ziyaretinizden sonra nasılsınız?',
    email:
      `${greeting}{{ at }} tarihinde bizi ziyaret ettiniz ({{ treatment }}). Nasılsınız?\n\n` +
      'Hafif kızarıklık, şişlik veya morluklar artık geçiyor olmalı. Kötüleşen, ağrıyan veya sizi endişelendiren bir şey ' +
      `varsa bizi arayın.${regards}`,
    sms: '{{ sender }}: ziyaretinizden sonra nasılsınız? Kötüleşen, ağrıyan veya sizi endişelendiren bir şey varsa lütfen bizi arayın.',
  },
  'session-reminder': {
    subject: 'Randevunuz: {{ at }}',
    email:
      `${greeting}sizi ({{ treatment }}) {{ at }} tarihinde bekliyoruz. Yer: {{ place }}.\n\n` +
      '{% for text in precautions %}{{ text }}\n\n{% endfor %}' +
      `Gelemeyecekseniz lütfen bir an önce haber verin.${regards}`,
    sms: '{{ sender }}: randevunuz {{ at }}. Gelemeyecekseniz lütfen haber verin.',
  },
  'precaution-notice': {
    subject: 'Randevunuzdan önce: {{ at }}',
    email: `${greeting}randevunuz ({{ treatment }}): {{ at }}, {{ place }}.\n\n{{ precaution }}${regards}`,
    sms: '{{ sender }}: randevunuz {{ at }}. {{ precaution }}',
  },
  'maintenance-due-soon': {
    subject: 'Bir sonraki ziyaretinizin zamanı yaklaşıyor',
    email:
      `${greeting}tedavinizin ({{ treatment }}) sonucunu korumak için bir sonraki seans {{ opens }} ile {{ closes }} ` +
      `arasında olmalıdır. Size uygun bir gün bulmak için bizi arayın.${regards}`,
    sms: '{{ sender }}: bir sonraki ziyaretiniz {{ opens }} ile {{ closes }} arasında olmalıdır. Gün bulmak için bizi arayın.',
  },
  'maintenance-due': {
    subject: 'Bir sonraki ziyaretinizin zamanı geldi',
    email:
      `${greeting}tedavinizin ({{ treatment }}) sonucunu koruyan seansın zamanı geldi. Son gün: {{ closes }}. ` +
      `Size uygun bir gün bulmak için bizi arayın.${regards}`,
    sms: '{{ sender }}: bir sonraki ziyaretinizin zamanı geldi. Son gün: {{ closes }}. Gün bulmak için bizi arayın.',
  },
  'maintenance-overdue': {
    subject: 'Sizi bir süredir görmedik',
    email:
      `${greeting}tedavinizin ({{ treatment }}) sonucunu koruyan seansın zamanı {{ closes }} tarihinde doldu. ` +
      `Bizi arayın, ne yapılacağına birlikte bakalım.${regards}`,
    sms: '{{ sender }}: bir sonraki ziyaretinizin zamanı {{ closes }} tarihinde doldu. Lütfen bizi arayın.',
  },
};
