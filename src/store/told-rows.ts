/** An explained journey or exchange → the rows that say what it was, without what is only its own (row.ts). */
import { printedExchange, printedJourney } from '../edits/fix.ts'
import { nameRef } from '../explain/refs.ts'
import { printCommand } from '../model/command.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Cause, Finding, Journey, PrintedFix, RuleRef, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { valueAfter } from '../reports/packet-words.ts'
import { type Row, textOf } from './row.ts'
import type { StoredRuleset } from './ruleset-rows.ts'

/** A journey, its steps, its findings. */
export function journeyText(journey: Journey, ruleset: StoredRuleset): string {
  const { packet, outcome, basis, culprit, cause, steps, family, traceId } = journey
  const row: Row = {
    trace_id: traceId,
    ...{ family, iifname: packet.in, oifname: packet.out },
    ...endsOf(packet),
    ...{ src_mac: packet.srcMac, dst_mac: packet.dstMac, vlan: packet.vlan },
    tcp_flags: packet.tcpFlags?.length === 0 ? 'none' : packet.tcpFlags?.join(','),
    ...{ tcp_seq: packet.tcpSeq, icmp_type: packet.icmpType, icmp_code: packet.icmpCode },
    ...{ icmp_id: packet.icmpId, icmp_seq: packet.icmpSeq, ip_id: packet.ipId, ttl: packet.ttl },
    ...{ length: packet.length, mark: packet.mark, ct_state: packet.ctState },
    ...{ outcome, basis, ruleset: ruleset.key },
    ...culpritOf(culprit, ruleset),
    ...{ cause: causeText(cause), steps: steps.length },
  }
  return textOf([
    ['journeys', [row]],
    ['steps', steps.map((step) => stepRow(step, packet, ruleset))],
    ['findings', findingRows(printedJourney(journey).findings, ruleset)],
  ])
}

/** An exchange and its findings. `same`: the key of the journey that has its cause. */
export function exchangeText(exchange: Exchange, ruleset: StoredRuleset, family: string, same?: string): string {
  const { asked, became, status, basis, journeys, culprit, cause } = exchange
  const row: Row = {
    ...{ family, iifname: asked.in },
    ...endsOf(asked),
    ...{ to_src: became?.src, to_sport: became?.sport, to_dst: became?.dst, to_dport: became?.dport },
    ...{ icmp_type: asked.icmpType, icmp_code: asked.icmpCode, status, basis },
    ...{ requests: journeys.request.length, retransmissions: journeys.retransmissions.length },
    ...{ replies: journeys.replies.length, errors: journeys.errors.length },
    ...culpritOf(culprit, ruleset),
    ...{ cause: causeText(cause), same_as: same },
  }
  return textOf([
    ['exchanges', [row]],
    ['findings', findingRows(printedExchange(exchange).findings, ruleset)],
  ])
}

const endsOf = ({ protocol, src, sport, dst, dport }: Packet): Row => ({ protocol, src, sport, dst, dport })

const causeText = (cause: readonly Cause[]): string => cause.map(({ text }) => text).join('\n')

const culpritOf = (ref: RuleRef | undefined, ruleset: StoredRuleset): Row =>
  ref
    ? {
        culprit: ruleset.keyOf(ref)?.rule,
        culprit_ref: nameRef(ref),
        culprit_text: ref.rule,
        owner: ref.owner,
      }
    : {}

const CARRIED = [
  ['iifname', 'in'],
  ['oifname', 'out'],
  ['src', 'src'],
  ['sport', 'sport'],
  ['dst', 'dst'],
  ['dport', 'dport'],
  ['mark', 'mark'],
] as const

function stepRow(step: Step, packet: Packet, ruleset: StoredRuleset): Row {
  const { n, hook, family, table, chain, ruleNumber, handle, kind, verdict, depth, prefix, known, changes } = step
  const row: Record<string, string | number | undefined> = {
    ...{ n, hook, family, table_name: table, chain, rule_number: ruleNumber, handle, kind },
    ...ruleset.keyOf(step, kind),
    ...{ verdict, depth, prefix, known },
    changes: changes.map((one) => `${one.field} ${valueAfter(one)}`).join(', '),
  }
  for (const [column, field] of CARRIED) if (step[field] !== packet[field]) row[column] = step[field]
  return row
}

const findingRows = (findings: readonly Finding<PrintedFix>[], ruleset: StoredRuleset): Row[] =>
  findings.map(({ code, severity, message, rules, fix }, i) => {
    const [first] = rules
    // a command that can be typed is more than advice
    const best = fix.find(({ command }) => command) ?? fix[0]
    return {
      ...{ n: i + 1, code, severity, message },
      ...(first ? { ...ruleset.keyOf(first), rule_ref: nameRef(first) } : {}),
      ...{ fix: best?.description, after: best?.after },
      command: best?.command && printCommand(best.command),
      undo: best?.undo && printCommand(best.undo),
    }
  })
