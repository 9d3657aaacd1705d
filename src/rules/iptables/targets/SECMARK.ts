import { defineTarget } from '../extension.ts'
import { cutName } from '../values/text.ts'

/** `-j SECMARK --selctx CONTEXT`: the packet's SELinux context; the packet goes on (libxt_SECMARK.c). */
export const SECMARK = defineTarget({
  name: 'SECMARK',
  tables: ['mangle', 'security'],
  options: { selctx: cutName(255, { required: true }) },
  statements: ({ selctx }) => [{ kind: 'set', field: 'meta secmark', value: selctx!.value }],
})
