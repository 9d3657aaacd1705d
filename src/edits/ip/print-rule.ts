/** Edits → `ip rule …`. */
import type { RoutingRuleEdit } from '../../model/edit.ts'

/** The words of the command, not yet quoted for a shell. */
export const routingRuleWords = ({ op, rule }: RoutingRuleEdit): string[] => [
  ...['ip', ...(rule.family === 'ip6' ? ['-6'] : []), 'rule', op],
  ...selectorWords(rule),
]

/** What the rule is for, and what it does. */
export function selectorWords(rule: RoutingRuleEdit['rule']): string[] {
  const { action, mark, markMask, uid, sport, dport } = rule
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
    ...(rule.not ? ['not'] : []),
    ...Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)])),
    ...(typeof action === 'string' ? [action] : []),
  ]
}
