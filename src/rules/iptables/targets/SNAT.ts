import { defineTarget } from '../extension.ts'
import { natFlagOptions, natRange, natStatement } from '../values/nat.ts'

/** `-j SNAT --to-source [ADDR[-ADDR]][:PORT[-PORT]]` (libxt_NAT.c); gives the verdict accept. */
export const SNAT = defineTarget({
  name: 'SNAT',
  tables: ['nat'],
  hooks: ['input', 'postrouting'],
  options: { 'to-source': natRange({ required: true }), ...natFlagOptions },
  statements: (values) => [natStatement('snat', values['to-source']!.value, values)],
})
