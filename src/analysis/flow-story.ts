/** What became of a connection, in one sentence, told from the packets of both directions. */

import { nameRef } from '../explain/refs.ts'
import { isPassed, isStopped } from '../model/outcome-kinds.ts'
import type { Packet } from '../model/packet.ts'
import { isUnreplied } from '../rules/conntrack/entries.ts'
import type { Flow, FlowFinding, FlowPackets, PacketKind } from './flow.ts'

export function nameOfKind({ protocol, tcpFlags, icmpType, inner }: Packet): PacketKind {
  if (inner) return 'ICMP error'
  if (tcpFlags)
    return (
      tcpFlags
        .filter((flag) => flag !== 'psh' && flag !== 'urg')
        .join(' ')
        .toUpperCase() || 'packet'
    )
  if (protocol === 'icmp' || protocol === 'icmpv6') return ICMP[icmpType ?? -1] ?? 'packet'
  return 'packet'
}

const ICMP: Readonly<Record<number, string>> = {
  0: 'echo reply',
  8: 'echo request',
  128: 'echo request',
  129: 'echo reply',
}

interface Story {
  story: string
  finding?: Omit<FlowFinding, 'fix'> & { packets: FlowPackets[] }
}

/** Of a flow with packets. */
export function storyOf(flow: Flow): Story {
  const asked = flow.packets.filter(({ direction }) => direction === 'original')
  const answers = flow.packets.filter(({ direction }) => direction === 'reply')
  const through = asked.find(({ outcome }) => isPassed(outcome))
  const stopped = asked.find(({ outcome }) => isStopped(outcome))
  const [question] = [through ?? stopped ?? asked[0]]
  const reply = answers.find(({ outcome }) => isStopped(outcome))
  const answered = answers.find(({ outcome }) => isPassed(outcome))
  const begin = question ? capital(`the ${words(question)}`) : 'The request was not captured'
  if (reply && !(answered && answered.kind === reply.kind)) {
    const story = `${begin}; its reply, the ${reply.kind}, ${became(reply)} (${ids(reply)}).`
    // where the question did not pass there can be no answer to it
    const finding =
      question && !through
        ? undefined
        : {
            code: 'reply-dropped' as const,
            severity: 'error' as const,
            message: story,
            journeys: [...(through?.journeys.slice(0, 1) ?? []), ...reply.journeys.slice(0, 1)],
            rules: reply.rule ? [reply.rule] : [],
            packets: [reply],
          }
    return finding ? { story, finding } : { story }
  }
  if (answered) return { story: `${begin}; its reply, the ${answered.kind}, ${became(answered)} (${ids(answered)}).` }
  if (answers[0])
    return {
      story: `${begin}; whether its reply, the ${answers[0].kind} (${ids(answers[0])}), arrived is unknown.`,
    }
  return { story: `${begin}${through ? noAnswer(flow) : ''}.` }
}

/** What connection tracking knows of answers that the capture does not show. */
function noAnswer({ tracked, status = [] }: Flow): string {
  if (!tracked) return '; no reply was captured'
  if (isUnreplied({ status })) return '; conntrack had seen no reply when the connections were listed'
  return '; conntrack saw replies, but none was captured'
}

const words = (one: FlowPackets): string => `${one.kind} ${became(one)} (${ids(one)})`

function became({ outcome, rule, culprit }: FlowPackets): string {
  const sent = culprit ? `, where ${nameRef(culprit)} had sent it` : ''
  const by = rule ? ` by ${nameRef(rule)}${sent}` : ''
  switch (outcome) {
    case 'delivered':
      return 'arrived'
    case 'forwarded':
    case 'dropped':
    case 'rejected':
      return `was ${outcome}${outcome === 'forwarded' ? '' : by}`
    case 'sent':
      return 'was sent'
    case 'vanished':
      return 'vanished'
    case 'queued':
    case 'stolen':
      return `was ${outcome}`
    default:
      return 'was seen, but where it went is unknown'
  }
}

/** `#1`, `#1 and 11 more`. */
const ids = ({ journeys: [first = '?'], count }: FlowPackets): string =>
  `#${first}${count > 1 ? ` and ${count - 1} more` : ''}`

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
