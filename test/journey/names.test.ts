/** Chains and tables called as what every object of JavaScript has are chains and tables like others. */
import { expect, it } from 'vitest'
import { explainLog, stepTexts, worldOf } from './journeys.ts'
import { dmesg, trace } from './kernel-lines.ts'

const NAMES = ['constructor', 'toString', 'valueOf', '__proto__', '__defineGetter__', 'hasOwnProperty']
const packet = { in: 'eth0', src: '10.0.0.1', dst: '192.0.2.1', sport: 40000, dport: 80, id: 77 }

it.each(NAMES)('a chain called %s', (name) => {
  const points = [`filter:${name}:rule:1`, 'filter:INPUT:policy:2']
  const world = worldOf(
    `*filter\n:INPUT ACCEPT [0:0]\n:${name} - [0:0]\n-A INPUT -j ${name}\n-A ${name} -p tcp\nCOMMIT\n`,
  )
  for (const one of [world, undefined]) {
    const { journeys } = explainLog(dmesg(points.map((point) => trace(point, packet))), one)
    expect(journeys.map(stepTexts)).toEqual([points])
  }
})

it.each(NAMES)('a table called %s', (name) => {
  const points = [`${name}:${name}:return:1`, 'filter:INPUT:policy:2']
  const { journeys } = explainLog(dmesg(points.map((point) => trace(point, packet))))
  expect(journeys.flatMap(stepTexts)).toEqual(points)
})
