import type { Condition } from '../../../model/condition.ts'
import { defineMatch, flag, negateIf, WordError, word } from '../extension.ts'
import { hasHeader } from '../values/exthdr.ts'

/** In the order they are printed: number, name that is printed, name in the field `exthdr`, other names. */
const HEADERS: readonly { number: number; printed: string; field: string; names: readonly string[] }[] = [
  { number: 0, printed: 'hop-by-hop', field: 'hbh', names: ['hop', 'hopopt', 'ip', '0'] },
  { number: 60, printed: 'ipv6-opts', field: 'dst', names: ['dst', '60'] },
  { number: 43, printed: 'ipv6-route', field: 'rt', names: ['route', '43'] },
  { number: 44, printed: 'ipv6-frag', field: 'frag', names: ['frag', '44'] },
  { number: 51, printed: 'ah', field: 'ah', names: ['auth', '51'] },
  { number: 50, printed: 'esp', field: 'esp', names: ['50'] },
  { number: 59, printed: 'ipv6-nonxt', field: 'none', names: ['none', '59'] },
  { number: 255, printed: 'protocol', field: 'protocol', names: ['prot', '255'] },
]

const options = {
  header: word(
    (text) => {
      const given = text.split(',').map((name) => {
        const header = HEADERS.find(({ printed, names }) => printed === name || names.includes(name))
        if (!header) throw new WordError(`"${name}" is none of ${HEADERS.map(({ printed }) => printed).join(', ')}`)
        return header
      })
      return HEADERS.filter((header) => given.includes(header)).map(({ printed }) => printed)
    },
    (names) => names.join(','),
    { invert: true, required: true },
  ),
  soft: flag(),
}

/** `-m ipv6header`: which extension headers there are: exactly these, or with `--soft` these among others (libip6t_ipv6header.c). */
export const ipv6header = defineMatch({
  name: 'ipv6header',
  family: 'ip6',
  options,
  conditions({ header, soft }) {
    const { value, not } = header!
    const text = `--header ${value.join(',')}`
    const isThere = ({ field, printed }: (typeof HEADERS)[number]) => hasHeader(field, `--header ${printed}`)
    const asked = HEADERS.filter(({ printed }) => value.includes(printed)).map(isThere)
    // inverted, --soft wants none of them
    if (soft) return asked.map((one) => negateIf(not, one))
    const others = HEADERS.filter(({ printed }) => !value.includes(printed)).map(({ field }) => field)
    const noOther: Condition = { kind: 'compare', field: 'exthdr', op: '!=', value: { set: others }, text }
    return [negateIf(not, { kind: 'all', of: [...asked, noOther], text })]
  },
})
