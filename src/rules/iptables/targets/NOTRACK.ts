import { defineTarget } from '../extension.ts'

/** `-j NOTRACK`: connection tracking leaves this packet alone, as after `-j CT --notrack`; the packet goes on (libxt_CT.c). */
export const NOTRACK = defineTarget({
  name: 'NOTRACK',
  tables: ['raw'],
  options: {},
  statements: () => [{ kind: 'notrack' }],
})
