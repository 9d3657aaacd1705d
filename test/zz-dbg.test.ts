import { readdirSync, readFileSync } from 'node:fs'
import { it } from 'vitest'
import { open } from '../src/index.ts'

it('dbg', async () => {
  const dir = process.env.D!
  const inputs = readdirSync(dir).map((name) => ({ name, bytes: readFileSync(`${dir}/${name}`) }))
  const analysis = await open(inputs)
  const { exchanges } = await analysis.exchanges()
  for (const e of exchanges)
    if (e.asked.dst === process.env.DST)
      console.log(JSON.stringify({ ...e, parts: undefined, request: undefined }, null, 1).slice(0, 6000))
})
