/** `reject`: the answers have iptables' names, whoever wrote the rule. */
import { wordTable, wordTables } from '../../../model/word-table.ts'
import type { Expression } from '../ast.ts'
import type { Lowering } from './context.ts'

const ANSWERS: Readonly<Record<string, Readonly<Record<string, string>>>> = wordTables({
  icmp: {
    'net-unreachable': 'icmp-net-unreachable',
    'host-unreachable': 'icmp-host-unreachable',
    'prot-unreachable': 'icmp-proto-unreachable',
    'port-unreachable': 'icmp-port-unreachable',
    'net-prohibited': 'icmp-net-prohibited',
    'host-prohibited': 'icmp-host-prohibited',
    'admin-prohibited': 'icmp-admin-prohibited',
  },
  icmpv6: {
    'no-route': 'icmp6-no-route',
    'admin-prohibited': 'icmp6-adm-prohibited',
    'addr-unreachable': 'icmp6-addr-unreachable',
    'port-unreachable': 'icmp6-port-unreachable',
    'policy-fail': 'icmp6-policy-fail',
    'reject-route': 'icmp6-reject-route',
  },
})

/** What `reject` alone means in such a table. */
const DEFAULTS: Readonly<Record<string, string>> = wordTable({
  ip: 'icmp-port-unreachable',
  ip6: 'icmp6-port-unreachable',
})

export function lowerReject(body: { type?: string; expr?: Expression } | null, text: string, lowering: Lowering): void {
  const { type, expr } = body ?? {}
  if (type === 'tcp reset') lowering.need({ transport: 'tcp' }, text)
  if (type === 'icmp') lowering.need({ network: 'ipv4' }, text)
  if (type === 'icmpv6') lowering.need({ network: 'ipv6' }, text)
  lowering.do({ kind: 'reject', with: answer(type, expr, lowering.family) })
}

function answer(type: string | undefined, expr: Expression | undefined, family: string): string {
  if (type === 'tcp reset') return 'tcp-reset'
  if (type === undefined) return DEFAULTS[family] ?? 'icmpx-port-unreachable'
  const code = String(expr ?? 'port-unreachable')
  // `icmpx`: whichever the packet's IP version has
  return ANSWERS[type]?.[code] ?? `${type}-${code}`
}
