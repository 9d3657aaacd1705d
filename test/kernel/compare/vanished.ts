/** What nfwhy says of packets that routing dropped, against what the kernel's own route look-up says of them. */
import type { Lab } from '../lab/lab.ts'
import type { Pair } from './pair.ts'

/** How `ip route get` refuses, for each finding. */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  'vanished-no-route': /unreachable|blackhole|prohibit|No route to host|Invalid argument|Permission denied/i,
  'vanished-no-group': /Invalid argument/,
  'vanished-martian': /Invalid argument|Invalid cross-device link/,
  'vanished-rp-filter': /Invalid cross-device link|Invalid argument/,
  'vanished-forwarding-off': /unreachable|No route to host/i,
}

export async function compareVanished({ seen, journey }: Pair, lab: Lab): Promise<string[]> {
  const told = journey.findings.find(({ code }) => code.startsWith('vanished-'))
  if (!told) return []
  const lines = seen.lines.map(({ text }) => text).join('\n')
  if (seen.fate.outcome !== 'vanished')
    return [`it was ${seen.fate.outcome}, but: ${told.code}: ${told.message}\n${lines}`]
  const last = seen.steps.at(-1)!
  const { src, in: device, ttl, mark } = last.line.packet
  if (told.code === 'vanished-ttl') return ttl! <= 1 ? [] : [`its TTL is ${ttl}, but: ${told.message}\n${lines}`]
  if (told.code === 'vanished-forwarding-off' && src!.includes(':')) {
    // its look-up does not ask for that
    const { out } = await lab.run(['sysctl', '-n', 'net.ipv6.conf.all.forwarding'])
    return out.trim() === '0' ? [] : [`forwarding is on, but: ${told.message}\n${lines}`]
  }
  const rewritten = /-j DNAT --to-destination \[?([0-9.]+|[0-9a-f:]+)(?:\]|:|$)/.exec(last.rule?.text ?? '')?.[1]
  const dst = rewritten ?? last.line.packet.dst!
  const question = ['route', 'get', dst, 'from', src!, 'iif', device!, ...(mark ? ['mark', String(mark)] : [])]
  const { out, error } = await lab.run(['ip', dst.includes(':') ? '-6' : '-4', ...question])
  const refusal = REFUSALS[told.code]
  if (refusal?.test(out + error)) return []
  return [`ip ${question.join(' ')} says: ${out}${error}, but: ${told.code}: ${told.message}\n${lines}`]
}
