import { atLeastOne, atMostOne, defineTarget, type Values } from '../extension.ts'
import { type Masked, u8 } from '../values/numbers.ts'
import { printTos, tosOption } from '../values/tos.ts'

const options = {
  'set-tos': tosOption(0x3f),
  'and-tos': u8(),
  'or-tos': u8(),
  'xor-tos': u8(),
}

/** All mean new = (old & ~mask) ^ value. */
function xtos(values: Values<typeof options>): Masked {
  const { 'set-tos': set, 'and-tos': and, 'or-tos': or, 'xor-tos': xor } = values
  if (set) return set.value
  if (and) return { value: 0, mask: ~and.value & 0xff }
  return or ? { value: or.value, mask: or.value } : { value: xor!.value, mask: 0 }
}

/** `-j TOS --set-tos VALUE[/MASK]`: the byte that holds DSCP and ECN; the packet goes on (libxt_TOS.c revision 1). */
export const TOS = defineTarget({
  name: 'TOS',
  tables: ['mangle'],
  options,
  check(values) {
    atLeastOne(values, ...Object.keys(options))
    atMostOne(values, ...Object.keys(options))
  },
  print: (values) => ['--set-tos', printTos(xtos(values))],
  statements: (values, { family }) => [{ kind: 'set', field: `${family} tos`, ...xtos(values) }],
})
