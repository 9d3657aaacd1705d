import { deviceWord } from '../../edits/words.ts'
import { command, spoken } from '../../model/command.ts'
import type { Condition } from '../../model/condition.ts'
import type { Host, Link } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Family } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import {
  bridgeCalls,
  bridgeNamed,
  bridgeOfPort,
  bridgePassingOn,
  callSetting,
  callsItself,
} from '../../rules/bridge-calls.ts'
import { isLocal } from '../../rules/fib.ts'
import { setSysctl } from '../changes/change.ts'
import { NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { fieldOf } from '../counterfactual/failed-condition.ts'
import { isRepliedPast } from '../counterfactual/undeliverable.ts'
import { BRIDGED_UNPLAYED, bridgeOf, callWords, noCallWords, replyOverBridge } from '../host/bridges.ts'
import { nameRef, refAt } from '../refs.ts'

const KEEP_OUT = 'keep bridged packets out of the IP chains'
const CONTAINERS_NEED_IT = 'container networks need the value 1: with 0, Services between containers on one bridge fail'

/** IP's rules stop what a bridge passes on; or they do not see the reply whose NAT they were to undo. */
export const bridgeNfCall: Detector = {
  code: 'bridge-nf-call',
  detect(context) {
    const { outcome } = context.journey
    if (isStoppedByRule(outcome)) return stopped(context)
    return isRepliedPast(context) ? repliedPast(context) : letGo(context)
  },
}

function stopped(context: Context): Detected[] {
  const { journey, ended, world } = context
  const packet = lastPacket(context)
  const bridge = bridgeOf(packet, world.host)
  const ref = refAt(context, ended.step)
  // whoever asks for its ports means such packets
  if (!bridge || !ref || context.evidence.arrivals.some(({ rule }) => rule?.conditions.some(asksPort))) return []
  if (wasForThisHost(context)) return []
  const isKnown = context.evidence.arrivals[ended.step]?.rule || journey.steps[ended.step]?.kind === 'policy'
  const ports = packet.physIn && packet.physOut ? ` from ${packet.physIn} to ${packet.physOut}` : ''
  const why = callWords(world.host, bridge, journey.family)
  // between ports, or to a link address, that are known the model passes it on either way
  const isPlayed =
    bridgeOfPort(world.host, journey.packet.in) !== undefined ||
    bridgePassingOn(journey.packet, world.host) !== undefined
  return [
    finding(
      'bridge-nf-call',
      // of a rule that is not known nobody can tell whether it is for such packets
      isKnown ? 'warning' : 'note',
      `Bridge ${bridge.name} forwards it${ports} and does not route it. ${nameRef(ref)} sees it only because ${why}.`,
      {
        steps: [ended.step + 1],
        fix: [
          ...bySettingOfItself(context, bridge),
          ...keepOut(context, bridge).map((one) => ({
            ...one,
            ...(isPlayed ? {} : { unverified: BRIDGED_UNPLAYED }),
          })),
        ],
      },
    ),
  ]
}

/** Nothing where the bridge calls for itself, or where rules ask for ports: with 0 these would filter no more. */
export function keepOut({ journey: { family }, world }: Context, bridge: Link): Proposal[] {
  if (callsItself(bridge, family) || world.tables.some(asksPorts)) return []
  return [{ description: KEEP_OUT, ...setSysctl(callSetting(family), 0, 1), note: CONTAINERS_NEED_IT }]
}

/** Where the model does not play what bridges pass on. */
export function keepOutUnplayed({ sysctls }: Host, family: Family, note = CONTAINERS_NEED_IT): Proposal[] {
  const name = callSetting(family)
  if (sysctls?.get(name) !== '1') return []
  return [{ description: KEEP_OUT, ...setSysctl(name, 0, '1'), unverified: BRIDGED_UNPLAYED, note }]
}

/** The same by the setting of the bridge itself; nothing where the one for all bridges hands its packets over as well. */
function bySettingOfItself({ journey: { family }, world }: Context, bridge: Link): Proposal[] {
  const isAlone = callsItself(bridge, family) && world.host.sysctls?.get(callSetting(family)) === '0'
  if (!isAlone || world.tables.some(asksPorts)) return []
  const option = `nf_call_ip${family === 'ip6' ? '6' : ''}tables`
  const off = command('ip', 'link', 'set', 'dev', deviceWord(bridge.name), 'type', 'bridge', option, '0')
  const how = spoken(off) ?? `${option} 0`
  return [{ description: `${KEEP_OUT}: ${how}`, unverified: 'this is not a rule change', note: CONTAINERS_NEED_IT }]
}

/** Rewritten behind the bridge: IP's chains see what is for this host, whatever the setting says. */
function wasForThisHost({ journey: { packet }, world: { host } }: Context): boolean {
  const { dst, dstMac } = packet
  if (dstMac !== undefined) return host.links?.some(({ mac }) => mac === dstMac) === true
  return dst !== undefined && isLocal(dst, host) === true
}

const asksPort = (condition: Condition): boolean =>
  /^meta phys[io]ifname$/.test(fieldOf(condition) ?? '') || (condition.kind === 'not' && asksPort(condition.of))

/** Are rules there for what bridges pass on? */
const asksPorts = memo((table: Table) =>
  [...table.chains.values()].some(({ rules }) => rules.some(({ conditions }) => conditions.some(asksPort))),
)

/**
 * TPROXY has given it a socket where the bridge called PREROUTING. On its way up to IP it loses that (ip_rcv_core), and the
 * hook is not traversed again (ip_sabotage_in): who is looked for then listens on the port that it asks for.
 */
function letGo(context: Context): Detected[] {
  const { evidence, journey, world } = context
  const step = evidence.arrivals.findLastIndex(({ rule }) => rule?.statements.some(({ kind }) => kind === 'tproxy'))
  const { rule, packet, ending } = evidence.arrivals[step] ?? {}
  const proxy = rule?.statements.find((one) => one.kind === 'tproxy')
  const bridge = bridgeNamed(world.host, packet?.in)
  const ref = refAt(context, step)
  if (!proxy || !bridge || !ref || (ending !== 'accept' && ending !== 'continue')) return []
  if (bridgeCalls(world.host, bridge, journey.family) !== true || (proxy.port ?? packet?.dport) === packet?.dport)
    return []
  return [
    finding(
      'bridge-nf-call',
      'error',
      `Bridge ${bridge.name} calls PREROUTING before it passes the packet to IP: the socket that ${nameRef(ref)} assigned is lost there, and the rule is not evaluated again.`,
      {
        steps: [step + 1],
        rules: [ref],
        culprit: step,
        fix: keepOutUnplayed(world.host, journey.family),
      },
    ),
  ]
}

function repliedPast(context: Context): Detected[] {
  const { journey, ended, world } = context
  const { bridge } = replyOverBridge(context)!
  const { src, dst } = lastPacket(context)
  const name = callSetting(journey.family)
  const value = world.host.sysctls?.get(name)
  const why = noCallWords(world.host, journey.family)
  return [
    finding(
      'bridge-nf-call',
      'error',
      `${dst} replies to ${src} over bridge ${bridge.name}, past this host's conntrack (${why}). Nothing undoes the DNAT, so ${src} gets a reply from an address that it never contacted.`,
      {
        steps: [ended.step + 1],
        fix: [
          value === undefined
            ? {
                description: `load br_netfilter (modprobe br_netfilter), which sets ${name} to 1`,
                unverified: 'this is not a rule change',
              }
            : {
                description: 'send bridged packets through the IP chains, so that conntrack sees the reply',
                ...setSysctl(name, 1, value),
                unverified: NOT_TRIED,
                note: 'FORWARD rules then apply to bridged packets too',
              },
        ],
      },
    ),
  ]
}
