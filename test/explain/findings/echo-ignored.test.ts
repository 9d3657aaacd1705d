/** A ping that the kernel answers, or does not, by its settings. */
import { describe, expect, it } from 'vitest'
import { trace } from '../../journey/kernel-lines.ts'
import { type Case, captured, findingsOf, TO_ROUTER, told } from './played.ts'

const PING = { in: 'eth0', protocol: 'icmp', src: '10.0.1.2', dst: '10.0.1.1', icmpType: 8, icmpCode: 0, icmpId: 7 }
const ALL = 'net.ipv4.icmp_echo_ignore_all'
const ping = (settings: Record<string, string>, more: Partial<typeof PING> = {}): Case => ({
  rules: { filter: [] },
  packet: { ...PING, ...more },
  host: { sysctls: new Map(Object.entries({ 'net.ipv4.ip_forward': '1', ...settings })) },
})

describe('echo-ignored', () => {
  it('names the setting, and switches it off', () => {
    expect(told(ping({ [ALL]: '1' }), 'echo-ignored')).toEqual({
      message: `Netfilter accepted it, but the kernel does not reply: ${ALL} is 1.`,
      rules: [],
      fix: `sysctl -w ${ALL}=0 → delivered`,
    })
  })

  it.each([
    ['the kernel answers', ping({ [ALL]: '0', 'net.ipv4.icmp_echo_ignore_broadcasts': '1' })],
    ['nothing is known of it', ping({})],
    ['the packet goes on', ping({ [ALL]: '1' }, { dst: '10.0.2.2' })],
    ['it is no ping', { ...ping({ [ALL]: '1' }), packet: TO_ROUTER }],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'echo-ignored')).toBeUndefined()
  })

  it.each([
    // the kernel's own copy has no link addresses
    ['', 0],
    ['02:00:00:00:00:01:02:00:00:00:00:02:08:00', 1],
  ])('is told of a ping to a group that came from the link, not of its own that comes back (MAC=%s)', (mac, times) => {
    const setting = { sysctls: new Map([['net.ipv4.icmp_echo_ignore_broadcasts', '1']]) }
    const packet = { in: 'eth0', src: '10.0.1.1', dst: '224.0.0.1', protocol: 'icmp', icmpType: 8, icmpId: 7 } as const
    const line = trace('filter:INPUT:policy:1', packet).replace(/MAC=\S+/, `MAC=${mac}`)
    expect(findingsOf(captured({ filter: [] }, [line], setting), 'echo-ignored')).toHaveLength(times)
  })
})
