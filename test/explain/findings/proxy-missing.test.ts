/** TPROXY drops what no transparent socket takes, and its line looks the same. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { ROUTER } from '../../simulate/world.ts'
import { captured, findingsOf, LISTENS_ON } from './played.ts'

const RULES = { mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1'] }
const SYN = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2' }
const LAST = trace('mangle:PREROUTING:rule:1', SYN)
const other = trace('mangle:PREROUTING:policy:2', { ...SYN, dport: 81, id: 2 })

/** The mark leads here, as a transparent proxy needs it. */
const LED: Host = {
  routes: [...ROUTER.routes!, { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '100', device: 'lo' }],
  routingRules: [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ],
}

const told = (host: Host, lines = [LAST, other]) => findingsOf(captured(RULES, lines, host), 'proxy-missing')

describe('proxy-missing', () => {
  it('names the rule, where the mark leads here and routing has nothing against it', () => {
    const journey = captured(RULES, [LAST, other], LED)
    expect(journey.culprit).toMatchObject({ chain: 'PREROUTING', ruleNumber: 1 })
    expect(journey.findings.map(({ code }) => code)).toEqual(['proxy-missing'])
    expect(journey.findings[0]?.message).toBe(
      'mangle PREROUTING 1 dropped it: it is meant for a transparent proxy on tcp port 3129, and nothing listens there with IP_TRANSPARENT.',
    )
  })

  it('says who listens there without it, and that nobody does', () => {
    expect(told({ ...LED, ...LISTENS_ON(22, 3129) })[0]?.message).toContain('a program listens there, but not with')
    expect(told({ ...LED, ...LISTENS_ON(22) })[0]?.message).toMatch(/and nothing listens there\.$/)
  })

  it('does not say that the rule dropped it, where the mark would not lead here', () => {
    const [found] = told(LISTENS_ON(3129))
    expect(found?.message).toMatch(/and its mark 0x1 to lead it here, but its route leads out of eth1\.$/)
    expect(found?.message).not.toContain('dropped it')
    expect(found?.fix[0]?.description).toContain('ip rule add fwmark')
  })

  it.each([
    ['the capture ends there', told({ ...LED, ...LISTENS_ON(3129) }, [LAST])],
    [
      'the proxy took it',
      told({ ...LED, ...LISTENS_ON(3129) }, [LAST, trace('mangle:INPUT:policy:1', { ...SYN, mark: 1 }), other]),
    ],
    ['the rule did not choose it', told(LED, [trace('mangle:PREROUTING:policy:2', { ...SYN, dport: 81 }), other])],
    ['routing refuses it', told({ ...LED, ...refuses() })],
  ])('is not told where %s', (_name, found) => {
    expect(found).toEqual([])
  })
})

/** By the reverse path filter: 10.0.1.2 has its way over another interface. */
function refuses(): Host {
  const back = ROUTER.routes!.map((route) =>
    route.destination === '10.0.1.0/24' ? { ...route, device: 'eth1' } : route,
  )
  return {
    routes: [...back, ...LED.routes!.slice(-1)],
    sysctls: new Map([['net.ipv4.conf.eth0.rp_filter', '1']]),
  }
}
