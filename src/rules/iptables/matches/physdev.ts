import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, defineMatch, flag, HOOKS_IN, negateIf } from '../extension.ts'
import { interfaceOption, interfaceValue } from '../values/interfaces.ts'

const IN = 'meta physiifname'
const OUT = 'meta physoifname'

const options = {
  'physdev-is-in': flag({ invert: true }),
  'physdev-in': interfaceOption({ invert: true }),
  'physdev-is-out': flag({ invert: true }),
  'physdev-out': interfaceOption({ invert: true }),
  'physdev-is-bridged': flag({ invert: true }),
}

/**
 * `-m physdev`: the bridge's ports (libxt_physdev.c). "Is bridged" asks, like "is out", whether the port it will
 * leave by is known (net/netfilter/xt_physdev.c). A packet that crosses no bridge meets inverted options only.
 */
export const physdev = defineMatch({
  name: 'physdev',
  options,
  // in OUTPUT the port is not known yet, unless a bridge forwards the packet
  hooks: ({ 'physdev-out': out, 'physdev-is-out': isOut, 'physdev-is-bridged': bridged }) =>
    (out || isOut) && (!bridged || bridged.not) ? [...HOOKS_IN, 'postrouting'] : undefined,
  check: (values) => atLeastOne(values, ...Object.keys(options)),
  conditions(values) {
    const conditions: Condition[] = []
    const add = (given: Negatable<unknown> | undefined, field: string, name: string, option: string) => {
      if (!given) return
      conditions.push(negateIf(given.not, { ...port(field, name), text: option }))
    }
    const { 'physdev-in': inPort, 'physdev-out': outPort } = values
    add(values['physdev-is-in'], IN, '+', '--physdev-is-in')
    add(inPort, IN, inPort?.value ?? '', `--physdev-in ${inPort?.value}`)
    add(values['physdev-is-out'], OUT, '+', '--physdev-is-out')
    add(outPort, OUT, outPort?.value ?? '', `--physdev-out ${outPort?.value}`)
    // a packet from a bridge for this host itself has no such port, and fails even then
    if (outPort?.not) conditions.push(leavesByPort(`! --physdev-out ${outPort.value}`))
    add(values['physdev-is-bridged'], OUT, '+', '--physdev-is-bridged')
    return conditions
  },
})

/** Is the port known and named so? */
const port = (field: string, name: string): Condition =>
  name === '+'
    ? { kind: 'compare', field, op: '!=', value: '' }
    : { kind: 'compare', field, op: '==', value: interfaceValue(name) }

const leavesByPort = (text: string): Condition => ({
  kind: 'any',
  of: [
    { ...port(OUT, '+'), text },
    { kind: 'not', of: { ...port(IN, '+'), text } },
  ],
  text,
})
