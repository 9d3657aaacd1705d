/** IptablesSpec → the words iptables-save prints (iptables/iptables.c print_iface, print_proto, save_ipv4_addr …). */
import type { Clause, IptablesSpec, MaskedAddress, Negatable } from '../../model/ruleset.ts'
import { type IpFamily, printOptions, type RuleContext } from './extension.ts'
import { findMatch, findTarget } from './registry.ts'
import { printMaskedAddress } from './values/addresses.ts'
import { protect } from './words.ts'

/** Without `-A CHAIN` and counters; an empty text for a rule that has nothing. */
export function printSpec(spec: IptablesSpec, family: IpFamily, table?: string): string {
  const context: RuleContext = { family, spec, ...(table === undefined ? {} : { table }) }
  const words: string[] = []
  const add = (option: string, negatable: Negatable<unknown> | undefined, value: string | undefined) => {
    if (!negatable) return
    if (negatable.not) words.push('!')
    words.push(option)
    if (value !== undefined) words.push(value)
  }
  add('-s', visible(spec.src), spec.src && printMaskedAddress(spec.src.value))
  add('-d', visible(spec.dst), spec.dst && printMaskedAddress(spec.dst.value))
  add('-i', named(spec.in), spec.in && protect(spec.in.value))
  add('-o', named(spec.out), spec.out && protect(spec.out.value))
  add('-p', spec.protocol, spec.protocol?.value)
  add('-f', spec.fragment, undefined)
  // a target that is not understood stands behind the matches all the same
  const unread = spec.unread ?? []
  const jump = unread.findLastIndex((word) => word === '-j' || word === '-g')
  const rest = jump < 0 ? unread.length : jump
  words.push(...unread.slice(0, rest).map(protect))
  for (const clause of spec.matches)
    words.push('-m', protect(clause.name), ...printClause(clause, findMatch(clause.name, family), context))
  words.push(...unread.slice(rest).map(protect))
  if (spec.target) {
    const target = spec.target
    words.push(target.goto ? '-g' : '-j', protect(target.name))
    words.push(...printClause(target, target.chain ? undefined : findTarget(target.name, family), context))
  }
  return words.join(' ')
}

/** `-s 0.0.0.0/0` is not printed unless it is inverted. */
function visible(address: Negatable<MaskedAddress> | undefined): Negatable<MaskedAddress> | undefined {
  return address && (address.value.mask !== 0 || address.not) ? address : undefined
}

type Printer = Pick<NonNullable<ReturnType<typeof findMatch>>, 'options' | 'print'>

/** `-i +` is every interface. 1.8.9 forgets it inverted, too, which makes another rule; later ones print it. */
const named = (device: Negatable<string> | undefined) => (device?.value === '+' && !device.not ? undefined : device)

function printClause(clause: Clause, extension: Printer | undefined, context: RuleContext): string[] {
  if (!extension || !clause.values) return (clause.words ?? []).map(protect)
  return extension.print?.(clause.values, context) ?? printOptions(extension.options, clause.values, context)
}
