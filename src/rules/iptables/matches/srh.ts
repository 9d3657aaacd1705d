import type { Condition, Op } from '../../../model/condition.ts'
import type { MaskedAddress, Negatable } from '../../../model/ruleset.ts'
import { defineMatch, type Given, type Option, type OptionTable, type Values } from '../extension.ts'
import { hostMaskOption, printMaskedAddress } from '../values/addresses.ts'
import { notShown } from '../values/exthdr.ts'
import { u8, u16 } from '../values/numbers.ts'

const byte = () => u8({ invert: true })
const address = (): Option<MaskedAddress> => ({
  ...hostMaskOption({ invert: true }),
  print: (value) => [printMaskedAddress(value)],
})

const options = {
  'srh-next-hdr': byte(),
  'srh-hdr-len-eq': byte(),
  'srh-hdr-len-gt': byte(),
  'srh-hdr-len-lt': byte(),
  'srh-segs-left-eq': byte(),
  'srh-segs-left-gt': byte(),
  'srh-segs-left-lt': byte(),
  'srh-last-entry-eq': byte(),
  'srh-last-entry-gt': byte(),
  'srh-last-entry-lt': byte(),
  'srh-tag': u16({ invert: true }),
  'srh-psid': address(),
  'srh-nsid': address(),
  'srh-lsid': address(),
} satisfies OptionTable

type Srh = Values<typeof options>

/** What an option's name begins with → the field it is about. */
const FIELDS: readonly [string, string][] = [
  ['srh-next-hdr', 'rt nexthdr'],
  ['srh-hdr-len', 'rt hdrlength'],
  ['srh-segs-left', 'rt seg-left'],
  ['srh-last-entry', 'srh last-entry'],
  ['srh-tag', 'srh tag'],
]

/** Plain and inverted. */
const OPS: Readonly<Record<string, readonly [Op, Op]>> = { gt: ['>', '<='], lt: ['<', '>='] }

/** `-m srh`: IPv6's segment routing header, a routing header of type 4 (libip6t_srh.c revision 1). */
export const srh = defineMatch<typeof options, Srh>({
  name: 'srh',
  family: 'ip6',
  options,
  collect,
  conditions(values) {
    const conditions: Condition[] = [{ kind: 'compare', field: 'rt type', op: '==', value: 4, text: '-m srh' }]
    for (const [option, { value, not }] of Object.entries(values)) {
      const field = FIELDS.find(([name]) => option.startsWith(name))?.[1]
      if (field && typeof value === 'number') {
        const op = (OPS[option.slice(-2)] ?? ['==', '!='])[not ? 1 : 0]
        conditions.push({ kind: 'compare', field, op, value, text: `${not ? '! ' : ''}--${option} ${value}` })
      } else if (typeof value === 'object') {
        conditions.push(...notShown(option, { value, not }, printMaskedAddress(value)))
      }
    }
    return conditions
  },
})

/** The tool keeps one number for each part of the header, so `--srh-hdr-len-eq 8 --srh-hdr-len-gt 5` asks for 5 twice. */
function collect(given: readonly Given[]): Srh {
  const values: Record<string, Negatable<unknown>> = {}
  const part = (option: string) => option.replace(/-(eq|gt|lt)$/, '')
  for (const { option, value, not } of given) {
    values[option] = { value, not }
    for (const other of Object.keys(values)) if (part(other) === part(option)) values[other]!.value = value
  }
  return values as Srh
}
