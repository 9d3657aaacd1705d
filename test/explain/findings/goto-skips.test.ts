/** A goto is not come back from. */
import { describe, expect, it } from 'vitest'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { type Case, findingsOf, LISTENS_ON, TO_ROUTER, told } from './played.ts'

const rules = (jump: string, ...more: string[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `-A FORWARD ${jump} count`,
      '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT',
      '-A count -p udp -j DROP',
      ...more,
    ],
  },
})

describe('goto-skips', () => {
  it('names the goto and what stands behind it', () => {
    expect(told(rules('-g'), 'goto-skips')).toEqual({
      message:
        'filter FORWARD rule 2 sent it to count by goto, which never returns. So the packet never reached filter FORWARD rule 3, which would have accepted it.',
      rules: ['filter FORWARD rule 2', 'filter FORWARD rule 3'],
      fix: 'iptables -R FORWARD 2 -j count → forwarded',
    })
  })

  it('is a note where a limit behind it hides what would have become of the packet', () => {
    const filter = [
      ...['-P FORWARD DROP', '-A FORWARD -g count', '-A FORWARD -j users', '-A count -p udp -j DROP'],
      ...['-A users -p tcp -m recent --update --seconds 30 --hitcount 6 --name X --rsource -j DROP'],
      '-A users -p tcp -m tcp --dport 80 -j ACCEPT',
    ]
    const found = told({ rules: { filter } }, 'goto-skips')
    expect(found?.message).toContain(
      'So the packet never reached filter users rule 1. What that rule would have made of it is unknown: the addresses seen recently are unknown.',
    )
    expect(found?.rules).toEqual(['filter FORWARD rule 1', 'filter users rule 1'])
  })

  it('is not told where the chain that it went to dropped it, behind a rule whose mark is unknown', () => {
    const line = (place: string) =>
      `TRACE: ${place} IN=calib0 OUT=eth0 MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`
    const rules = [
      ...['*filter', ':FORWARD ACCEPT [0:0]', ':dispatch - [0:0]', ':own - [0:0]', ':allowed - [0:0]'],
      ...['-A FORWARD -j dispatch', '-A dispatch -i calib0 -g own', '-A own -j allowed'],
      ...['-A own -m mark --mark 1 -j RETURN', '-A own -m comment --comment none -j DROP'],
      ...['-A allowed -m recent --rcheck --name X --rsource -j MARK --set-xmark 1', 'COMMIT\n'],
    ]
    const places = ['FORWARD:rule:1', 'dispatch:rule:1', 'own:rule:1', 'own:rule:3']
    const { journeys } = explainLog(places.map((one) => line(`filter:${one}`)).join(''), worldOf(rules.join('\n')))
    expect(journeys[0]!.outcome).toBe('dropped')
    expect(findingsOf(journeys[0]!, 'goto-skips')).toEqual([])
  })

  it('is a note of nat where the rule behind nearly matches', () => {
    const nat = (rule: string) => [
      '-A PREROUTING -g direct',
      '-A PREROUTING -j ports',
      '-N direct',
      `[0:0] -A ports ${rule} -j DNAT --to-destination 10.0.2.9`,
    ]
    const to = (rule: string): Case => ({
      rules: { nat: nat(rule), filter: ['-P INPUT DROP'] },
      packet: TO_ROUTER,
      host: LISTENS_ON(22),
    })
    expect(told(to('-p udp -m udp --dport 80'), 'goto-skips')).toEqual({
      message:
        'nat PREROUTING rule 1 sent it to direct by goto, which never returns. So the packet never reached nat ports rule 1, which would have rewritten its destination, but only matches -p udp.',
      rules: ['nat PREROUTING rule 1', 'nat ports rule 1'],
      fix: 'iptables -t nat -R PREROUTING 1 -j direct → dropped',
    })
    expect(told(to('-p udp -m udp --dport 443'), 'goto-skips')).toBeUndefined()
  })

  it('is not told of a goto that a program has written', () => {
    const from = (prefix: string): Case => ({
      rules: {
        filter: [
          ...['-P INPUT DROP', `-A INPUT -j ${prefix}-INPUT`],
          ...[
            `-A ${prefix}-INPUT -i eth0 -g ${prefix}-wl-to-host`,
            `-A ${prefix}-INPUT -m mark --mark 0x1/0x1 -j ACCEPT`,
          ],
          ...[`-A ${prefix}-wl-to-host -j ${prefix}-fw`, `-A ${prefix}-wl-to-host -j RETURN`],
          `-A ${prefix}-fw -j MARK --set-xmark 0x1/0x1`,
        ],
      },
      packet: TO_ROUTER,
      host: LISTENS_ON(80),
    })
    expect(told(from('own'), 'goto-skips')?.fix).toBe('iptables -R own-INPUT 1 -i eth0 -j own-wl-to-host → delivered')
    // packets of workloads go to the policy that their owner has set for them
    expect(told(from('cali'), 'goto-skips')).toBeUndefined()
  })

  it.each([
    ['into a chain of a program', 'INPUT', 'ufw-user-input'],
    ['out of a chain of a program', 'ufw-before-input', 'own'],
    ['in a chain that a program has made for others', 'INPUT_direct', 'own'],
  ])('is told of a goto that a person has written %s', (_where, from, to) => {
    const jump = from === 'INPUT' ? [] : [`-A INPUT -j ${from}`]
    const rules = [`-A ${from} -s 10.0.1.2/32 -g ${to}`, `-A ${from} -p tcp -m tcp --dport 80 -j ACCEPT`]
    const filter = ['-P INPUT DROP', ...jump, ...rules, `-A ${to} -p udp -j DROP`]
    expect(told({ rules: { filter }, packet: TO_ROUTER, host: LISTENS_ON(80) }, 'goto-skips')?.fix).toBe(
      `iptables -R ${from} 1 -s 10.0.1.2 -j ${to} → delivered`,
    )
  })

  it('is told of a goto of all packets in front of further rules, whoever wrote it', () => {
    const nat = (jump: string) => [
      ...['-A PREROUTING -j KUBE-SERVICES', '-A KUBE-SERVICES -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -g KUBE-EXT-WEB'],
      ...[`-A KUBE-EXT-WEB ${jump} KUBE-MARK-MASQ`, '-A KUBE-EXT-WEB -g KUBE-SVC-WEB'],
      '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
      '-A KUBE-SVC-WEB -p tcp -j DNAT --to-destination 10.0.2.2:8080',
    ]
    const to = (jump: string): Case => ({ rules: { nat: nat(jump) }, packet: TO_ROUTER, host: LISTENS_ON(22) })
    expect(told(to('-g'), 'goto-skips')).toEqual({
      message:
        'nat KUBE-EXT-WEB rule 1 sent it to KUBE-MARK-MASQ by goto, which never returns. So the packet never reached nat KUBE-SVC-WEB rule 1, which would have rewritten its destination.',
      rules: ['nat KUBE-EXT-WEB rule 1', 'nat KUBE-SVC-WEB rule 1'],
      fix: 'iptables -t nat -R KUBE-EXT-WEB 1 -j KUBE-MARK-MASQ → forwarded',
    })
    expect(told(to('-j'), 'goto-skips')).toBeUndefined()
    // of some packets it means it
    expect(told(to('-s 10.0.1.0/24 -g'), 'goto-skips')).toBeUndefined()
  })

  it.each([
    ['a jump', rules('-j')],
    ['a goto to what stops it itself', rules('-g', '-A count -j DROP')],
    ['one of several gotos, which sort', rules('-g', '-A FORWARD -i eth2 -g count')],
  ])('is not told of %s', (_name, one) => {
    expect(told(one, 'goto-skips')).toBeUndefined()
  })
})
