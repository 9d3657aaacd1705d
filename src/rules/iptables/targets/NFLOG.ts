import { atMostOne, defineTarget, printOptions } from '../extension.ts'
import { u16, u32 } from '../values/numbers.ts'
import { cutText } from '../values/text.ts'

const options = {
  // 63 bytes with the legacy backend, which prints no more
  'nflog-prefix': cutText(127),
  'nflog-group': u16(),
  'nflog-size': u32(),
  // has never had an effect
  'nflog-range': u32(),
  'nflog-threshold': u16(),
}
const HIDDEN = { 'nflog-group': 0, 'nflog-range': 0, 'nflog-threshold': 0 }

/** `-j NFLOG`: a copy to the programs that listen on a netlink group; the packet goes on (libxt_NFLOG.c). */
export const NFLOG = defineTarget({
  name: 'NFLOG',
  options,
  check: (values) => atMostOne(values, 'nflog-size', 'nflog-range'),
  print(values, context) {
    const shown = { ...values }
    for (const [name, value] of Object.entries(HIDDEN) as [keyof typeof HIDDEN, number][])
      if (shown[name]?.value === value) delete shown[name]
    return printOptions(options, shown, context)
  },
  statements: ({ 'nflog-prefix': prefix, 'nflog-group': group }) => [
    { kind: 'log', ...(prefix ? { prefix: prefix.value } : {}), group: group?.value ?? 0 },
  ],
})
