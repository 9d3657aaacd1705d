/** A journey's place on its way over hooks and chains, as far as traced events tell it: what may come next, and moving on. */

import { memo } from '../model/memo.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { bridgeNamed } from '../rules/bridge-calls.ts'
import { portsOfBridge } from '../rules/links.ts'
import { baseChainsAt, deviceChainsAt, hangsOn } from './base-chains.ts'
import { writesDestination } from './given-destination.ts'
import { ANY_HOOK, hooksByInterfaces, maskOf, mayComeBack, onlyHookOf, onwards } from './hook-masks.ts'
import { NETDEV } from './layers.ts'
import type { OpenJourney } from './open.ts'
import { priorityAt, type Resolver } from './resolve.ts'
import type { Resolved } from './resolved.ts'
import { sameAddress, samePacket, sharesNoEnd } from './same-packet.ts'

const EGRESS = maskOf('egress')
const INPUT = maskOf('input')
const OUTPUT = maskOf('output')
const PREROUTING = maskOf('prerouting')
const PAST_ROUTING = maskOf('input', 'forward')
const REWRITES_SOURCE = maskOf('input', 'postrouting')
const BEHIND_IP = ['output', 'postrouting'] as const
/** `ip saddr set`, SNPT. */
const writesSource = memo((world: World): boolean =>
  world.tables.some((table) =>
    [...table.chains.values()].some(({ rules }) =>
      rules.some(({ statements }) =>
        statements.some((one) =>
          one.kind === 'set'
            ? SOURCES.has(one.field)
            : one.kind === 'unknown' && one.fields?.some((field) => SOURCES.has(field)) === true,
        ),
      ),
    ),
  ),
)
const SOURCES: ReadonlySet<string> = new Set(['ip saddr', 'ip6 saddr'])
const hasEgress = (world: World, device: string): boolean =>
  deviceChainsAt(world, 'egress').some(({ chain }) => !chain.devices || hangsOn(chain.devices, device))
/** At which a packet's way may end. */
const LAST_HOOKS = maskOf('input', 'forward', 'output', 'postrouting')

export class HookTracker {
  private readonly states: PacketStates
  private readonly resolver: Resolver
  /** The number of that interface's name. */
  readonly lo: number
  /** By the number of a device's name. */
  private readonly behind = new Map<number, boolean>()

  constructor(states: PacketStates, resolver: Resolver) {
    this.states = states
    this.resolver = resolver
    this.lo = states.names.number(Uint8Array.of(0x6c, 0x6f), 0, 2)
  }

  /** Can this event be the next of that journey? `given`: the state that it shows, or -1. */
  goesOn(journey: OpenJourney, resolved: Resolved, given: number): boolean {
    if (resolved.point.type !== 'begin') {
      // the same chain, or one that it jumped to; behind the chain's end another one begins
      return !journey.ended || !journey.passed.includes(resolved.chainNumber)
    }
    const { rows } = this.states
    const before = journey.shown * F.COLUMNS
    const after = given * F.COLUMNS
    const mask = this.maskOf(resolved, after)
    const back = this.comesBack(journey, before, after, mask)
    if (!back && journey.passed.includes(resolved.chainNumber)) return false
    if (!back && !this.isOnwards(journey, resolved, mask)) return false
    if (rows[before + F.PRESENT] === 0 || rows[after + F.PRESENT] === 0) return true
    // at the first event behind another family's tables nothing but the content is comparable
    return this.isSame(before, after, journey, mask, back)
  }

  isSame(before: number, after: number, journey: OpenJourney, mask: number, back: boolean): boolean {
    const { rows } = this.states
    // raw bytes of a frame that was not read: nothing can be compared
    if (rows[before + F.FAMILY]! < 0 || rows[after + F.FAMILY]! < 0) return true
    // nat has rewritten the source by the next chain of these hooks, the destination by that of the others
    if (back || (journey.hookMask & REWRITES_SOURCE) !== 0)
      return (back || !sharesNoEnd(rows, before, after)) && samePacket(rows, before, after, 'output', 'input', false)
    const [from, to] = [onlyHookOf(journey.hookMask), onlyHookOf(mask)]
    const kept = from === to && from === 'forward'
    // a rule may have written the source past nat, at any hook
    const written = writesSource(this.resolver.world) ? 'src' : undefined
    return samePacket(rows, before, after, kept ? from : undefined, to, kept, written)
  }

