/** Chains as programs lay them out. */
import type { Random } from '../../../kernel/generate/random.ts'
import type { Draft } from '../draft.ts'
import { NETS } from '../net.ts'
import type { Match, Rule, Target } from '../rule.ts'

/** The chains of Docker's, or of kube-proxy's, with something wrong in them or not. */
export function owners(draft: Draft, random: Random): void {
  if (random.chance(0.5)) docker(draft, random)
  else kube(draft, random)
}

function docker({ rules, chains, of, family, sendings, policies }: Draft, random: Random): void {
  const [net] = NETS[family]
  const port = random.pick([80, 8080])
  const wrong = random.pick(['none', 'port', 'accept', 'user', 'masquerade', 'return', 'address'] as const)
  const jump = (chain: string, match: Match = {}): Rule => ({ match, target: { kind: 'jump', chain } })
  const back: Rule = { match: {}, target: { kind: 'return' } }
  chains.nat.DOCKER = [
    ...(wrong === 'return' ? [{ match: { i: 'wan' }, target: { kind: 'return' } } as Rule] : []),
    {
      match: { i: 'lan', not: 'i', protocol: 'tcp', dports: [8080] },
      target: { kind: 'dnat', to: wrong === 'address' ? of.none : of.pc, port },
    },
  ]
  rules.dnat.unshift(jump('DOCKER', { local: true }))
  rules.dnatOut.push(jump('DOCKER', { local: true }))
  if (wrong !== 'masquerade')
    rules.snat.unshift({ match: { s: net, o: 'lan', not: 'o' }, target: { kind: 'masquerade' } })
  chains.filter['DOCKER-USER'] =
    wrong === 'user'
      ? [{ match: { i: 'wan', protocol: 'tcp', dports: [random.pick([8080, port])] }, target: { kind: 'drop' } }, back]
      : [back]
  chains.filter.DOCKER =
    wrong === 'accept'
      ? []
      : [
          {
            match: {
              d: of.pc,
              i: 'lan',
              not: 'i',
              o: 'lan',
              protocol: 'tcp',
              dports: [wrong === 'port' ? 8080 : port],
            },
            target: { kind: 'accept' },
          },
        ]
  rules.forward.unshift(
    jump('DOCKER-USER'),
    { match: { o: 'lan', ct: ['RELATED', 'ESTABLISHED'] }, target: { kind: 'accept' } },
    jump('DOCKER', { o: 'lan' }),
    { match: { i: 'lan', o: 'lan', not: 'o' }, target: { kind: 'accept' } },
  )
  policies.forward = true
  sendings.unshift(
    { from: 'remote', to: of.wan, what: 'tcp', port: 8080 },
    { from: random.pick(['box', 'router', 'pc']), to: of.wan, what: 'tcp', port: 8080 },
  )
}

function kube({ rules, chains, of, sendings, policies, family }: Draft, random: Random): void {
  const vip = family === 'ip' ? '10.96.0.10' : 'fd00:96::10'
  const wrong = random.pick(['none', 'endpoint', 'mark', 'empty', 'forward'] as const)
  const jump = (chain: string, match: Match = {}): Rule => ({ match, target: { kind: 'jump', chain } })
  const or: Target = { kind: 'other', iptables: 'MARK --or-mark 0x4000', nft: 'meta mark set meta mark or 0x4000' }
  chains.nat['KUBE-MARK-MASQ'] = wrong === 'mark' ? [] : [{ match: {}, target: or }]
  chains.nat['KUBE-SEP-A'] = [
    jump('KUBE-MARK-MASQ', { s: of.box }),
    { match: { protocol: 'tcp' }, target: { kind: 'dnat', to: wrong === 'endpoint' ? of.none : of.box, port: 80 } },
  ]
  chains.nat['KUBE-SVC-A'] = wrong === 'empty' ? [] : [jump('KUBE-SEP-A')]
  chains.nat['KUBE-SERVICES'] = [
    jump('KUBE-MARK-MASQ', { s: NETS[family][1], not: 's', d: vip, protocol: 'tcp', dports: [80] }),
    jump('KUBE-SVC-A', { d: vip, protocol: 'tcp', dports: [80] }),
  ]
  rules.dnat.unshift(jump('KUBE-SERVICES'))
  rules.dnatOut.unshift(jump('KUBE-SERVICES'))
  const marked: Match = { more: { iptables: '-m mark --mark 0x4000/0x4000', nft: 'meta mark and 0x4000 == 0x4000' } }
  rules.snat.unshift({ match: marked, target: { kind: 'masquerade' } })
  chains.filter['KUBE-FORWARD'] = [
    { match: { ct: ['INVALID'] }, target: { kind: 'drop' } },
    ...(wrong === 'forward' ? [] : [{ match: marked, target: { kind: 'accept' } } as Rule]),
    { match: { ct: ['RELATED', 'ESTABLISHED'] }, target: { kind: 'accept' } },
  ]
  rules.forward.unshift(jump('KUBE-FORWARD'))
  policies.forward = random.chance(0.7)
  for (const from of ['pc', 'router', 'box']) sendings.unshift({ from, to: vip, what: 'tcp', port: 80 })
}
