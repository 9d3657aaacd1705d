/** What would come back to a request that got through: what the model may say of it, and what it may not. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { playReply } from '../../../src/explain/reply/played-reply.ts'
import {
  CaptureExplainer,
  type ClosedJourney,
  formatById,
  type Host,
  type Packet,
  type Route,
} from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Rules, SYN, saved } from '../findings/played.ts'

function replyTo(packet: Packet, rules: Rules, host: Host = {}) {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  const { evidence, ended } = modelEngine.play(world, packet)
  return playReply(evidence, explain(evidence, world, { ended }), world, modelEngine)
}

const DROPS_BACK = { filter: ['-A FORWARD -i eth0 -o eth1 -j ACCEPT', '-A FORWARD -j DROP'] }

it('plays none to what a VXLAN or Geneve interface sends: what comes back is for the same port', () => {
  const { tcpFlags: _, ...udp } = { ...SYN, protocol: 'udp' }
  const codeOf = (sport: number, dport: number) => replyTo({ ...udp, sport, dport }, DROPS_BACK)?.finding?.code
  for (const dport of [4789, 8472, 6081]) expect(codeOf(40_000, dport)).toBeUndefined()
  expect(codeOf(40_000, 4788)).toBe('reply-dropped')
  expect(codeOf(4789, 4789)).toBe('reply-dropped')
})

describe('a request that got through', () => {
  it('has a reply that comes back, or one that a rule stops', () => {
    expect(replyTo(SYN, { filter: [] })?.journey?.outcome).toBe('forwarded')
    expect(replyTo(SYN, DROPS_BACK)?.finding?.code).toBe('reply-dropped')
  })

  it('has none where it went the wrong way: nobody has got it', () => {
    const astray: Route = {
      ...{ family: 'ip', type: 'unicast', destination: '10.0.2.2/32', gateway: '10.0.1.254' },
      ...{ table: 'main', device: 'eth0' },
    }
    const drops = { filter: ['-A FORWARD -s 10.0.2.2/32 -j DROP'] }
    expect(replyTo(SYN, drops, { routes: [...ROUTER.routes!, astray] })).toBeUndefined()
    expect(replyTo(SYN, drops)?.finding?.code).toBe('reply-dropped')
  })
})

describe('a private source on its way to a public address', () => {
  const abroad = { ...SYN, dst: '8.8.8.8' }
  const masqueraded = { nat: ['-A POSTROUTING -j MASQUERADE'], filter: [] }

  it('may have no way back: no good reply is played', () => {
    expect(replyTo(abroad, { filter: [] })).toBeUndefined()
    expect(replyTo({ ...abroad, dst: '10.0.8.9' }, { filter: [] })?.journey?.outcome).toBe('forwarded')
  })

  it('has one where it becomes an address of this host, private as well, or where connection tracking has seen replies', () => {
    expect(replyTo(abroad, masqueraded)?.journey?.outcome).toBe('forwarded')
    const known = entry({
      original: { src: '10.0.1.2', dst: '8.8.8.8', sport: 999, dport: 80 },
      reply: { src: '8.8.8.8', dst: '10.0.1.2', sport: 80, dport: 999 },
      status: ['assured'],
    })
    expect(replyTo(abroad, { filter: [] }, { conntrack: [known] })?.journey?.outcome).toBe('forwarded')
  })

  it('is told of all the same where a rule here would stop the reply', () => {
    expect(replyTo(abroad, { filter: ['-A FORWARD -i eth1 -j DROP'] })?.finding?.code).toBe('reply-dropped')
  })
})

describe('a request of this host, in a zone that its reply is not in', () => {
  const { in: _, ...own } = { ...SYN, src: '10.0.1.1', dst: '198.51.100.9', out: 'eth1' }
  const zoned = { raw: ['-A OUTPUT -j CT --zone 5'], nat: ['-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1'] }

  it('has one whose destination nobody changes back, which is told with the rule of the request', () => {
    const { finding } = replyTo(own, zoned) ?? {}
    expect(finding?.message).toMatch(
      /^Its reply would go to 10\.0\.2\.1:40000, not to 10\.0\.1\.1:40000, which sent the request \(simulated\)\. The zones differ: raw OUTPUT rule 1 puts the request into zone 5, /,
    )
    expect(finding?.rules).toMatchObject([{ table: 'raw', chain: 'OUTPUT', ruleNumber: 1 }])
  })

  it('has none to tell of where both are in it', () => {
    const both = { ...zoned, raw: [...zoned.raw, '-A PREROUTING -j CT --zone 5'] }
    expect(replyTo(own, both)?.finding).toBeUndefined()
  })
})

it('a passed rule says that its open condition did not hold, however that is worded for people', () => {
  const rules = [
    '-A INPUT -p tcp -m tcp --dport 80 -m recent --update --seconds 30 --hitcount 6 --name L --mask 255.255.255.255 --rsource -j DROP',
    '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT',
  ]
  const world = makeWorld(saved({ filter: rules }), ROUTER)
  const log = trace('filter:INPUT:rule:2', { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1', dport: 80 })
  const format = formatById('kernel-log')
  if (format?.kind !== 'capture') throw new Error('no capture')
  const told: (string | undefined)[] = []
  const take = (closed: ClosedJourney) => told.push(closed.playReply()?.journey?.outcome)
  const explainer = new CaptureExplainer(format.format, world, () => {}, take, { engine: modelEngine })
  explainer.push(new TextEncoder().encode(`[ 1.000000] ${log}\n`))
  explainer.end()
  expect(told).toEqual(['sent'])
})

describe('a reply that a rule would stop for want of another rule', () => {
  const told = (...rules: string[]) => {
    const { finding } =
      replyTo(SYN, {
        filter: ['[5:300] -A FORWARD -i eth0 -j ACCEPT', ...rules, '[0:0] -A FORWARD -o eth0 -j DROP'],
      }) ?? {}
    const [first] = finding?.fix ?? []
    return {
      message: finding?.message.replace(/^.*\(simulated\)\. ?/, ''),
      fix: first && `${fixCommands(first).command}`,
    }
  }

  it('says which word the rule for replies lacks, and corrects that', () => {
    expect(told('[0:0] -A FORWARD -o eth0 -m conntrack --ctstate RELATED -j ACCEPT')).toEqual({
      message:
        'filter FORWARD rule 2 would have accepted it, but only matches --ctstate RELATED; its connection is established.',
      fix: 'iptables -R FORWARD 2 -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    })
  })

  it('names the rule for replies that asks for something else, and leaves it to whom it serves', () => {
    const elsewhere = told('[0:0] -A FORWARD -o eth7 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
    expect(elsewhere.message).toMatch(/^filter FORWARD rule 2 would have accepted it, but only matches -o eth7/)
    const invalid = told('[0:0] -A FORWARD -o eth0 -m conntrack --ctstate INVALID -j ACCEPT')
    expect(invalid.message).toMatch(/only matches --ctstate INVALID; its connection is established\.$/)
    expect(invalid.fix).toBe('iptables -I FORWARD 3 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
    const openings = told('[0:0] -A FORWARD -o eth0 -m conntrack --ctstate NEW -j ACCEPT')
    expect(openings.message).toMatch(/only matches --ctstate NEW; its connection is established\.$/)
    // of what others use nothing is said
    const used = told('[7:420] -A FORWARD -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
    expect(used).toEqual({
      message: '',
      fix: 'iptables -I FORWARD 3 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    })
  })

  it('jumps to the chain for replies as a whole, and to one for services for this one alone', () => {
    const LATER = '[0:0] -A later -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    expect(told(LATER)).toEqual({
      message: 'filter later rule 1 would have accepted it, but nothing jumps to later.',
      fix: 'iptables -I FORWARD 2 -j later',
    })
    expect(told('[0:0] -A later -o eth0 -j ACCEPT').fix).not.toContain('--dport 40000')
  })

  it('names the rule that keeps it from connection tracking', () => {
    const raw = ['-A PREROUTING -s 10.0.2.2/32 -j CT --notrack']
    const strict = ['-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT', '-A FORWARD -j DROP']
    expect(replyTo(SYN, { raw, filter: strict })?.finding?.message).toMatch(
      /\(simulated\)\. raw PREROUTING rule 1 exempts it from conntrack \(-s 10\.0\.2\.2\/32\)/,
    )
  })

  it('does not repeat what is told of the request', () => {
    const raw = ['-A PREROUTING -d 10.0.2.2/32 -j CT --notrack']
    const nat = ['-A POSTROUTING -o eth7 -j MASQUERADE']
    const strict = [
      ...['-A FORWARD -d 10.0.2.2/32 -j ACCEPT', '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'],
      '-A FORWARD -j DROP',
    ]
    expect(replyTo(SYN, { raw, nat, filter: strict })?.finding?.message).toBe(
      'Its reply would be dropped by filter FORWARD rule 3 (simulated).',
    )
  })
})