  isOnwards(journey: OpenJourney, resolved: Resolved, mask: number): boolean {
    const { layer } = resolved
    // frames pass netdev first; between bridge and IP they may go to and fro (br_netfilter)
    if (layer !== journey.layer) return layer !== NETDEV || (mask & EGRESS) !== 0
    const possible = onwards(journey.hookMask, mask)
    if (possible === 0) return false
    if (resolved.hook === undefined || resolved.hookNumber !== journey.hookNumber || !resolved.inChain) return true
    return priorityAt(resolved, resolved.hook) >= journey.number
  }

  /** Out over an interface, and in again over the same one. */
  comesBack(journey: OpenJourney, before: number, after: number, mask: number): boolean {
    const { rows } = this.states
    const way = rows[after + F.IN]!
    if (way === 0 || rows[after + F.OUT] !== 0) return false
    if (way !== rows[before + F.OUT]) return way === this.lo && this.isLedBack(journey, before, after, mask)
    // over another interface than lo, a VRF's, only what is surely the same packet
    if (way !== this.lo && (journey.onlyOverLo || !(isTelling(rows, before) && isTelling(rows, after)))) return false
    if (way !== this.lo && isForwardedMeanwhile(rows, before, after)) return false
    return mayComeBack(journey.hookMask, mask)
  }

  /**
   * nat in OUTPUT made this host its destination, or its mark led it to a local route: the rest of that hook still shows the
   * way out that it had before.
   */
  private isLedBack({ hookMask, natSeen, marks }: OpenJourney, before: number, after: number, mask: number): boolean {
    const { rows } = this.states
    const hasEnds = F.HAS_SRC | F.HAS_DST | (1 << F.SPT)
    if ((hookMask & OUTPUT) === 0 || !mayComeBack(hookMask, mask)) return false
    if ((rows[before + F.PRESENT]! & rows[after + F.PRESENT]! & hasEnds) !== hasEnds) return false
    if (rows[before + F.SPT] !== rows[after + F.SPT] || !sameAddress(rows, before + F.SRC, after + F.SRC)) return false
    if ((natSeen || hasOtherDestination(rows, before)) && hookMask === OUTPUT) return true
    // else it may be the copy of what went to many
    return marks.last() !== 0 && sameAddress(rows, before + F.DST, after + F.DST)
  }

  /** br_netfilter has PREROUTING done before the bridge itself takes the packet in, which gives it another id. */
  isHandedOver({ hookMask }: OpenJourney, before: number, after: number, mask: number): boolean {
    const { rows } = this.states
    if (hookMask !== PREROUTING || !this.mayBeHandedOver(mask)) return false
    return rows[after + F.IN] !== 0 && rows[after + F.IN] === rows[before + F.IN] && !isTelling(rows, after)
  }

  /** Is the event of a hook behind PREROUTING? */
  mayBeHandedOver(mask: number): boolean {
    return mask !== 0 && (mask & ~PAST_ROUTING) === 0
  }

  maskOf(resolved: Resolved, base: number): number {
    if (resolved.hookNumber > 0) return 1 << (resolved.hookNumber - 1)
    const { rows } = this.states
    return hooksByInterfaces(resolved.tableFamily === 'netdev', rows[base + F.IN] !== 0, rows[base + F.OUT] !== 0)
  }

  /** Moves the journey's place on to this event's. */
  advance(journey: OpenJourney, resolved: Resolved, state: number, shows: boolean): void {
    const base = state * F.COLUMNS
    if (resolved.point.type === 'begin' || journey.ended || journey.layer < 0)
      this.enter(journey, resolved, base, shows)
    switch (resolved.ending) {
      case 'drop':
      case 'reject':
      case 'stolen':
        journey.ended = journey.complete = true
        break
      case 'accept':
        journey.ended = true
        journey.complete = this.isLastChain(journey, resolved, base)
        break
      case 'queue':
        journey.ended = true
    }
  }

