import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, compare, defineMatch, HOOKS_IN, HOOKS_OUT, type Option, word } from '../extension.ts'
import { hex, type Masked, readMasked } from '../values/numbers.ts'

/** A name is one of the host's /etc/iproute2/group. */
type Group = Masked | { name: string }

const ALL_ONES = 0xffffffff

const group = (): Option<Group> =>
  word<Group>((text) => (/^\d/.test(text) ? readMasked(text) : { name: text }), printGroup, { invert: true })

/** `-m devgroup`: the group of the interface (`ip link set … group N`; libxt_devgroup.c). */
export const devgroup = defineMatch({
  name: 'devgroup',
  hooks: ({ 'src-group': source, 'dst-group': destination }) =>
    source && destination ? ['forward'] : source ? HOOKS_IN : HOOKS_OUT,
  options: { 'src-group': group(), 'dst-group': group() },
  check: (values) => atLeastOne(values, 'src-group', 'dst-group'),
  conditions({ 'src-group': source, 'dst-group': destination }) {
    const conditions: Condition[] = []
    if (source) conditions.push(groupCondition('meta iifgroup', '--src-group', source))
    if (destination) conditions.push(groupCondition('meta oifgroup', '--dst-group', destination))
    return conditions
  },
})

/** 0 is printed by the name that every iproute2 gives it. */
function printGroup(group: Group): string {
  if ('name' in group) return group.name
  if (group.mask !== ALL_ONES) return `${hex(group.value)}/${hex(group.mask)}`
  return group.value === 0 ? 'default' : hex(group.value)
}

function groupCondition(field: string, option: string, { value: group, not }: Negatable<Group>): Condition {
  const words = `${option} ${printGroup(group)}`
  if (!('name' in group)) {
    // bits that are not looked at may be given (net/netfilter/xt_devgroup.c)
    return compare(field, (group.value & group.mask) >>> 0, { words, not, mask: group.mask })
  }
  if (group.name === 'default') return compare(field, 0, { words, not, mask: ALL_ONES })
  const reason = `the number of group "${group.name}" is only in the host's /etc/iproute2/group`
  return { kind: 'unknown', text: not ? `! ${words}` : words, reason }
}
