import { defineTarget } from '../extension.ts'
import { addressOption } from '../values/addresses.ts'
import { cutName } from '../values/text.ts'

/** `-j TEE --gateway ADDRESS`: a copy of the packet goes to another machine, the packet itself goes on (libxt_TEE.c). */
export const TEE = defineTarget({
  name: 'TEE',
  options: { gateway: addressOption({ required: true }), oif: cutName(15) },
  statements: ({ gateway }) => [{ kind: 'note', text: `a copy goes to ${gateway!.value}` }],
})
