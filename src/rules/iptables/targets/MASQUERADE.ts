import { defineTarget, flag } from '../extension.ts'
import { natPorts, natStatement } from '../values/nat.ts'

/** `-j MASQUERADE [--to-ports PORT[-PORT]]`: SNAT to the output interface's address (libxt_NAT.c). */
export const MASQUERADE = defineTarget({
  name: 'MASQUERADE',
  tables: ['nat'],
  hooks: ['postrouting'],
  options: { 'to-ports': natPorts(), random: flag(), 'random-fully': flag() },
  statements: (values) => [natStatement('masquerade', values['to-ports']?.value ?? {}, values)],
})
