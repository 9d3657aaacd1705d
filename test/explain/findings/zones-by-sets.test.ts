/** Zones as sets of interfaces, and chains to which packets are sorted by goto. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { SYN, told } from './played.ts'

interface Zones {
  dmz?: string
  lan?: string
  rule?: string
  sort?: string
  more?: string
}

/** SYN goes from eth0 to eth1, port 80. */
function found(code: string, { dmz = '"eth1"', lan = '"eth0"', rule = '', sort = 'iifname @lan', more = '' }: Zones) {
  const set = (name: string, elements: string) =>
    `	set ${name} {\n		type ifname\n		elements = { ${elements} }\n	}\n`
  const world = worldOf(`table inet fw {
${set('lan', lan)}${set('dmz', dmz)}	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept # handle 4
		${sort} goto from_lan # handle 5
		iifname "eth7" goto from_guest # handle 6
		${rule} # handle 7
	}
	chain from_lan {
		oifname @lan accept # handle 8
	}
	chain from_guest {
		oifname "eth9" accept # handle 9
	}
	${more}
}
`)
  Object.assign(world.host, ROUTER)
  const { evidence, ended } = modelEngine.play(world, SYN)
  return explain(evidence, world, { ended })
    .findings.filter((one) => one.code === code)
    .map(({ severity, message, fix }) => ({
      severity,
      message,
      fix: fix.map((one) => `${fixCommands(one).command}`),
    }))
}

const SUCH =
  'nft add rule inet fw from_lan ip saddr 10.0.1.2 ip daddr 10.0.2.2 iifname eth0 oifname eth1 tcp dport 80 accept comment nfwhy-10.0.1.2-10.0.2.2-80-end'

describe('a service for everyone behind gotos that sort', () => {
  it('is named, and opened in the chain of the zone for such packets, or copied there', () => {
    expect(found('goto-skips', { rule: 'oifname @dmz tcp dport { 80, 443 } accept' })).toEqual([
      {
        severity: 'warning',
        message:
          'inet fw forward handle 5 sent it to from_lan by goto, which never returns. So the packet never reached inet fw forward handle 7, which would have accepted it.',
        // whether the service is for all of the zone is not known
        fix: [SUCH, 'nft add rule inet fw from_lan oifname @dmz tcp dport { 80, 443 } accept comment nfwhy-copy-7-end'],
      },
    ])
  })

  it.each([
    ['it is for those who come in elsewhere', { rule: 'iifname "eth2" tcp dport 80 accept' }],
    ['it is for some senders', { rule: 'ip saddr 10.0.0.0/8 tcp dport 80 accept' }],
    ['it is for no service', { rule: 'oifname @dmz accept' }],
    ['it is for another one', { rule: 'oifname @dmz tcp dport 443 accept' }],
    ['it is for those whom rules have marked', { rule: 'ct mark 0 tcp dport 80 accept' }],
    ['what is sorted is more than an interface', { rule: 'tcp dport 80 accept', sort: 'ip saddr 10.0.1.2' }],
  ])('is not told of where %s', (_why, zones) => {
    expect(found('goto-skips', zones)).toEqual([])
  })
})

describe('a service behind gotos that sort', () => {
  it('is not told of where it is for an ipset of senders', () => {
    const sorted = (asked: string) => ({
      rules: {
        filter: [
          ...['-P FORWARD DROP', '-A FORWARD -i eth0 -g lan', '-A FORWARD -i eth7 -g guest'],
          ...[
            `-A FORWARD -p tcp -m tcp --dport 80${asked} -j ACCEPT`,
            '-A lan -p udp -j ACCEPT',
            '-A guest -p udp -j ACCEPT',
          ],
        ],
      },
      sets: [{ name: 'admins', type: 'hash:ip', elements: [{ parts: ['10.0.1.2'] }] }],
    })
    expect(told(sorted(' -m set --match-set admins src'), 'goto-skips')).toBeUndefined()
    expect(told(sorted(''), 'goto-skips')?.fix).toBe(
      'iptables -A lan -s 10.0.1.2 -d 10.0.2.2 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT → forwarded, but its reply would be dropped',
    )
  })

  it('is for others where packets have matched it', () => {
    const [one] = found('goto-skips', { rule: 'tcp dport 80 counter packets 9 bytes 540 accept' })
    expect(one?.severity).toBe('note')
  })

  it('is not copied to a chain that another one leads to as well', () => {
    const more =
      'chain input {\n		type filter hook input priority filter; policy drop;\n		goto from_lan # handle 10\n	}'
    expect(found('goto-skips', { rule: 'tcp dport 80 accept', more })).toMatchObject([
      { severity: 'warning', fix: [SUCH] },
    ])
  })
})

describe('an interface of another zone', () => {
  it('is not put into a second one', () => {
    expect(found('not-in-set', { rule: 'accept' })).toEqual([
      {
        severity: 'note',
        message: 'inet fw from_lan handle 8 would have accepted it, but eth1 is not in set lan but in dmz.',
        fix: [],
      },
    ])
  })

  it.each([
    ['it is in none', { dmz: '"eth5"' }],
    ['the sets overlap, so they are no zones', { dmz: '"eth0", "eth1"' }],
  ])('is added where %s', (_why, zones) => {
    const [first] = found('not-in-set', { rule: 'accept', ...zones })
    expect(first).toMatchObject({ severity: 'warning', fix: ['nft add element inet fw lan { eth1 }'] })
  })
})
