import { defineTarget, flag } from '../extension.ts'

/** `-j CHECKSUM --checksum-fill`: computes a checksum left to the hardware; the packet goes on (libxt_CHECKSUM.c). */
export const CHECKSUM = defineTarget({
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: { 'checksum-fill': flag({ required: true }) },
  statements: () => [{ kind: 'note', text: 'the checksum is filled in' }],
})
