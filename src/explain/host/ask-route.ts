import { addressWord } from '../../edits/words.ts'
import { command, spoken } from '../../model/command.ts'
import type { Host } from '../../model/host.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import type { RouteQuestion } from '../../rules/route.ts'

/**
 * The command that shows the kernel's own choice, for a sentence; undefined where the destination is no address. Of the packet it
 * names what some routing rule of the host goes by: without that, the answer would be another packet's.
 */
export function askRoute(
  { dst, src, in: device, mark }: RouteQuestion,
  { routingRules = [] }: Host,
): string | undefined {
  const family = dst.includes(':') ? 'ip6' : 'ip'
  const rules = routingRules.filter((rule) => rule.family === family)
  const asks = (of: 'from' | 'in' | 'mark') => rules.some((rule) => rule[of] !== undefined)
  // a packet that comes in cannot be asked about without its sender
  const isOf = src !== undefined && (asks('from') || (device !== undefined && asks('in')))
  return spoken(
    command(
      ...['ip', 'route', 'get', addressWord(dst)],
      ...(isOf ? ['from', addressWord(src), ...(device === undefined ? [] : ['iif', device])] : []),
      ...(mark && asks('mark') ? ['mark', hex(mark)] : []),
    ),
  )
}
