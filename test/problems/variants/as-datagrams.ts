/** UDP in place of TCP: where rules, listeners and senders name the protocol. */
import type { Problem } from '../problem.ts'
import { built, withTexts } from './texts.ts'

/** What only TCP has, or UDP by another word, and programs of the problem's own. */
const OF_TCP =
  /tcp_|tcp[_-]reset|tcp-flags|--syn|tcp flags|synproxy|SYNPROXY|TCPMSS|maxseg|mss|python3|socat|ESTAB|\b5[13]\b|helper/

export function asDatagrams(problem: Problem): Problem | undefined {
  const text = built(problem)
  if (problem.fails.what !== 'tcp' || OF_TCP.test(text) || /udp/i.test(text)) return
  const { truth, ...told } = withTexts(problem, (one) => one.replace(/\btcp\b/g, 'udp'))
  return { ...told, truth: { ...truth, alsoTrue: [...(truth.alsoTrue ?? []), ...OF_ROUTES] } }
}

/** A program that binds no address replies from the one that the reply's route has: of one that goes astray that is true as well. */
const OF_ROUTES = ['reply-from-other-address']
