/** A program has chosen an interface without a route to the destination. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Context } from '../../../src/explain/context.ts'
import { routeless } from '../../../src/explain/neighbours/routeless.ts'
import type { Neighbour, Route } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'

const TO = '198.51.100.53'
const silent: Neighbour = { family: 'ip', address: TO, device: 'eth0', state: ['INCOMPLETE'] }
const router: Neighbour = {
  family: 'ip',
  address: '10.0.1.254',
  device: 'eth0',
  mac: '02:00:00:00:00:fe',
  state: ['STALE'],
}
const main = ROUTER.routes!.find(({ destination }) => destination === '0.0.0.0/0')!

function told(
  neighbours: Neighbour[],
  { out = 'eth0', from = undefined as string | undefined, more = [] as Route[], routes = ROUTER.routes! } = {},
) {
  const context = {
    journey: { packet: { ...(from === undefined ? {} : { in: from }), dst: TO }, family: 'ip' },
    ended: { step: 0 },
    world: { host: { ...ROUTER, routes: [...routes, ...more], neighbours } },
  } as unknown as Context
  return routeless(context, { dst: TO, src: '10.0.1.1', mark: 0 }, main, out)[0]
}

it('is told, with a default route that other packets do not take', () => {
  const { message, fix } = told([silent, router])!
  expect(message).toContain(
    `It left by eth0, although no route out of eth0 leads to ${TO}: the route to it leads out of eth1.`,
  )
  expect(String(fixCommands(fix[0]!).command)).toBe('ip route add default via 10.0.1.254 dev eth0 metric 100')
  expect(fix[0]!.unverified).toBe('whether 10.0.1.254 is a router to other networks is unknown here')
  expect(told([silent])!.fix.map(({ edits }) => edits)).toEqual([undefined])
})

it('says who else takes a default route where there was none', () => {
  const routes = [...ROUTER.routes!.filter((one) => one !== main), { ...main, destination: '198.51.100.0/24' }]
  const [fix] = told([silent, router], { routes })!.fix
  expect(fix).toMatchObject({
    description: 'add a default route out of eth0',
    note: 'every packet that has no other route then takes it, too',
  })
})

it.each<[string, Parameters<typeof told>]>([
  ['nobody was asked for it there', [[router]]],
  ['it was forwarded', [[silent], { from: 'eth1' }]],
  ['it left by the interface of its route', [[{ ...silent, device: 'eth1' }], { out: 'eth1' }]],
  [
    'a route out of that interface leads there, too',
    [
      [silent],
      {
        more: [
          {
            family: 'ip',
            type: 'unicast',
            destination: '0.0.0.0/0',
            gateway: '10.0.1.254',
            table: 'main',
            device: 'eth0',
            metric: 200,
          },
        ],
      },
    ],
  ],
])('is not told where %s', (_name, given) => {
  expect(told(...given)).toBeUndefined()
})
