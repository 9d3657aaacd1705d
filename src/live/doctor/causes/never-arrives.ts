import { deviceWord } from '../../../edits/words.ts'
import { command, operands } from '../../../model/command.ts'
import type { Facts } from '../../survey/facts.ts'
import { droppedAtIngress } from '../at-ingress.ts'
import { enderBefore } from '../behind.ts'
import { linksOf } from '../links.ts'
import type { Cause, Mend, Problem } from '../problem.ts'
import { lineOf, mayMatch, nameOf, rulesOf } from '../rules.ts'
import type { Wish } from '../wish.ts'

export const neverArrives: Cause = {
  id: 'never-arrives',
  about: {
    cause:
      'the packet never arrives: a driver, XDP, tc or a chain at ingress drops it earlier, or it took another route',
    check:
      "counters of the rules that trace; the filter's interface (exists, is up); XDP programs, `tc` and nft's chains at ingress",
    mend: '`tcpdump` shows whether the packet arrives at all',
  },
  tested: 'in a namespace',
  check: (facts, wish) => [
    ...atInterface(facts, wish),
    ...beforeHooks(facts, wish),
    ...droppedAtIngress(facts, wish),
    ...uncounted(facts, wish),
  ],
}

function atInterface(facts: Facts, wish: Wish): Problem[] {
  const name = wish.packet.in
  const links = linksOf(facts)
  if (name === undefined || links.length === 0) return []
  const link = links.find((one) => one.name === name)
  if (!link)
    return [
      {
        code: 'no-such-interface',
        severity: 'error',
        message: `There is no interface ${name} in this network namespace, so nothing comes in there.`,
        evidence: `ip link: ${links.map((one) => one.name).join(', ')}`,
      },
    ]
  if (link.up) return []
  return [
    {
      code: 'interface-down',
      severity: 'error',
      message: `Interface ${name} is down: nothing comes in there.`,
      evidence: link.line,
      fix: {
        description: 'bring it up',
        commands: [command('ip', 'link', 'set', 'dev', deviceWord(name), 'up')],
        undo: [command('ip', 'link', 'set', 'dev', deviceWord(name), 'down')],
        safe: false,
        unsafe: 'somebody may have disabled it on purpose; or a cable may be missing',
      },
    },
  ]
}

/** XDP and tc's ingress run before the first hook, and may drop or redirect. */
function beforeHooks(facts: Facts, wish: Wish): Problem[] {
  const asked = (name: string) => wish.packet.in === undefined || wish.packet.in === name
  const severity = wish.packet.in === undefined ? 'note' : 'warning'
  const xdp = linksOf(facts).filter(({ name, xdp }) => xdp && asked(name))
  const tc = (facts.texts.get('qdisc') ?? []).flatMap((line) => {
    const [, name] = /^qdisc (?:clsact|ingress) \S+ dev (\S+)/.exec(line) ?? []
    return name !== undefined && asked(name) ? [{ name, line }] : []
  })
  return [
    ...xdp.map(({ name, line }) => ({
      name,
      line,
      what: 'An XDP program',
      look: command('ip', '-d', 'link', 'show', 'dev', deviceWord(name)),
    })),
    ...tc.map(({ name, line }) => ({
      name,
      line,
      what: 'tc',
      look: command('tc', 'filter', 'show', 'dev', deviceWord(name), 'ingress'),
    })),
  ].map(({ name, line, what, look }) => ({
    code: 'before-the-hooks',
    severity,
    message: `${what} processes packets from ${name} before netfilter does, and may drop or redirect them.`,
    evidence: line,
    fix: {
      description: 'inspect it',
      commands: [look],
      safe: false,
      unsafe: 'this command changes nothing; a person must decide what to change',
    },
  }))
}

function uncounted(facts: Facts, wish: Wish): Problem[] {
  const { traces, world } = rulesOf(facts)
  return traces
    .filter(({ rule, bases }) => rule.counters?.packets === 0 && bases.length > 0)
    .filter((trace) => mayMatch(trace, wish, world) && enderBefore(trace, wish, world)?.ends !== 'all')
    .map((trace) => ({
      code: 'never-arrives',
      // a counter has no time: whether anything was sent since the rule is there, only a person knows
      severity: 'note',
      message: `Rule ${nameOf(trace)} has counted no packet yet. Send one, then run nfwhy doctor again.`,
      evidence: `0 packets: ${lineOf(trace)}`,
      fix: tcpdump(wish),
    }))
}

/** Words that tcpdump does not know are left out. */
function tcpdump({ filter, packet, families }: Wish): Mend {
  const { src, dst, protocol, sport, dport } = packet
  const known = [
    families.length === 1 ? families[0]! : '',
    protocol === undefined || /^icmp/.test(protocol) ? '' : protocol,
    src === undefined ? '' : `src host ${src}`,
    dst === undefined ? '' : `dst host ${dst}`,
    sport === undefined ? '' : `src port ${sport}`,
    dport === undefined ? '' : `dst port ${dport}`,
  ].filter((part) => part !== '')
  const plain = filter !== undefined && !/\b(?:in|out|mark|ipid|seq|icmpid|opt|syn)\b/.test(filter)
  const expression = plain ? filter : known.join(' and ')
  return {
    description:
      'if the rule still counts no packet, check whether the packet arrives; if it does, the rule does not match it, or an earlier rule ends the chain',
    commands: [command('tcpdump', '-n', '-i', deviceWord(packet.in ?? 'any'), ...operands(expression))],
    safe: false,
    unsafe: 'it runs until it is stopped',
  }
}
