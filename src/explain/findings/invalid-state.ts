import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { entryAnswered, entryOpened } from '../../rules/conntrack/entries.ts'
import { beginTcp, hasValidFlags, tcpSettings } from '../../rules/conntrack/tcp.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { isForInvalid } from '../counterfactual/failed-condition.ts'
import { nameRef, refAt } from '../refs.ts'
import { askedMany } from '../reply/asked-many.ts'

/** Connection tracking could make nothing of it, and that is why it was dropped. */
export const invalidState: Detector = {
  code: 'invalid-state',
  detect(context) {
    const { journey, ended, evidence } = context
    if (!isStoppedByRule(journey.outcome)) return []
    const { rule } = evidence.arrivals[ended.step]!
    const asks = rule !== undefined && isForInvalid(rule)
    const end = refAt(context, ended.step)
    if (!asks || !end) return []
    const { why, cure } = reason(context)
    return [
      finding('invalid-state', 'error', `${nameRef(end)} dropped it as invalid: ${why}.`, {
        steps: [ended.step + 1],
        rules: [end],
        fix: cure === undefined ? [] : [{ description: cure, unverified: 'the cause is not in this rule' }],
      }),
    ]
  },
}

/** What may be wrong with it, less what is known not to be (net/netfilter/nf_conntrack_core.c). */
function reason(context: Context): { why: string; cure?: string } {
  const { journey, world } = context
  const { packet } = journey
  const checksum = mayHaveWrongChecksum(context) ? ', or its checksum is wrong' : ''
  const both =
    'check that both directions of the connection traverse this host, and that no rule exempts either from conntrack'
  if (packet.protocol === 'tcp' && packet.tcpFlags && !hasValidFlags(packet))
    return {
      why: `no TCP packet has these flags together (${packet.tcpFlags.join(' ') || 'none'})`,
      cure: 'check who sends such packets: it may be a port scan',
    }
  const many = askedMany(packet, world)
  if (many)
    return {
      why: `conntrack knows a reply by the address that was asked, which was ${many.entry.reply.src}, ${many.what}: each host replies to that from its own address`,
    }
  const opened = entryOpened(packet, world)
  // "ACK is invalid: we haven't seen a SYN/ACK yet" (nf_conntrack_proto_tcp.c)
  if (opened?.state === 'SYN_SENT' && opened.status.includes('unreplied') && !packet.tcpFlags?.includes('syn'))
    return {
      why: 'conntrack saw no SYN ACK of this connection (its entry is SYN_SENT): the SYN ACK may have taken another route, past this host',
      cure: both,
    }
  if (entryAnswered(packet, world) ?? opened)
    return {
      why: `its sequence numbers or flags do not match conntrack's entry${checksum}`,
      cure: both,
    }
  const isSynAck = packet.protocol === 'tcp' && packet.tcpFlags?.includes('syn') && packet.tcpFlags.includes('ack')
  if (isSynAck && world.host.conntrack)
    return {
      why: 'conntrack has no entry for its SYN: the SYN may have taken another route, past this host',
      cure: both,
    }
  const why = `conntrack could not assign it to a connection. Perhaps ${suspicion(context)}${checksum}`
  return { why, cure: `${both}; log why each packet is invalid: sysctl -w net.netfilter.nf_conntrack_log_invalid=255` }
}

/** Asked only of what comes in (nf_conntrack_checksum). */
const mayHaveWrongChecksum = ({ journey, world }: Context): boolean =>
  journey.steps[0]?.hook !== 'output' && world.host.sysctls?.get('net.netfilter.nf_conntrack_checksum') !== '0'

/** By what would have become of it, had conntrack known nothing of its flow: then some packets are new, not invalid. */
function suspicion({ journey: { packet, steps }, world }: Context): string {
  // what is not known of the host is as the kernel has it from the start
  if (packet.protocol === 'tcp' && beginTcp(packet, tcpSettings(world.host)))
    return 'its sequence numbers or flags do not match its connection (host state does not list this connection)'
  if (packet.protocol === 'udp' || packet.icmpType === (packet.protocol === 'icmp' ? 8 : 128))
    return 'its length is wrong'
  if (steps[0]?.hook === 'output')
    return 'no connection has these two addresses: the request went to a multicast or broadcast address, or it was untracked'
  const many =
    packet.icmpType === (packet.protocol === 'icmp' ? 0 : 129)
      ? ', or the request went to a multicast or broadcast address'
      : ''
  return `this host did not see the connection's first packet, or its replies take another route${many}`
}
