import { atLeastOne, defineMatch, flag, printOptions, type Values, WordError, word } from '../extension.ts'
import { hostMaskOption } from '../values/addresses.ts'
import { readName } from '../values/names.ts'
import { readDecimalPort } from '../values/ports.ts'
import { protocolOption } from '../values/protocols.ts'

const port = () => word(readDecimalPort, String, { invert: true })

const options = {
  ipvs: flag({ invert: true }),
  vproto: protocolOption({ invert: true }),
  vaddr: hostMaskOption({ invert: true }),
  vport: port(),
  vdir: word((text) => readName(text, ['ORIGINAL', 'REPLY']), String),
  vmethod: word((text) => readName(text, ['GATE', 'IPIP', 'MASQ']), String, { invert: true }),
  vportctl: port(),
}

/** `-m ipvs`: the packet's IPVS connection (libxt_ipvs.c); any other option implies `--ipvs`. */
export const ipvs = defineMatch({
  name: 'ipvs',
  options,
  check(values) {
    atLeastOne(values, ...Object.keys(options))
    if (values.ipvs?.not && Object.keys(values).length > 1)
      throw new WordError('! --ipvs cannot be used together with other options')
  },
  print,
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: print(values, context).join(' '),
      reason: 'depends on the connection table of IPVS (ipvsadm -Lc)',
    },
  ],
})

function print(values: Values<typeof options>, context: Parameters<typeof printOptions>[2]): string[] {
  const { ipvs: _, ...others } = values
  return printOptions(options, Object.keys(others).length > 0 ? others : values, context)
}
