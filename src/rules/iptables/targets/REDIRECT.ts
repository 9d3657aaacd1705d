import { defineTarget, flag } from '../extension.ts'
import { natPorts, natStatement } from '../values/nat.ts'

/** `-j REDIRECT [--to-ports PORT[-PORT]]`: DNAT to the input interface's own address (libxt_NAT.c). */
export const REDIRECT = defineTarget({
  name: 'REDIRECT',
  tables: ['nat'],
  hooks: ['prerouting', 'output'],
  options: { 'to-ports': natPorts(), random: flag() },
  statements: (values) => [natStatement('redirect', values['to-ports']?.value ?? {}, values)],
})
