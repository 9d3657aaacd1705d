import { baseChainsAt } from '../../journey/base-chains.ts'
import type { NftEdit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isPassed, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { servicePort } from '../../rules/service-ports.ts'
import { walk } from '../../rules/walk.ts'
import { changesOf } from '../changes/change.ts'
import type { Changing } from '../changes/proposal.ts'
import { together } from '../changes/proposal.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket, momentAt } from '../context.ts'
import { passes, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { letsGo, TRACKING } from '../counterfactual/what-if.ts'
import { type Control, unreadControl } from '../host/helpers.ts'
import { nameRef, refOf } from '../refs.ts'
import { beginAnew } from './nat-came-late.ts'

/** It is what FTP or its like has announced, and conntrack does not know: it is NEW where rules accept what is RELATED. */
export const helperMissing: Detector = {
  code: 'helper-missing',
  detect(context) {
    const { journey, ended, world } = context
    const packet = lastPacket(context)
    const { protocol, tcpFlags } = packet
    if (protocol === 'tcp' && (!tcpFlags?.includes('syn') || tcpFlags.includes('ack'))) return []
    if (entryAnswered(packet, world)) return []
    const service = servicePort(packet, world.tables)
    if (service === 'known') return []
    const control = unreadControl(packet, world)
    const why =
      control && (stoppedAsNew(context) ?? notLedOn(context, control) ?? notGivenBack(context, packet, control))
    if (!control || !why) return []
    const { helper, entry } = control
    const { src, sport, dst, dport } = entry.original
    const connection = `${describeEnd(src, sport)} → ${describeEnd(dst, dport)}`
    const early = tooEarly(context, control)
    // what has no ports a rule can accept as it is, where nat need not know whose it is
    const hasPorts = protocol === 'tcp' || protocol === 'udp'
    const isOwn = entry.reply.dst === src && entry.reply.src === dst && isLocal(packet.dst, world.host) === true
    const isPlain = !hasPorts && early.text === '' && isOwn && isStoppedByRule(journey.outcome)
    // a note where a rule or a service is more likely to be missing
    const isDoubted = isPlain || service === 'named'
    const assigned = assign(context, control)
    // the next request of UDP comes from the same port, and its entry has no helper
    const begun = entry.protocol === 'udp' ? (beginAnew(entry).edits ?? []) : []
    const change = assigned && 'edits' in assigned ? { ...assigned, edits: [...assigned.edits, ...begun] } : assigned
    const description = `assign helper ${helper.name} to new control connections; then close this control connection and connect again`
    return [
      finding(
        'helper-missing',
        isDoubted ? 'note' : 'warning',
        `${early.text}It may belong to a data connection of ${helper.name}. Control connection ${connection} has no conntrack helper. ${why.text}${isPlain ? ` A rule that accepts ${protocol} needs no helper.` : ''}`,
        {
          steps: [ended.step + 1],
          ...(isDoubted ? { doubt: 0.5 } : {}),
          rules: [...early.rules, ...why.rules],
          fix: isDoubted
            ? []
            : [
                {
                  description,
                  ...change,
                  unverified: 'the model does not read control connections',
                  note:
                    journey.packet.protocol === 'tcp'
                      ? 'a helper cannot read an encrypted control connection (FTPS)'
                      : `the helper needs the module nf_conntrack_${helper.name}`,
                },
              ],
        },
      ),
    ]
  },
}

interface Why {
  text: string
  rules: RuleRef[]
}

/** Who assigns it comes before connection tracking, or where this connection's requests never come. */
function tooEarly(context: Context, { tooEarly: [first], elsewhere: [other], entry }: Control): Why {
  const setter = first ?? other
  if (!setter) return { text: '', rules: [] }
  const { table, chain, rule, priority, hook } = setter
  const ref = refOf(context, table.name, chain, rule)
  if (!first) {
    const own = isLocal(entry.original.src, context.world.host) === true
    const who = own ? 'this host itself' : entry.original.src
    const text = `${nameRef(ref)} assigns a conntrack helper in ${hook.toUpperCase()}, but ${who} began the control connection. `
    return { text, rules: [ref] }
  }
  const text = `${nameRef(ref)} assigns a conntrack helper before connection tracking (priority ${priority}), where that has no effect. `
  return { text, rules: [ref] }
}

/** Its table would let it go, were it RELATED. */
function stoppedAsNew(context: Context): Why | undefined {
  const { journey, ended } = context
  if (!isStoppedByRule(journey.outcome)) return undefined
  const pass = passes(context).find(({ steps }) => steps.includes(ended.step))
  if (!pass) return undefined
  const related = suppose(context, pass, 'related')
  if (!related.last || letsGo(related, pass.base) !== true) return undefined
  if (letsGo(suppose(context, pass, 'new'), pass.base) !== false) return undefined
  const accepts = refOf(context, pass.table.name, related.last.chain, related.last.rule)
  return { text: `The packet is NEW; ${nameRef(accepts)} accepts only RELATED packets.`, rules: [accepts] }
}

function suppose(context: Context, { table, base, steps }: TableTraversal, ctState: Packet['ctState'] & string) {
  const start = momentAt(context, steps[0]!)
  const packet = { ...start.packet, ctState, ctStatus: ctState === 'related' ? ['expected'] : [] }
  return walk(table, [{ chain: base, index: 0 }], { ...start, packet }, context.budget, 'holds')
}

/** It is for the address that this host has given the client of the control connection, and nothing leads it on. */
function notLedOn({ journey, world }: Context, { entry }: Control): Why | undefined {
  const { original, reply } = entry
  const { outcome, packet } = journey
  const isHere = packet.dst === reply.dst && original.src !== reply.dst && isLocal(reply.dst, world.host) === true
  if (!isHere || (outcome !== 'delivered' && !isStoppedByRule(outcome))) return undefined
  return { text: `So nat does not rewrite the destination of this packet to ${original.src}.`, rules: [] }
}

/** It leaves for the port that the client asked from with the source that nat had given the request as its destination. */
function notGivenBack({ journey }: Context, packet: Packet, { entry }: Control): Why | undefined {
  const { original, reply } = entry
  const isReply = packet.src === reply.src && packet.dst === original.src && packet.dport === original.sport
  if (!isReply || !isPassed(journey.outcome) || original.dst === reply.src) return undefined
  return { text: `So nat does not rewrite the source of this packet to ${original.dst}.`, rules: [] }
}

function assign(context: Context, { helper, entry }: Control): Changing | undefined {
  const { evidence, ended, journey, world } = context
  const { family } = journey
  if (family !== 'ip' && family !== 'ip6') return undefined
  const own = isLocal(entry.original.src, world.host) === true
  const chosen = { kind: 'destination', packet: { protocol: helper.protocol, dport: helper.port } } as const
  if (evidence.arrivals[ended.step]?.table?.kind !== 'nft') {
    const ref: RuleRef = { family, table: 'raw', chain: own ? 'OUTPUT' : 'PREROUTING', rule: '-A' }
    return changesOf(ref).add(ref, ref, chosen, { kind: 'helper', name: helper.name })
  }
  // any hook will do that the control connection comes by behind conntrack
  const met = passes(context).find(({ steps }) => steps.includes(ended.step))
  const place = own
    ? baseChainsAt(world, family, 'output', true).find(
        ({ table, chain }) => table.kind === 'nft' && chain.type === 'filter' && (chain.priority ?? 0) > TRACKING,
      )
    : met && { table: met.table, chain: met.base }
  const [first] = place?.chain.rules ?? []
  if (!place || place.table.family === 'bridge' || /[^\w]/.test(helper.name)) return undefined
  const { family: owner, name: table } = place.table
  const ref: RuleRef = { family: owner, table, chain: place.chain.name, rule: 'policy accept' }
  const name = `nfwhy-${helper.name}`
  const rule = changesOf(ref).add(
    ref,
    { chain: ref.chain, ...(first?.handle === undefined ? {} : { before: { handle: first.handle } }) },
    chosen,
    { kind: 'helper', name },
  )
  if (!rule || 'unsayable' in rule) return rule
  const object = { family: owner, table, name }
  const edit = (op: NftEdit['op'], more: object): NftEdit[] => [
    { kind: 'nft', op, object: { 'ct helper': { ...object, ...more } } },
  ]
  const made = { type: helper.name, protocol: helper.protocol }
  return together({ edits: edit('add', made), undo: edit('delete', {}) }, rule)
}
