import { parseAddress, sharedBits } from '../../model/address.ts'
import { linkNamed } from '../../rules/links.ts'
import { lookupRoute, routeDevices } from '../../rules/route.ts'
import { setOf } from '../changes/sets.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { asks, type FailedCondition, fieldOf, isNegated } from '../counterfactual/failed-condition.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { markingSteps, questionAt } from '../counterfactual/marked-way.ts'
import { whyUnmarked } from '../counterfactual/marks.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { hasNewDestination, isPrivate, staysUnanswered } from '../counterfactual/undeliverable.ts'
import { markedWays } from '../counterfactual/way-by-mark.ts'
import { isDefault } from '../host/routes.ts'
import { nameRef } from '../refs.ts'
import { markAlike } from './mark-missing.ts'
import { missingElement } from './missing-element.ts'

/**
 * A rule marks what goes to some private networks, and the mark leads out of a tunnel or a mesh. For one of the same kind,
 * which it does not list, the default route alone is left, and nobody replies there.
 */
export const unmarkedPeer: Detector = {
  code: 'mark-missing',
  detect(context) {
    if (context.inVain !== 'unanswered' && !staysUnanswered(context)) return []
    const { world, ended } = context
    const { dst, out } = lastPacket(context)
    const marking = markingSteps(context)
    if (dst === undefined || out === undefined || !marking || !isPrivate(dst) || hasNewDestination(context)) return []
    const question = questionAt(context, marking.last)
    const taken = question && lookupRoute(question, world.host)
    if (taken?.type !== 'unicast' || !isDefault(taken) || !routeDevices(taken).includes(out)) return []
    for (const { rule, mark, device } of markedWays(context, question!, out)) {
      const why = whyUnmarked(context, mark, marking.last)
      const missed = why?.kind === 'missed' ? why.missed[0] : undefined
      if (!why || !missed || !listsBeside(context, missed.miss, dst, ownNear(context, dst, out))) continue
      const ref = refOfSkipped(context, missed.passed)
      const lacks = missingElement(context, missed.miss, missed.passed.moment)
      const what = lacks ? `does not match: ${lacks.words}` : `only matches ${asks(missed.miss)}`
      const message = `It left by ${out}, through the default route, and no reply was seen. Routing rule ${rule.priority} leads packets with a mark out of ${device}. ${nameRef(ref)}, which sets that mark, ${what}.`
      return [
        finding('mark-missing', 'warning', message, {
          steps: [ended.step + 1],
          rules: [ref],
          fix: lacks ? lacks.fix : markAlike(context, why),
        }),
      ]
    }
    return []
  },
}

/** Networks or hosts that are numbered as if `dst` were one of them. */
function listsBeside(context: Context, { condition }: FailedCondition, dst: string, own: number): boolean {
  const address = parseAddress(dst)
  const lookup = lookupOf(condition)
  if (!address || isNegated(condition)) return false
  const at = lookup ? lookup.fields.findIndex((one) => OF_DESTINATION.test(one)) : -1
  const listed =
    lookup && at >= 0
      ? (lookup.nft?.elements ?? setOf(context, lookup)?.elements ?? []).slice(0, MOST).map(({ parts }) => parts[at])
      : condition.kind === 'compare' && OF_DESTINATION.test(fieldOf(condition) ?? '') && isSet(condition.value)
        ? condition.value.set.slice(0, MOST).map(wordOf)
        : []
  return listed.some((one) => one !== undefined && isBeside(one, address, own))
}

/** An ipset's part, or nft's field. */
const OF_DESTINATION = /^dst$|^ip6? daddr$/
const MOST = 200

const isSet = (value: unknown): value is { set: unknown[] } =>
  typeof value === 'object' && value !== null && 'set' in value

function wordOf(one: unknown): string | undefined {
  if (typeof one === 'string') return one
  const { prefix, length } = (one ?? {}) as { prefix?: string; length?: number }
  return prefix === undefined ? undefined : `${prefix}/${length}`
}

/**
 * How many bits `dst` shares with this host's addresses on the interface that it left by, and with routers there: what is
 * numbered like these, as a modem in front of the router, is on that side.
 */
function ownNear({ world: { host } }: Context, dst: string, out: string): number {
  const address = parseAddress(dst)
  const near = [
    ...(linkNamed(host, out)?.addresses ?? []).map((one) => one.address),
    ...(host.routes ?? []).filter(({ device }) => device === out).flatMap(({ gateway }) => gateway ?? []),
  ].map(parseAddress)
  return Math.max(
    0,
    ...near.map((one) => (one && address && one.length === address.length ? sharedBits(one, address) : 0)),
  )
}

/** Of one site's numbering: a byte more than the prefix is shared, what a site has at least, and more than the `own` bits. */
function isBeside(element: string, address: Uint8Array, own: number): boolean {
  const [text = '', length] = element.split('/')
  const network = parseAddress(text)
  if (!network || network.length !== address.length || !isPrivate(text)) return false
  const bits = length === undefined ? network.length * 8 : Number(length)
  const [least, step] = address.length === 16 ? [48, 16] : [16, 8]
  const shared = sharedBits(address, network)
  return bits >= least && shared >= Math.max(least, bits - step) && shared > own
}
