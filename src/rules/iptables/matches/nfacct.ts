import { defineMatch } from '../extension.ts'
import { cutText } from '../values/text.ts'
import { quote } from '../words.ts'

/** `-m nfacct`: counts packets, and holds for all of them unless the counter has a quota (libxt_nfacct.c, xt_nfacct.c). */
export const nfacct = defineMatch({
  name: 'nfacct',
  // iptables-save has two blanks here
  options: { 'nfacct-name': cutText(31, { required: true, print: (name) => ['', quote(name)] }) },
  conditions: (values) => [
    {
      kind: 'unknown',
      text: `--nfacct-name ${quote(values['nfacct-name']!.value)}`,
      reason: 'the quota of this counter is not known',
    },
  ],
})
