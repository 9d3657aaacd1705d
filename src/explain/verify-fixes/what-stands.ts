/** What is said of a packet as it was seen, and stands or falls behind a change. */
import type { Finding, Journey, RuleRef } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { type Context, lastPacket } from '../context.ts'

/** Said because no reply came, too. */
const SOURCE_UNKNOWN = 'not-masqueraded'
const BY_SILENCE: ReadonlySet<string> = new Set([SOURCE_UNKNOWN, 'wrong-way-out'])

/** That no answer finds back to its source, or comes from that way, is told by the entry that the packet made: it stands where the packet leaves as it did. */
export function withStanding(context: Context, played: Journey, left: Packet): Journey {
  const isSaid = ({ code, severity }: Finding) => BY_SILENCE.has(code) && severity !== 'note'
  const said = context.journey.findings.filter(isSaid)
  if (said.length === 0 || !isPassed(played.outcome)) return played
  const seen = lastPacket(context)
  if (left.out !== seen.out || left.dst !== seen.dst || left.dport !== seen.dport) return played
  // a new source mends that alone
  const stands = ({ code }: Finding) => code !== SOURCE_UNKNOWN || left.src === seen.src
  const isNew = ({ code }: Finding) => !played.findings.some((one) => one.code === code && isSaid(one))
  const news = said.filter((one) => stands(one) && isNew(one))
  return news.length === 0 ? played : { ...played, findings: [...played.findings, ...news] }
}

/** One rule of nat was to go first, and does: that the other one is skipped now is what was asked for. */
export function asProposed({ findings: seen }: Journey, played: Journey): Journey {
  const ahead = seen.flatMap(({ code, rules: [first] }) => (code === SKIPPED && first ? [first] : []))
  if (ahead.length === 0) return played
  const isMeant = ({ code, rules: [, behind] }: Finding) =>
    code === SKIPPED && behind !== undefined && ahead.some((one) => isSame(one, behind))
  const findings = played.findings.filter((one) => !isMeant(one))
  return findings.length === played.findings.length ? played : { ...played, findings }
}

const SKIPPED = 'dnat-skipped'

/** A change gives the rules behind it other numbers. */
const isSame = (one: RuleRef, other: RuleRef): boolean =>
  one.rule === other.rule && one.chain === other.chain && one.table === other.table && one.family === other.family

/** What a result hangs on of which nothing is known. `isAnswered`: the reply is a part of it. */
export function givenWords(
  reproduction: { world: World; packet: Packet; returnsBy?: string },
  isAnswered: boolean,
): string[] {
  const { returnsBy } = reproduction
  const returns = isAnswered && returnsBy !== undefined ? `if its reply leaves by ${returnsBy}` : undefined
  return [unshownWords(reproduction), returns].filter((one) => one !== undefined)
}

/** On the model, tables of which no listing shows anything leave the packet alone. */
function unshownWords({ world, packet }: { world: World; packet: Packet }): string | undefined {
  const family = packet.src?.includes(':') ? 'ip6' : 'ip'
  const unlisted = (world.unlisted ?? []).filter((one) => one.family === family)
  const [first] = unlisted
  if (!first) return undefined
  const names = first.kind === 'nft' ? '' : ` (${unlisted.map(({ name }) => name).join(', ')})`
  return `if the tables that were not shown${names} do nothing`
}
