/** No route, or one that says no. */
import { describe, expect, it } from 'vitest'
import type { Route } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, SYN, TO_ROUTER, told } from './played.ts'

const without = (destination: string) => ROUTER.routes!.filter((route) => route.destination !== destination)
const one = (routes: Route[], packet = SYN): Case => ({ rules: { raw: [], filter: [] }, packet, host: { routes } })

describe('vanished-no-route', () => {
  it('takes a refusing route away', () => {
    const found = told(one(ROUTER.routes!, { ...SYN, dst: '10.9.1.1' }), 'vanished-no-route')
    expect(found?.message).toBe('Routing dropped it: the route to 10.9.1.1 is "unreachable".')
    expect(found?.fix).toMatch(/^ip route del unreachable 10.9.0.0\/16 → /)
  })

  it('gives a link the route of its address back', () => {
    const routes = without('10.0.2.0/24').filter((route) => route.destination !== '0.0.0.0/0')
    expect(told(one(routes), 'vanished-no-route')?.fix).toMatch(/^ip route add 10.0.2.0\/24 dev eth1 → /)
  })

  it.each([
    ['there is a default route', one(without('10.0.2.0/24'))],
    ['it is for this host', one(ROUTER.routes!, TO_ROUTER)],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'vanished-no-route')).toBeUndefined()
  })
})
