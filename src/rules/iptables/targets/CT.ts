import type { Statement } from '../../../model/statement.ts'
import { defineTarget, flag, type Option, printOptions, type Values, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

const EVENTS = ['new', 'related', 'destroy', 'reply', 'assured', 'protoinfo', 'helper', 'mark', 'natseqinfo', 'secmark']

const events = (names: readonly string[]): Option<string[]> =>
  word(
    (text) => {
      const given = text.split(',')
      for (const name of given) if (!names.includes(name)) throw new WordError(`"${name}" is not an event`)
      return names.filter((name) => given.includes(name))
    },
    (given) => given.join(','),
  )

const zone: Option<number | 'mark'> = word(
  (text) => (text.toLowerCase() === 'mark' ? 'mark' : readNumber(text, 0xffff)),
  String,
)

const plainOptions = {
  notrack: flag(),
  helper: cutName(15),
  timeout: cutName(31),
  ctevents: events(EVENTS),
  expevents: events(['new']),
}
const options = { ...plainOptions, zone, 'zone-orig': zone, 'zone-reply': zone }
type Given = Values<typeof options>

/** The three zone options write one place: the last number counts, both directions together are the plain zone. */
function zoneOf(values: Given): { option: string; field: string; zone: number | 'mark' } | undefined {
  const given = [...Object.entries(values)].filter(([name]) => name.startsWith('zone')).map(([, { value }]) => value)
  const zone = given.includes('mark') ? 'mark' : given.at(-1)
  // zone 0 is where everything is without a zone
  if (zone === 0 || (typeof zone !== 'number' && zone !== 'mark')) return undefined
  const { 'zone-orig': original, 'zone-reply': reply } = values
  if (original && !reply) return { option: '--zone-orig', field: 'ct original zone', zone }
  if (reply && !original) return { option: '--zone-reply', field: 'ct reply zone', zone }
  return { option: '--zone', field: 'ct zone', zone }
}

/**
 * `-j CT`: what connection tracking shall do with a packet it has not seen yet; the packet goes on (libxt_CT.c).
 * An entry that the packet already has stays.
 */
export const CT = defineTarget({
  name: 'CT',
  tables: ['raw'],
  options,
  check(values, { spec: { protocol } }) {
    if ((values.helper || values.timeout) && (!protocol || protocol.not))
      throw new WordError('--helper and --timeout need a protocol (-p)')
  },
  print(values, context) {
    const zone = zoneOf(values)
    return [...printOptions(plainOptions, values, context), ...(zone ? [zone.option, String(zone.zone)] : [])]
  },
  statements(values) {
    if (values.notrack) return [{ kind: 'notrack' }]
    const statements: Statement[] = []
    const zone = zoneOf(values)
    if (zone)
      statements.push({
        kind: 'set',
        field: zone.field,
        value: zone.zone === 'mark' ? { field: 'meta mark', mask: 0xffff } : zone.zone,
      })
    if (values.helper) statements.push({ kind: 'set', field: 'ct helper', value: values.helper.value })
    if (values.timeout)
      statements.push({ kind: 'note', text: `the connection entry gets the timeout policy ${values.timeout.value}` })
    if (values.ctevents || values.expevents)
      statements.push({ kind: 'note', text: 'selects which events conntrack reports for the connection' })
    return statements
  },
})
