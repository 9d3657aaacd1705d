/** A host with an uplink of its own is a router for its networks, whichever routers are there besides. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import type { Link, Route, RoutingRule } from '../../../src/model/host.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, told } from './played.ts'

const UPLINK: Route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '101', device: 'eth0' }
const RULES: RoutingRule[] = [
  { family: 'ip', priority: 0, action: { table: 'local' } },
  { family: 'ip', priority: 1000, mark: 1, action: { table: '101' } },
  { family: 'ip', priority: 32766, action: { table: 'main' } },
]

describe('a packet that came in by an uplink', () => {
  const WITH_GATEWAY: Route = { ...UPLINK, gateway: '10.0.1.254' }
  const found = (...added: Route[]) => foundAmong(ROUTER.links!, ...added)
  const foundAmong = (links: Link[], ...added: Route[]) => {
    const host: Host = { links, routes: [...ROUTER.routes!, ...added], routingRules: RULES }
    const one: Case = { rules: { nat: ['-A POSTROUTING -s 10.0.3.0/24 -o eth1 -j MASQUERADE'], filter: [] }, host }
    return told(one, 'not-masqueraded')?.message
  }

  it('keeps its source, and whoever it is for replies through this host', () => {
    expect(found()).toContain('10.0.2.2 sends the reply to its own router (here 10.0.2.254)')
    expect(found(WITH_GATEWAY)).toBeUndefined()
  })

  it('is another thing by a tunnel, behind which no router is', () => {
    expect(found(UPLINK)).toContain('10.0.2.2 sends the reply to its own router (here 10.0.2.254)')
    const as = (changed: Partial<Link>, others: Partial<Link> = {}) =>
      foundAmong(
        ROUTER.links!.map((one) => ({ ...one, ...(one.name === 'eth0' ? changed : others) })),
        WITH_GATEWAY,
      )
    const mac = '02:00:00:00:00:01'
    const words = '10.0.2.2 sends the reply to its own router (here 10.0.2.254)'
    expect(as({ kind: 'wireguard' })).toContain(words)
    // a listing without kinds
    expect(as({}, { mac })).toContain(words)
    expect(as({ mac }, { mac })).toBeUndefined()
    // behind it others may be, who have their own way back
    expect(
      as({ kind: 'wireguard', addresses: [{ family: 'ip', address: '10.0.9.1', prefixLength: 24 }] }),
    ).toBeUndefined()
  })
})
