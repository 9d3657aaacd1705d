import { defineTarget } from '../extension.ts'

/** `-j TRACE`: from here on every rule that the packet matches is told; the packet goes on (libxt_TRACE.c). */
export const TRACE = defineTarget({
  name: 'TRACE',
  tables: ['raw'],
  options: {},
  statements: () => [{ kind: 'trace' }],
})
