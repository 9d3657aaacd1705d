/** Edits → `ip rule …`. */
import type { RoutingRuleEdit } from '../../model/edit.ts'

/** The words of the command, not yet quoted for a shell. */
export function routingRuleWords({ op, rule }: RoutingRuleEdit): string[] {
  const { family, action, mark, markMask, uid, sport, dport } = rule
  const range = (pair: [number, number] | undefined) => pair && (pair[0] === pair[1] ? `${pair[0]}` : pair.join('-'))
  const number = (value: number) => `0x${value.toString(16)}`
  const options = {
    from: rule.from,
    to: rule.to,
    tos: rule.tos === undefined ? undefined : number(rule.tos),
    fwmark: mark === undefined ? undefined : number(mark) + (markMask === undefined ? '' : `/${number(markMask)}`),
    iif: rule.in,
    oif: rule.out,
    uidrange: uid?.join('-'),
    ipproto: rule.protocol,
    sport: range(sport),
    dport: range(dport),
    priority: rule.priority,
    table: typeof action === 'object' && 'table' in action ? action.table : undefined,
    goto: typeof action === 'object' && 'goto' in action ? action.goto : undefined,
    suppress_prefixlength: rule.suppressPrefixLength,
    suppress_ifgroup: rule.suppressInterfaceGroup,
  }
  return [
    ...['ip', ...(family === 'ip6' ? ['-6'] : []), 'rule', op, ...(rule.not ? ['not'] : [])],
    ...Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)])),
    ...(typeof action === 'string' ? [action] : []),
  ]
}
