/** What became of a packet hung on a mark of its connection, which it has itself and no rule has saved. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { trace as line, type TestPacket } from '../../journey/kernel-lines.ts'
import { ROUTER } from '../../simulate/world.ts'
import { captured, findingsOf, told } from './played.ts'

const HEADERS =
  'ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 '

/** `choose` is handle 7 of prerouting, `save` stands behind it. */
const ruleset = (choose: string, save = '') => `table inet fw {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "eth0" ${choose} # handle 7
		${save}
	}

	chain choose {
		ip daddr 192.0.2.0/24 return # handle 12
		meta mark set 0x00000200 # handle 14
	}

	chain dnat {
		type nat hook prerouting priority dstnat; policy accept;
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "eth0" ct mark { 0x00000100, 0x00000200 } accept # handle 21
	}
}
`

const trace = (choose: string) =>
  [
    `trace id 0a0b0c0d inet fw prerouting packet: iif "eth0" ${HEADERS}`,
    `trace id 0a0b0c0d inet fw prerouting rule iifname "eth0" ${choose} (verdict ${choose})`,
    'trace id 0a0b0c0d inet fw choose rule meta mark set 0x00000200 (verdict continue)',
    ...(choose.startsWith('jump') ? ['trace id 0a0b0c0d inet fw choose verdict continue meta mark 0x00000200'] : []),
    'trace id 0a0b0c0d inet fw prerouting policy accept meta mark 0x00000200',
    'trace id 0a0b0c0d inet fw dnat policy accept meta mark 0x00000200',
    `trace id 0a0b0c0d inet fw forward packet: iif "eth0" oif "eth1" ${HEADERS}`,
    'trace id 0a0b0c0d inet fw forward policy drop meta mark 0x00000200',
    '',
  ].join('\n')

const SAVES = 'ct mark set meta mark # handle 8'

function found(choose: string, save?: string, text = trace(choose)) {
  const [journey] = explainFile(text, { ...worldOf(ruleset(choose, save)), host: ROUTER }).journeys
  const one = journey!.findings.find(({ code }) => code === 'mark-missing')
  return { message: one?.message, fix: one?.fix.map((each) => String(fixCommands(each).command)) }
}

describe('mark-missing, of a connection', () => {
  it('is a mark that the packet alone was given: it is to be saved where it is set', () => {
    expect(found('jump choose')).toEqual({
      message:
        'inet fw forward handle 21 requires connection mark 0x200, which the packet does not have: inet fw choose handle 14 gave that mark to the packet alone, and no rule had saved it to its connection by then.',
      fix: [
        'nft add rule inet fw prerouting meta mark 0x00000200 ct mark set meta mark comment nfwhy-save-mark-marked-end',
      ],
    })
  })

  it('is a goto in front of the rule that saves it', () => {
    expect(found('goto choose', SAVES)).toEqual({
      message:
        'inet fw forward handle 21 requires connection mark 0x200, which the packet does not have: inet fw prerouting handle 7 skipped the rule that sets this mark.',
      fix: ['nft replace rule inet fw prerouting handle 7 iifname eth0 jump choose'],
    })
  })

  it('is a jump that misses the packet, to the rules that mark it for the one that saves the mark', () => {
    const missed = [
      `trace id 0a0b0c0d inet fw prerouting packet: iif "eth0" ${HEADERS}`,
      'trace id 0a0b0c0d inet fw prerouting rule ct mark set meta mark (verdict continue)',
      'trace id 0a0b0c0d inet fw prerouting policy accept',
      'trace id 0a0b0c0d inet fw dnat policy accept',
      `trace id 0a0b0c0d inet fw forward packet: iif "eth0" oif "eth1" ${HEADERS}`,
      'trace id 0a0b0c0d inet fw forward policy drop',
      '',
    ].join('\n')
    expect(found('ip6 nexthdr tcp jump choose', SAVES, missed).message).toBe(
      'inet fw forward handle 21 requires connection mark 0x200, which the packet does not have: inet fw prerouting handle 7, which jumps to the rule that sets this mark, only matches ip6 nexthdr tcp.',
    )
    expect(found('ip6 nexthdr tcp meta mark set 0x00000200', SAVES, missed).message).toBe(
      'inet fw forward handle 21 requires connection mark 0x200, which the packet does not have: inet fw prerouting handle 7, which sets this mark of the packet for a later rule to save, only matches ip6 nexthdr tcp.',
    )
  })

  it('is saved where it is set, where the trace begins in that chain', () => {
    const rules = {
      mangle: ['-A PREROUTING -j marks', '-A marks -i eth0 -j MARK --set-xmark 0x2/0xff'],
      nat: [],
      filter: ['-P FORWARD DROP', '-A FORWARD -m connmark --mark 0x2/0xff -j ACCEPT'],
    }
    const sent: TestPacket = { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80, flags: 'SYN', in: 'eth0' }
    const marked = { ...sent, mark: 2 }
    const lines = [
      line('mangle:marks:rule:1', sent),
      line('mangle:marks:return:2', marked),
      line('mangle:PREROUTING:policy:2', marked),
      line('nat:PREROUTING:policy:1', marked),
      line('filter:FORWARD:policy:2', { ...marked, out: 'eth1' }),
    ]
    const [saves] = findingsOf(captured(rules, lines), 'mark-missing')[0]!.fix
    expect(String(fixCommands(saves!).command)).toMatch(
      /^iptables -t mangle -A marks -m mark --mark 0x2\/0xff -j CONNMARK /,
    )
    expect(saves?.after).toBe('forwarded')
  })

  it('is saved by CONNMARK', () => {
    const mangle = ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x2/0xff']
    const filter = ['-P FORWARD DROP', '-A FORWARD -m connmark --mark 0x2/0xff -j ACCEPT']
    const said = told({ rules: { mangle, filter } }, 'mark-missing')
    expect(said?.message).toContain('gave that mark to the packet alone')
    expect(said?.fix).toBe(
      'iptables -t mangle -A PREROUTING -m mark --mark 0x2/0xff -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff → forwarded',
    )
    // with another mark of its own, what the rule asks for is nobody's
    const other = ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x3/0xff']
    expect(told({ rules: { mangle: other, filter } }, 'mark-missing')).toBeUndefined()
  })

  it('is saved in front of the rule that accepts it, and may be saved too late', () => {
    const mangle = ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x2/0xff', '-A PREROUTING -i eth0 -j ACCEPT']
    const late = '-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff'
    const filter = ['-P FORWARD DROP', '-A FORWARD -m connmark --mark 0x2/0xff -j ACCEPT']
    const said = told({ rules: { mangle: [...mangle, late], filter } }, 'mark-missing')
    expect(said?.message).toMatch(/ to the packet alone, and no rule had saved it to its connection by then\.$/)
    expect(said?.fix).toBe(
      'iptables -t mangle -I PREROUTING 2 -m mark --mark 0x2/0xff -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff → forwarded',
    )
  })

  it('is none where a rule saved it: what belongs to no connection has no mark of one', () => {
    const saved = trace('jump choose').replace(
      'trace id 0a0b0c0d inet fw prerouting policy',
      'trace id 0a0b0c0d inet fw prerouting rule ct mark set meta mark (verdict continue)\n$&',
    )
    expect(found('jump choose', SAVES, saved).message ?? '').not.toContain('no rule had saved it')
  })
})
