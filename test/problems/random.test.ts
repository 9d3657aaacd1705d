/**
 * Random rules, routes and settings on a router, and what is sent through it: nothing is said of an exchange that its
 * sender has seen otherwise, and no fix is said to help that does not.
 *
 *     NFWHY_WORLDS=200 NFWHY_WORLDS_SEED=5000 npx vitest run test/problems/random.test.ts
 *     NFWHY_WORLDS_WITH=sets,uplink …                # with these features (random/features), not with those that are drawn
 *     NFWHY_WORLDS_KEEP=/tmp/kept …                     # and keeps what was collected of those with something wrong or undetermined
 */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { holdLogs } from '../kernel/lab/hold-logs.ts'
import { isPlayedHere } from '../kernel/lab/lane.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { share } from '../share.ts'
import { keepInputs } from './keep.ts'
import type { Backend } from './problem.ts'
import { FEATURES, type Feature } from './random/features/index.ts'
import { type PlayedWorld, playWorld } from './random/play.ts'
import { randomWorld } from './random/world.ts'
import { isLogged } from './trace.ts'

/** Between them they have every feature, and either family. */
const EVERY = '12,20,27,103'
/** From each beginning. */
const count = Number(process.env.NFWHY_WORLDS ?? share(1))
/** Where they begin; of a list each is a beginning. */
const seeds = (process.env.NFWHY_WORLDS_SEED ?? EVERY).split(',').map(Number)
/** Instead of those that are drawn: `sets,returns`; `none`. */
const features = process.env.NFWHY_WORLDS_WITH?.split(',').filter((name): name is Feature => name in FEATURES)
const kept = process.env.NFWHY_WORLDS_KEEP

const reason = whyNot('nft', 'iptables-nft', 'ss', 'conntrack', 'dmesg', 'ping') ?? (await whyNoLab())
if (reason) console.warn(`no random worlds are played: ${reason}`)

const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy']
const figures: Record<string, number> = {}

describe.skipIf(reason)('random worlds', () => {
  holdLogs()
  afterAll(() => console.info(JSON.stringify(figures)))

  const drawn = seeds.flatMap((first) => Array.from({ length: count }, (_, i) => first + i))
  const worlds = BACKENDS.flatMap((backend) => drawn.map((seed) => ({ backend, seed }))).filter((one) =>
    isPlayedHere(isLogged(one)),
  )
  const [logged, traced] = [true, false].map((is) => worlds.filter((one) => isLogged(one) === is))
  it.concurrent.each(traced!)('$backend, seed $seed', check)
  it.each(logged!)('$backend, seed $seed', check)

  async function check({ backend, seed: one }: { backend: Backend; seed: number }): Promise<void> {
    const world = randomWorld(one, backend, features)
    let played = await playWorld(world)
    // a busy machine may answer later than a sender waits, or lose lines of the log; what is wrong is so the next time, too
    if (played.wrong.length > 0 || played.warnings.length > 0) played = await playWorld(world)
    for (const { seen, exchange } of played.told) note(`${seen}: ${exchange?.status ?? 'not told of'}`)
    for (const { seen, claims } of played.fixes) note(`fix ${claims ? 'tried' : 'not tried'}: ${seen}`)
    const isOpen = played.told.some(({ exchange }) => exchange?.status === 'undetermined')
    if (kept !== undefined && (isOpen || played.wrong.length > 0)) keep(join(kept, `${backend}-${one}`), played)
    expect(played.wrong).toEqual([])
    expect(played.warnings).toEqual([])
  }
})

it('have every feature, and either family', () => {
  const worlds = EVERY.split(',').map((seed) => randomWorld(Number(seed), 'nft'))
  expect([...new Set(worlds.flatMap((world) => world.features))].sort()).toEqual(Object.keys(FEATURES).sort())
  expect([...new Set(worlds.map(({ family }) => family))].sort()).toEqual(['ip', 'ip6'])
})

const note = (what: string) => {
  figures[what] = (figures[what] ?? 0) + 1
}

function keep(folder: string, { world, inputs, told, wrong }: PlayedWorld): void {
  const list = told.map(({ sending, seen, exchange }) => ({ sending, seen, status: exchange?.status }))
  const text = [world.features.join(), ...wrong, ...list.map((one) => JSON.stringify(one)), ''].join('\n')
  keepInputs(folder, [...inputs, { name: 'told.txt', text }])
}
