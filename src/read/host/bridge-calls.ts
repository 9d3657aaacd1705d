import type { Link } from '../../model/host.ts'

const NAMES = { ip: 'nf_call_iptables', ip6: 'nf_call_ip6tables', arp: 'nf_call_arptables' } as const

/** What `ip -d` prints of a bridge; undefined where none is on, as it is nearly always. */
export function callsTables(isOn: (name: string) => boolean): Link['callsTables'] {
  const calls = (['ip', 'ip6', 'arp'] as const).filter((family) => isOn(NAMES[family]))
  return calls.length > 0 ? calls : undefined
}
