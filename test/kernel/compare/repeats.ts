/** Which packets are said to be sent again, against which were. */
import type { Pair } from './pair.ts'

export function compareRepeats(pairs: readonly Pair[]): string[] {
  const before = new Set<string>()
  const differences: string[] = []
  for (const { seen, journey } of pairs) {
    const told = journey.findings.some(({ code }) => code === 'retransmission')
    const { src, dst, sport, dport, tcpSeq, length, tcpFlags = [] } = seen.packet
    // a bare ACK may well be sent twice; and no packet here has data
    const content = tcpFlags.some((flag) => flag === 'syn' || flag === 'fin')
      ? [src, dst, sport, dport, tcpSeq, length].join(' ')
      : undefined
    const again = content !== undefined && before.has(content)
    if (content !== undefined) before.add(content)
    if (told !== again)
      differences.push(
        `the packet was ${again ? '' : 'not '}sent before, but the journey says ${told ? '' : 'not '}so\n${seen.lines[0]!.text}`,
      )
  }
  return differences
}
