/** Hooks as bits of one number: what is possible, where only the interfaces and the order of hooks tell. */
import { HOOKS, type Hook, NEXT_HOOKS } from '../model/hook.ts'

export const bitOf = (hook: Hook): number => 1 << HOOKS.indexOf(hook)

export const maskOf = (...hooks: readonly Hook[]): number => hooks.reduce((mask, hook) => mask | bitOf(hook), 0)

/** Of one bit; undefined where more hooks are possible, or none. */
export const onlyHookOf = (mask: number): Hook | undefined =>
  mask !== 0 && (mask & (mask - 1)) === 0 ? HOOKS[31 - Math.clz32(mask)] : undefined

/** What may come behind each hook, over any number of hooks without a chain; a packet sent to this host itself apart. */
const BEHIND: Readonly<Record<Hook, number>> = Object.fromEntries(HOOKS.map((hook) => [hook, behind(hook)])) as Record<
  Hook,
  number
>

function behind(hook: Hook): number {
  let mask = 0
  for (const next of NEXT_HOOKS[hook]) {
    if (hook === 'postrouting' && next === 'prerouting') continue
    mask |= bitOf(next) | behind(next)
  }
  return mask
}

/** Of each mask: these hooks and what may come behind any of them. */
const REACH = Int32Array.from({ length: 1 << HOOKS.length }, (_, mask) =>
  HOOKS.reduce((all, hook) => (mask & bitOf(hook) ? all | bitOf(hook) | BEHIND[hook] : all), 0),
)
/** Of each mask: these hooks and what may come before any of them. */
const ORIGIN = Int32Array.from({ length: 1 << HOOKS.length }, (_, mask) =>
  HOOKS.reduce((all, hook) => ((REACH[bitOf(hook)]! & mask) !== 0 ? all | bitOf(hook) : all), 0),
)

/** Which of `to` may come behind `from`, or be the same. */
export const onwards = (from: number, to: number): number => REACH[from]! & to

/** Which of `from` may come before `to`, or be the same. */
export const backwards = (from: number, to: number): number => ORIGIN[to]! & from

export const ANY_HOOK = (1 << HOOKS.length) - 1
const BEFORE_ROUTING = maskOf('prerouting', 'input')
const BEHIND_ROUTING = maskOf('forward', 'postrouting')
const ON_THE_WAY_OUT = maskOf('output', 'postrouting')
const OUT = maskOf('output', 'postrouting')
const INGRESS = maskOf('ingress')
const EGRESS = maskOf('egress')

/** Where a packet with these interfaces can be; before Linux 5.7 postrouting showed no input interface. */
export function hooksByInterfaces(netdev: boolean, hasIn: boolean, hasOut: boolean): number {
  if (netdev) return hasOut ? EGRESS : hasIn ? INGRESS : INGRESS | EGRESS
  if (hasIn) return hasOut ? BEHIND_ROUTING : BEFORE_ROUTING
  return hasOut ? ON_THE_WAY_OUT : ANY_HOOK & ~(INGRESS | EGRESS)
}

/** Out, and in again over the same interface: lo, or a VRF's. */
export const mayComeBack = (from: number, to: number): boolean => (from & OUT) !== 0 && (to & BEFORE_ROUTING) !== 0