  private enter(journey: OpenJourney, resolved: Resolved, base: number, shows: boolean): void {
    const mask = shows || resolved.hook !== undefined ? this.maskOf(resolved, base) : ANY_HOOK
    const { layer } = resolved
    const before = journey.layer < 0 || layer !== journey.layer ? ANY_HOOK : journey.hookMask
    let possible = onwards(before, mask)
    if (possible === 0) {
      // in again over lo: it walks over the hooks anew
      journey.throughLoopback = true
      journey.passed.clear()
      possible = mask
    }
    journey.hookMask = possible
    journey.base = resolved.inChain?.hook === undefined ? undefined : resolved
    journey.layer = layer
    journey.hookNumber = resolved.hookNumber
    journey.tableNumber = resolved.tableNumber
    journey.number = resolved.hook === undefined ? 0 : priorityAt(resolved, resolved.hook)
    journey.ended = false
    journey.passed.push(resolved.chainNumber)
    const nat = resolved.inChain ? resolved.inChain.type === 'nat' : resolved.table === 'nat'
    if (nat) journey.natSeen = true
    else if ((resolved.hook === 'prerouting' || resolved.hook === 'output') && journey.number < -100)
      journey.beforeNat = true
  }

  /** Accepted here: does another base chain come for this packet? Only a ruleset can tell. */
  private isLastChain(journey: OpenJourney, resolved: Resolved, base: number): boolean {
    const { hookMask, base: chain } = journey
    if (!chain || resolved.tableFamily === 'bridge' || resolved.tableFamily === 'netdev') return false
    if ((hookMask & LAST_HOOKS) === 0 || onlyHookOf(hookMask) === undefined) return false
    const out = this.states.rows[base + F.OUT]!
    // nat may have made this host the destination: then it comes in again
    if (hookMask === OUTPUT && (hasOtherDestination(this.states.rows, base) || writesDestination(resolved.rule)))
      return false
    if (hookMask !== INPUT && (out === 0 || out === this.lo || this.goesOnBehind(out))) return false
    if (!this.resolver.isVeryLast(chain)) return false
    // its mark may lead it to a local route: then it comes in again over lo, and nowhere else
    journey.onlyOverLo = hookMask === OUTPUT && journey.marks.last() !== 0
    return !journey.onlyOverLo
  }

  /** A bridge's own tables, and chains at egress, see it behind IP. Where links are not known, any device may be a bridge. */
  private goesOnBehind(out: number): boolean {
    let goesOn = this.behind.get(out)
    if (goesOn === undefined) {
      const { world } = this.resolver
      const { links } = world.host
      const device = this.states.names.text(out)
      const isBridge = !links || bridgeNamed(world.host, device) !== undefined
      const hasTables = BEHIND_IP.some((hook) => baseChainsAt(world, 'bridge', hook, true).length > 0)
      const ports = portsOfBridge(world.host, device).map(({ name }) => name)
      goesOn = (isBridge && hasTables) || [device, ...ports].some((one) => hasEgress(world, one))
      this.behind.set(out, goesOn)
    }
    return goesOn
  }
}

/** Of a connection that nat gave another destination: the first line of a later packet of it tells so. */
const hasOtherDestination = (rows: Int32Array, base: number): boolean => (rows[base + F.CT]! & GIVEN_ANOTHER) !== 0
const GIVEN_ANOTHER = 1 << (F.CT_STATUS_SHIFT + F.CT_STATUS.indexOf('dnat'))

/** A router has sent it back: this is another journey of it. */
const isForwardedMeanwhile = (rows: Int32Array, before: number, after: number): boolean =>
  (rows[before + F.PRESENT]! & rows[after + F.PRESENT]! & (1 << F.TTL)) !== 0 &&
  rows[after + F.TTL]! < rows[before + F.TTL]!

/** Does the packet's own content tell it from others of its flow? */
export function isTelling(rows: Int32Array, base: number): boolean {
  const present = rows[base + F.PRESENT]!
  if ((present & (1 << F.ICMP_SEQ)) !== 0 && rows[base + F.ICMP_SEQ] !== 0) return true
  return (present & (1 << F.ID)) !== 0 && rows[base + F.ID] !== 0
}
