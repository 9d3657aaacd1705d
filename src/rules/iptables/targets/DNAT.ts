import { defineTarget, flag } from '../extension.ts'
import { natRange, natStatement } from '../values/nat.ts'

/** `-j DNAT --to-destination [ADDR[-ADDR]][:PORT[-PORT[/BASE]]]` (libxt_NAT.c); gives the verdict accept. */
export const DNAT = defineTarget({
  name: 'DNAT',
  tables: ['nat'],
  hooks: ['prerouting', 'output'],
  options: {
    'to-destination': natRange({ required: true, basePort: true }),
    random: flag(),
    persistent: flag(),
  },
  statements: (values) => [natStatement('dnat', values['to-destination']!.value, values)],
})
