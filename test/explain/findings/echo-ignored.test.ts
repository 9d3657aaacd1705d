/** A ping that the kernel answers, or does not, by its settings. */
import { describe, expect, it } from 'vitest'
import { type Case, TO_ROUTER, told } from './played.ts'

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
})
