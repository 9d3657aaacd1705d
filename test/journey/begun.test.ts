/** That a packet is told of is known as soon as its first line is read, whenever its journey is complete. */
import { expect, it } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { formatById } from '../../src/read/recognise.ts'
import { trace } from './kernel-lines.ts'

it('says so once for each packet, before it is closed', () => {
  const found = formatById('kernel-log')
  if (found?.kind !== 'capture') throw new Error('a capture')
  const told: string[] = []
  const explainer = new CaptureExplainer(
    found.format,
    emptyWorld(),
    () => undefined,
    (closed) => told.push(`closed ${closed.packet().ipId}`),
    { onBegun: ({ ipId }) => told.push(`begun ${ipId}`) },
  )
  const line = (point: string, id: number, at: number) =>
    `[   10.00000${at}] ${trace(point, { out: 'eth0', src: '10.0.1.1', dst: '10.0.1.2', id })}\n`
  const lines = [
    line('raw:OUTPUT:policy:1', 7, 0),
    line('filter:OUTPUT:policy:1', 7, 1),
    line('raw:OUTPUT:policy:1', 8, 2),
  ]
  explainer.push(new TextEncoder().encode(lines.join('')))
  expect(told).toEqual(['begun 7', 'begun 8'])
  explainer.end()
  expect(told).toEqual(['begun 7', 'begun 8', 'closed 7', 'closed 8'])
})
